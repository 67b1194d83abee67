"""What is written of a book: read from the database as it is written, the same each time it is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from zoneinfo import ZoneInfo

from apps.core.currencies import currency as find_currency
from apps.core.money import digits
from apps.ledger.models import Seal
from apps.ledger.queries.journal import JournalAccount, Journalled, journal, journal_accounts, known_position
from apps.operations.models import Book


@dataclass(frozen=True)
class Extract:
    """The entries of a book known at a position that took effect by a day; None is every day."""

    book: Book
    position: int
    on: date | None = None

    @classmethod
    def of(cls, book: Book, *, position: int | None, on: date | None) -> "Extract":
        """As of this position, or the last one; PositionUnknown if the book has not given it yet."""
        return cls(book, known_position(book.pk, position), on)

    @cached_property
    def seal(self) -> str:
        """The seal at the position in hexadecimal, by which the book proves what is in it; nothing at position zero."""
        found = Seal.objects.filter(book=self.book, position=self.position).values_list("hash", flat=True)
        return bytes(found[0]).hex() if self.position else ""

    @cached_property
    def title(self) -> str:
        """What it is, in words."""
        until = f", effective through {self.on}" if self.on else ""
        return f"Book {self.book.slug}, entries through position {self.position}{until}"

    def entries(self) -> Iterator[Journalled]:
        """The entries by position."""
        return journal(self.book.pk, through=self.position, on=self.on)

    def accounts(self) -> Iterator[list[JournalAccount]]:
        """The accounts with an entry; those of one name, which differ in their currency, together."""
        found = journal_accounts(self.book.pk, through=self.position, on=self.on)
        for _, same in groupby(found, key=lambda account: (account.gl_type, account.address)):
            yield list(same)

    def recorded_on(self, entry: Journalled) -> date:
        """The day on which an entry was recorded, in the book's time zone, as its effective day is."""
        return entry.recorded_at.astimezone(self._zone).date()

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.book.time_zone)


def debit(raw: int, currency: str) -> str:
    """A raw amount (in - out: credit is positive) as plain text has it: debit is positive, credit negative."""
    return digits(-raw, find_currency(currency).exponent)
