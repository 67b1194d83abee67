"""What a broken place looks like to whoever has to act on it."""

from dataclasses import dataclass
from typing import Any

RESTORE = (
    "Stop posting to this book, keep a copy of the database, and restore from a backup of before the change;"
    " never edit these rows."
)
REBUILD = "The entries are right; make the read model anew with ledger.rebuild_statements."


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken place of a book: where, what was expected, what stands, and what to do.

    `position` is that of the entry it speaks of, as far as it has one.
    """

    book: str
    place: str
    expected: str
    found: str
    position: int | None = None
    remedy: str = RESTORE

    def __str__(self) -> str:
        return f"{self.book}: {self.place}: expected {self.expected}, found {self.found}. {self.remedy}"

    def as_dict(self) -> dict[str, Any]:
        """For the JSON line."""
        return {
            "book": self.book,
            "place": self.place,
            "position": self.position,
            "expected": self.expected,
            "found": self.found,
            "remedy": self.remedy,
        }
