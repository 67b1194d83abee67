"""How far one run goes: which book, from where, and up to where."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from apps.ledger.verify.reading import Reader
from apps.operations.models import Book

CHUNK = 50_000
"""Positions looked at together: some tens of megabytes, here and in the server."""

_NIL = "00000000-0000-0000-0000-000000000000"
_LEAST_AND_GREATEST = """
SELECT coalesce(min(entry_id::text), %(nil)s), coalesce(max(entry_id::text), %(nil)s) FROM ledger_seal
 WHERE book_id = %(book)s AND position > %(after)s AND position <= %(through)s
"""


class Progress(Protocol):
    """Told how much there is to do, and how much of it was done."""

    def expect(self, count: int) -> None:
        """So much more is to be done."""

    def advance(self, count: float) -> None:
        """So much more is done."""


class Silent:
    """Progress that nobody looks at."""

    def expect(self, count: int) -> None:
        """Nothing."""

    def advance(self, count: float) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some positions of a book, the first excluded and the last included, with the bounds of their entries' ids.

    Ids are made in the order of time, so the entries of a chunk lie close together in every table, and the bounds
    spare the planner the rest. Where they do not, the bounds are wide and only time is lost.
    """

    after: int
    through: int
    least: str
    greatest: str

    @property
    def arguments(self) -> dict[str, Any]:
        """For a query."""
        return {"after": self.after, "through": self.through, "least": self.least, "greatest": self.greatest}


@dataclass(frozen=True, slots=True)
class Scope:
    """The positions of a book to verify: beyond `after`, whose seal is `seal_before`, up to `through`.

    `ranges` are those of its account ids, for a run that goes through all of them.
    """

    book: Book
    after: int
    seal_before: bytes
    through: int
    ranges: Sequence[tuple[int, int]] = ()

    @property
    def size(self) -> int:
        """How many positions these are."""
        return self.through - self.after

    def chunks(self, reader: Reader) -> Iterator[Chunk]:
        """The positions in portions."""
        for after in range(self.after, self.through, CHUNK):
            yield self._chunk(reader, after, min(after + CHUNK, self.through))

    def _chunk(self, reader: Reader, after: int, through: int) -> Chunk:
        query = {"book": self.book.pk, "after": after, "through": through, "nil": _NIL}
        least, greatest = reader.rows(_LEAST_AND_GREATEST, **query)[0]
        return Chunk(after, through, least, greatest)
