"""Where a transfer stands: what it waits for and until when, since when it does not move, and how grave that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.transfers.models import ENDED, Kind, Status, Transfer


class Level(StrEnum):
    """How grave it is that a transfer does not move."""

    STUCK = "stuck"
    ALERT = "alert"
    CRITICAL = "critical"


LIMITS: Final[Mapping[Level, timedelta]] = {
    level: timedelta(seconds=seconds)
    for level, seconds in zip(Level, settings.TRANSFER_STUCK_SECONDS, strict=True)
}
"""How long it has not moved by then, the least grave first."""


class For(StrEnum):
    """What a transfer waits for."""

    CONFIRMATION = "confirmation"
    REVIEW = "review"
    APPROVAL = "approval"
    SENDING = "sending"
    ANSWER = "answer"
    ANOTHER_TRY = "another_try"
    PROVIDER = "provider"
    ARRIVAL = "arrival"
    ASKING = "asking"
    PERSON = "person"
    LEDGER = "ledger"


WORDS: Final[Mapping[For, Promise]] = {
    For.CONFIRMATION: _("A yes to its price; without one it expires"),
    For.REVIEW: _("A person of transaction monitoring"),
    For.APPROVAL: _("Other people's approval; without it the money goes back"),
    For.SENDING: _("A worker, and a provider that can take it now"),
    For.ANSWER: _("The provider's answer to what was sent; without one it is asked after"),
    For.ANOTHER_TRY: _("Another try: no provider has accepted it yet"),
    For.PROVIDER: _("The provider, which has it and is expected to be done by then"),
    For.ARRIVAL: _("Money that was announced"),
    For.ASKING: _("The provider, which is asked what became of it"),
    For.PERSON: _("A person who settles or releases it on proof"),
    For.LEDGER: _("The books, which did not take it yet; it is tried again"),
}

PUBLIC: Final[Mapping[For, str]] = {
    For.CONFIRMATION: "confirmation",
    For.APPROVAL: "approval",
    For.REVIEW: "review",
    For.SENDING: "sending",
    For.ANSWER: "provider",
    For.ANOTHER_TRY: "provider",
    For.PROVIDER: "provider",
    For.ASKING: "provider",
    For.PERSON: "provider",
    For.ARRIVAL: "arrival",
    For.LEDGER: "booking",
}

_ALWAYS: Final[Mapping[str, For]] = {
    Status.INITIATED: For.CONFIRMATION,
    Status.VALIDATING: For.SENDING,
    Status.BALANCE_RESERVED: For.SENDING,
    Status.UNDER_REVIEW: For.REVIEW,
    Status.OUTCOME_UNKNOWN: For.ASKING,
    Status.MANUAL_REVIEW: For.PERSON,
    Status.PROVIDER_COMPLETED: For.LEDGER,
    Status.PROVIDER_FAILED: For.LEDGER,
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a transfer waits for, in words, and when that ends or is looked at again, where that is known."""

    what: For
    words: str | Promise
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A transfer now. `still` is for how long it has not moved although nobody need decide; none of that is below zero."""

    waiting: Waiting | None
    level: Level | None
    still: timedelta | None


def standing(transfer: Transfer, now: datetime) -> Standing:
    """Where it stands."""
    still = now - transfer.stuck_from if transfer.stuck_from and transfer.stuck_from <= now else None
    return Standing(waiting_for(transfer), level_of(still), still)


def level_of(still: timedelta | None) -> Level | None:
    """How grave it is not to have moved for so long."""
    if still is None:
        return None
    return next((level for level in reversed(Level) if still >= LIMITS[level]), None)


def waiting_for(transfer: Transfer) -> Waiting | None:
    """What it waits for; nothing once it has ended."""
    if transfer.status in ENDED:
        return None
    attempt = str(transfer.attempt_id) if transfer.attempt_id else None
    what = what_for(transfer.status, transfer.kind, expires_at=transfer.expires_at, attempt_id=attempt)
    return Waiting(what, WORDS[what], _until(transfer, what))


def stuck(now: datetime, level: Level = Level.STUCK) -> QuerySet[Transfer]:
    """The transfers that have not moved for so long or longer, the longest first: one walk along an index."""
    rows: QuerySet[Transfer] = Transfer.objects.filter(stuck_from__lte=now - LIMITS[level])
    return rows.order_by("stuck_from", "id")


def told_to_tenants(status: str, kind: str, expires_at: datetime | None) -> str | None:
    """What a tenant is told that its transfer waits for: neither how we ask providers nor who looks at it here."""
    if status in ENDED:
        return None
    return PUBLIC[what_for(status, kind, expires_at=expires_at)]


def what_for(status: str, kind: str, *, expires_at: datetime | None, attempt_id: str | None = None) -> For:
    """What a transfer waits for that has not ended."""
    if status == Status.AWAITING_APPROVAL:
        return For.APPROVAL if expires_at else For.SENDING
    if status == Status.SENT_TO_PROVIDER:
        return For.ANSWER if attempt_id else For.ANOTHER_TRY
    if status == Status.PROVIDER_PROCESSING:
        return For.ARRIVAL if kind == Kind.PAY_IN else For.PROVIDER
    return _ALWAYS[status]


def _until(transfer: Transfer, what: For) -> datetime | None:
    if what in {For.CONFIRMATION, For.APPROVAL}:
        return transfer.expires_at
    return transfer.expected_at if what == For.PROVIDER else transfer.next_attempt_at
