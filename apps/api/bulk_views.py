"""Many commands in one request: answered item by item, or worked off later."""

from typing import Any

from apps.api import cursors, parameters
from apps.api.bodies import read_object
from apps.api.cursors import Cursor
from apps.api.errors import BodyInvalid
from apps.api.models import BulkJob, BulkPart
from apps.api.read_views import found, paged
from apps.api.reading import as_caller
from apps.api.resources.base import find
from apps.api.resources.figures import BulkItemsOutput
from apps.api.services import bulk
from apps.api.view import Answer, ApiView, Asking
from apps.core import clock

BODY_LIMIT = 20_000_000
"""Bytes."""

AT_ONCE = 10_000
"""Items; more of them are worked off later."""

MOST = 200_000


class BulkView(ApiView):
    """Run up to 10,000 commands; more, or on `Prefer: respond-async`, later."""

    def post(self, asking: Asking) -> Answer:
        """The answer of each item, or where to ask for them."""
        caller = asking.caller
        parameters.read(asking.request, {})
        body = read_object(asking.request, limit=BODY_LIMIT)
        items = body.get("items")
        if body.keys() != {"items"} or not isinstance(items, list) or not items:
            raise BodyInvalid('The body is {"items": [...]}, with at least one item.')
        if len(items) > MOST:
            raise BodyInvalid(f"A bulk has at most {MOST} items, not {len(items)}.")
        if len(items) > AT_ONCE or "respond-async" in asking.meta.get("HTTP_PREFER", ""):
            return _later(asking, bulk.ask_for(caller, items, now=clock.now()))
        answers = bulk.answers(caller, items)
        refused = sum("problem" in answer for answer in answers)
        return Answer({"items": answers, "answered": len(answers), "refused": refused})


class BulkItems(ApiView):
    """The answers of a bulk that is worked off later, in the order of its items."""

    output = BulkItemsOutput
    scope = "operations:read"
    known = {"cursor": parameters.CURSOR}

    def get(self, asking: Asking, id: str) -> Answer:
        """A page of at most 500; items that wait have none yet."""
        caller = asking.caller
        given = parameters.read(asking.request, self.known)
        found(find("bulk"), asking, id)
        name = f"bulk {id}"
        number = cursors.read(given["cursor"], name, 1).values[0] if "cursor" in given else 0
        with as_caller(caller):
            parts = list(
                BulkPart.objects.filter(job=BulkJob(pk=id), number__gte=number).order_by("number")[:2]
            )
        answers = bulk.stored_answers(parts[0]) if parts else []
        following = cursors.written(Cursor((parts[1].number,)), name) if len(parts) > 1 else None
        first = number * bulk.PART
        shown: list[dict[str, Any]] = [
            {"index": first + index, **answer} for index, answer in enumerate(answers)
        ]
        return paged(asking, shown, None, following)


def _later(asking: Asking, job: BulkJob) -> Answer:
    resource = find("bulk")
    row = BulkJob.objects.filter(pk=job.pk).values_list(*resource.columns).get()
    headers = {"Location": f"/v1/bulk/{job.pk}", "Preference-Applied": "respond-async"}
    return Answer(resource.show([row], asking.caller)[0], 202, headers)
