"""How far attempts are verified, all books together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Min, Sum

from apps.webhooks.models import AttemptVerification

MOST: Final = 20
"""Broken places that are told."""


@dataclass(frozen=True, slots=True)
class Verified:
    """How many attempts are what was sealed, since when the book is so that was verified the longest time ago, and what is broken."""

    attempts: int
    at: datetime | None
    broken: Sequence[AttemptVerification]


def standing() -> Verified:
    """What the last verifications have found."""
    told = AttemptVerification.objects.aggregate(attempts=Sum("through_position"), at=Min("verified_at"))
    broken = AttemptVerification.objects.filter(found_at__isnull=False).select_related("book")
    return Verified(told["attempts"] or 0, told["at"], list(broken.order_by("found_at", "book_id")[:MOST]))
