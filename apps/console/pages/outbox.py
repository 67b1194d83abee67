"""The outbox: what has happened and was not told yet, from the sequencer to the last endpoint."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from apps.console.noticing import figure, up_to_many_of_each
from apps.console.site import site
from apps.core import clock
from apps.operations import sequencer
from apps.webhooks.models import Delivery, DeliveryStatus, Endpoint, EndpointStatus
from apps.webhooks.queries.backlog import MANY, furthest_behind, workers
from apps.webhooks.queries.verified import standing

MOST = 50
"""Endpoints of the page, those with the longest backlogs."""


def outbox(request: HttpRequest) -> HttpResponse:
    """How far everything is, along the way of a message: numbered, matched, due, sent, sealed."""
    if request.method not in {"GET", "HEAD"} or not request.user.has_perm("webhooks.view_delivery"):
        raise PermissionDenied
    now = clock.now()
    lags = {each.stream: each for each in sequencer.lag()}
    first = lags["events"].oldest
    context = {
        "title": _("Outbox"),
        "crumbs": [(_("Outbox"), None)],
        "now": now,
        "many": MANY,
        "lags": lags,
        "numbering": now - first if first else None,
        "endpoints": _endpoints(now),
        "workers": workers(now),
        "verified": standing(),
        **_waiting(now),
    }
    return site.page(request, "console/outbox.html", context)


def _waiting(now: datetime) -> dict[str, Any]:
    """How many messages wait for what, and the oldest of them, of endpoints that are not removed."""
    kept = Delivery.objects.exclude(endpoint__status=EndpointStatus.REMOVED)
    pending = kept.filter(status=DeliveryStatus.PENDING)
    queued = kept.filter(status=DeliveryStatus.QUEUED)
    counts = up_to_many_of_each(
        due=pending.filter(next_attempt_at__lte=now),
        later=pending.filter(next_attempt_at__gt=now),
        queued=queued,
        failed=kept.filter(status=DeliveryStatus.FAILED, acknowledged_in__isnull=True),
    )
    # Ids follow time, so the oldest of each is the first of its index.
    firsts = [rows.order_by("id").values("created_at")[:1] for rows in (pending, queued)]
    times = [each["created_at"] for each in firsts[0].union(firsts[1], all=True)]
    return {
        "counts": {name: figure(counts[name]) for name in ("due", "later", "queued", "failed")},
        "has": counts,
        "age": now - min(times) if times else None,
    }


def _endpoints(now: datetime) -> list[dict[str, Any]]:
    """Endpoints with their backlogs, the longest first."""
    behind = furthest_behind(MOST, now)
    rows = Endpoint.objects.select_related("book", "line").defer("headers_text").in_bulk(list(behind))
    return [{"row": rows[pk], "backlog": backlog} for pk, backlog in behind.items() if pk in rows]
