"""Rows for eyes: words that nothing stands beside go on over the empty cells."""

from collections.abc import Iterator
from dataclasses import dataclass

from apps.ledger.reports import Cell, Kind, Report, Role, Row


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell of a row on paper or on the screen, and over how many columns it goes."""

    kind: Kind
    value: Cell
    span: int = 1


def shown(report: Report, row: Row) -> Iterator[Shown]:
    """The cells of a row; only words of rows that are no lines go over others."""
    columns = report.columns
    place = 0
    while place < len(columns):
        span = 1
        if row.role is not Role.LINE and columns[place].kind in {Kind.TEXT, Kind.CODE} and row.cells[place]:
            while _is_free(report, row, place + span):
                span += 1
        yield Shown(columns[place].kind, row.cells[place], span)
        place += span


def _is_free(report: Report, row: Row, place: int) -> bool:
    return (
        place < len(row.cells) and row.cells[place] is None and report.columns[place].kind is not Kind.MONEY
    )
