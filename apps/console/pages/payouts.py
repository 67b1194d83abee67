"""The operators' desk: what of the transfers needs a person, the gravest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from apps.console.durations import in_short
from apps.console.forms.ways import Doing, doings
from apps.console.pages.transfers import ways
from apps.console.reviewing import reviews
from apps.console.site import site
from apps.core import clock
from apps.transfers.models import Transfer
from apps.transfers.queries import desk
from apps.transfers.queries.desk import OpenHold
from apps.transfers.queries.standing import LIMITS, Standing, standing, stuck

MOST = 20
"""Rows of each part; the lists have the rest."""

REVIEWS = 10
"""Transfers in review with all their evidence."""

MANY = 100

RELATED = ("book", "source_wallet", "destination_wallet", "recipient")


@dataclass(frozen=True, slots=True)
class Standstill:
    """A transfer that does not move, and what can be done about it."""

    row: Transfer
    standing: Standing
    doings: list[Doing]


@dataclass(frozen=True, slots=True)
class Held:
    """An open hold, how long it has been open, and whether that deserves a look."""

    of: OpenHold
    age: timedelta
    is_old: bool


def review_badge(request: HttpRequest) -> str:
    """How many transfers are in review, for the sidebar; nothing if none is."""
    count = desk.in_review()[:MANY].count()
    return f"{MANY - 1}+" if count == MANY else str(count or "")


def payouts_desk(request: HttpRequest) -> HttpResponse:
    """What needs a person comes first: reviews with their evidence, what is stuck, what waits, and old holds."""
    if request.method not in {"GET", "HEAD"} or not request.user.has_perm("transfers.view_transfer"):
        raise PermissionDenied
    now = clock.now()
    in_review = list(desk.in_review().select_related(*RELATED)[: REVIEWS + 1])
    return site.page(
        request,
        "console/payouts.html",
        {
            "title": _("Payouts"),
            "crumbs": [(_("Payouts"), None)],
            "now": now,
            "counts": desk.counts(now, MANY),
            "many": MANY,
            "limits": {level.value: in_short(limit) for level, limit in LIMITS.items()},
            "reviews": reviews(request, in_review[:REVIEWS]),
            "more_reviews": len(in_review) > REVIEWS,
            "standstills": _standstills(request, now),
            "approvals": list(desk.awaiting_approval().select_related(*RELATED)[:MOST]),
            "inquiries": [
                (each, now - each.asked_at >= desk.UNANSWERED)
                for each in desk.open_inquiries().select_related("transfer", "book")[:MOST]
            ],
            "holds": _held(desk.open_holds(MOST), now),
        },
    )


def _standstills(request: HttpRequest, now: datetime) -> list[Standstill]:
    rows = stuck(now).select_related(*RELATED)[:MOST]
    return [Standstill(row, standing(row, now), doings(request, *ways(row))) for row in rows]


def _held(holds: Sequence[OpenHold], now: datetime) -> list[Held]:
    ages = ((each, now - each.hold.opened_at) for each in holds)
    return [Held(each, age, age >= desk.OLD) for each, age in ages]
