"""The one shape of all reports, which every renderer takes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from apps.core.money import Money

Cell = str | date | Money | None


class Kind(StrEnum):
    """What the cells of a column are. Money carries its currency."""

    TEXT = "text"
    CODE = "code"
    DATE = "date"
    MONEY = "money"


class Role(StrEnum):
    """What a row is: those of `LINE` are what the others add up."""

    HEADING = "heading"
    OPENING = "opening"
    LINE = "line"
    SUBTOTAL = "subtotal"
    TOTAL = "total"
    CLOSING = "closing"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name for programs, its heading for people, and what stands in it."""

    name: str
    title: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Link:
    """What a row was made of: an account or entry by id, or a GL account by code."""

    to: Literal["account", "entry", "gl"]
    id: str


@dataclass(frozen=True, slots=True)
class Row:
    """Cells in the order of the columns. `level` is the depth in a tree, from 0; `wrong` is shown in red."""

    role: Role
    cells: tuple[Cell, ...]
    level: int = 0
    link: Link | None = None
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that are made each time they are gone through, so that a million of them need no memory."""

    make: Callable[[], Iterator[Row]]

    def __iter__(self) -> Iterator[Row]:
        return self.make()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report, in one currency."""

    title: str
    currency: str
    rows: Iterable[Row]


@dataclass(frozen=True, slots=True)
class Report:
    """A report as data. The same question as of the same positions is the same report, at any time.

    `positions` are by the slug of the book; `known_at` is when the last of them was given, and the only
    instant in it. `id` follows from the question and from the seals at the positions. `size` is the number of
    rows, about. A `flaw` is a rule of bookkeeping that does not hold.
    """

    name: str
    title: str
    subject: str
    book: str
    since: date | None
    through: date | None
    positions: Mapping[str, int]
    known_at: datetime
    id: str
    columns: Sequence[Column]
    sections: Sequence[Section]
    size: int
    notes: Sequence[str] = ()
    flaws: Sequence[str] = ()

    @property
    def period(self) -> str:
        """The effective days that count, in words."""
        if self.since and self.through:
            return f"{self.since} through {self.through}"
        if self.since:
            return f"from {self.since} on"
        return f"through {self.through}" if self.through else "all days"

    @property
    def known(self) -> str:
        """Up to which positions entries count, in words."""
        if not self.positions:
            return "nothing recorded"
        sealed = f"sealed {self.known_at:%Y-%m-%d %H:%M:%S} UTC"
        if len(self.positions) == 1:
            return f"position {next(iter(self.positions.values()))}, {sealed}"
        if len(self.positions) > 3:
            return f"{len(self.positions)} books, the last {sealed}"
        each = ", ".join(f"{book} {position}" for book, position in self.positions.items())
        return f"positions {each}, the last {sealed}"

    @property
    def file_name(self) -> str:
        """A name for its file, without the ending: ASCII letters, digits, `-` and `.`."""
        days = "_".join(str(day) for day in (self.since, self.through) if day)
        parts = [self.name.replace("_", "-"), next(iter(self.positions), "none"), days, self.id]
        if len(self.positions) != 1:
            parts[1] = "all"
        return "-".join(part for part in parts if part)


def text(name: str, title: str) -> Column:
    """A column of words."""
    return Column(name, title, Kind.TEXT)


def code(name: str, title: str) -> Column:
    """A column of codes, addresses or references."""
    return Column(name, title, Kind.CODE)


def day(name: str, title: str) -> Column:
    """A column of days."""
    return Column(name, title, Kind.DATE)


def money(name: str, title: str) -> Column:
    """A column of amounts."""
    return Column(name, title, Kind.MONEY)
