"""What endpoints have missed, for programs that fetch it from the feed themselves."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from rest_framework import serializers

from apps.api import parameters
from apps.api.money_views import TENANT, known_to
from apps.api.reading import as_caller, book_of
from apps.api.resources.outputs import Output, number, text
from apps.api.view import Answer, ApiView, Asking
from apps.core.serializer_fields import IdField
from apps.webhooks.models import EndpointStatus
from apps.webhooks.queries.missing import missing_of

MOST = 100


class MissingEventOutput(Output):
    position = number()
    event = IdField("evt")
    type = text()
    status = text(help_text="Of its delivery; `unmatched` if there is none yet.")


class MissingOutput(Output):
    endpoint = IdField("whe")
    url = text()
    endpoint_status = serializers.ChoiceField(EndpointStatus.choices)
    events = MissingEventOutput(many=True)
    is_more = serializers.BooleanField(
        help_text="Whether it has missed more; ask again beyond the last position."
    )


class MissingEventsOutput(Output):
    since = number()
    items = MissingOutput(many=True)


class MissingEvents(ApiView):
    """Events that endpoints were never answered 2xx for."""

    output = MissingEventsOutput
    scope = "webhooks:read"
    known: ClassVar[Mapping[str, Any]] = {
        "since": serializers.IntegerField(
            min_value=0,
            max_value=2**62,
            help_text="Beyond this position of the feed; from its beginning without it.",
        ),
        "limit": serializers.IntegerField(
            min_value=1, max_value=MOST, help_text=f"So many of each endpoint; {MOST} without it."
        ),
        **TENANT,
    }

    def get(self, asking: Asking) -> Answer:
        """Per endpoint, oldest first. They can be fetched from `/v1/events` by their position."""
        caller = asking.caller
        given = parameters.read(asking.request, known_to(caller, self.known))
        since = given.get("since", 0)
        with as_caller(caller):
            book = book_of(caller, given.get("tenant"))
            found = missing_of(book.pk, since, given.get("limit", MOST))
        return Answer({"since": since, "items": [asdict(each) for each in found]})
