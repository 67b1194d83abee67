"""The two clocks of the ledger: when money counted, and what was known by when."""

from dataclasses import dataclass
from datetime import date, datetime

from apps.ledger.models import Seal


@dataclass(frozen=True, slots=True)
class AsOf:
    """Count lines effective up to a day, of the entries up to a position; None leaves that side open.

    With no position, entries count that have none yet.
    """

    effective_on: date | None = None
    position: int | None = None

    @property
    def is_now(self) -> bool:
        """Everything counts."""
        return self.effective_on is None and self.position is None


NOW = AsOf()


def position_at(book_id: int, time: datetime) -> int:
    """The last position that the book had given by this time; zero if none."""
    sealed = Seal.objects.filter(book_id=book_id, sealed_at__lte=time).order_by("-sealed_at", "-position")
    return sealed.values_list("position", flat=True).first() or 0


def last_position(book_id: int) -> int:
    """The last position that the book has given; zero if none."""
    sealed = Seal.objects.filter(book_id=book_id).order_by("-position")
    return sealed.values_list("position", flat=True).first() or 0
