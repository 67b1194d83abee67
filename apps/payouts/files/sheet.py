"""A file of payouts, read as a whole and reported row by row. Nothing is stored, and nothing is looked up."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import BinaryIO

from apps.payouts.files.amounts import column_mark
from apps.payouts.files.cells import Cell, CellKind, Code, Line, Problem, column_letter
from apps.payouts.files.csv_file import csv_file
from apps.payouts.files.entries import Entry, entry_of
from apps.payouts.files.mapping import MappingUnfit, check_headings, fingerprint, given, guessed
from apps.payouts.files.orders import Orders
from apps.payouts.files.recognition import ACCEPTED, Kind, SheetTooLarge, content_of, kind_of
from apps.payouts.files.xlsx_file import XlsxFile
from apps.providers.formats.errors import FileFormatUnknown

MOST_BYTES = 10_000_000
MOST_ROWS = 10_000
MOST_COLUMNS = 100
_REACH = 10
"""Lines that are gone through for each row that may be there; the others are empty."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number as people see it, its fields as written, and what it asks for unless a problem forbids."""

    number: int
    values: dict[str, str]
    entry: Entry | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was read. `mapping` is from heading to field, given or guessed; without enough of one there are no rows.

    `fingerprint` is the same for every file with these headings; a pain.001 has neither headings nor one.
    """

    kind: Kind
    headings: tuple[str, ...] = ()
    mapping: dict[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def is_acceptable(self) -> bool:
        """There is something to pay, and nothing more than warnings, in the file or in any row."""
        return (
            bool(self.rows)
            and all(row.entry for row in self.rows)
            and all(each.is_warning for each in self.problems)
        )


def read(
    name: str,
    file: BinaryIO | bytes,
    mapping: Mapping[str, str] | None = None,
    *,
    currency: str = "",
    sheet: str = "",
    most_bytes: int = MOST_BYTES,
    most_rows: int = MOST_ROWS,
) -> Sheet:
    """The payouts in a CSV, XLSX or pain.001, told apart by content; a DomainError if the file as a whole is not read.

    `currency` counts for rows that name none; `sheet` names a sheet of a workbook, else the first visible one is read.
    """
    content = content_of(file, most_bytes)
    match kind_of(name, content):
        case Kind.PAIN001:
            return _of_orders(content, mapping, most_rows)
        case Kind.XLSX:
            with closing(XlsxFile(content, sheet=sheet, most_columns=MOST_COLUMNS)) as book:
                return _of_lines(Kind.XLSX, book.lines(), book.problems, mapping, currency, most_rows)
    text = csv_file(content)
    return _of_lines(Kind.CSV, text.lines(), text.problems, mapping, currency, most_rows)


def _of_lines(
    kind: Kind,
    lines: Iterator[Line],
    problems: list[Problem],
    mapping: Mapping[str, str] | None,
    currency: str,
    most_rows: int,
) -> Sheet:
    lines = _reached(lines, most_rows)
    headings = _headings(lines)
    first = next(lines, None)
    if first is None:
        raise FileFormatUnknown(f"There are only headings, and no row below them. {ACCEPTED}")
    used, unclear = (given(headings, mapping), []) if mapping is not None else guessed(headings)
    shape = Sheet(kind, headings, used, fingerprint(headings), problems=(*problems, *unclear))
    if any(each.code is Code.MAPPING_INCOMPLETE for each in unclear):
        return shape
    raw = [_Raw.of(line, headings, used, kind) for line in _counted(chain([first], lines), most_rows)]
    return replace(shape, rows=_rows(raw, currency))


def _of_orders(content: bytes, mapping: Mapping[str, str] | None, most_rows: int) -> Sheet:
    if mapping:
        raise MappingUnfit("A pain.001 has no columns to map; leave the mapping out.", field="/mapping")
    orders = Orders(content)
    raw = []
    for number, cells in orders.rows():
        if number > most_rows:
            raise _too_many_rows(number, most_rows)
        raw.append(_Raw(number, cells))
    return Sheet(Kind.PAIN001, rows=_rows(raw, ""), problems=tuple(orders.problems))


def _reached(lines: Iterable[Line], most_rows: int) -> Iterator[Line]:
    """The lines with something in them, as far as one is willing to look."""
    for line in lines:
        if line.number > most_rows * _REACH + 1:
            raise SheetTooLarge(
                f"The sheet goes on past row {line.number - 1:,}, and at most {most_rows:,} rows are read. Delete the empty"
                " rows below the last one, or split it.",
                details={"row": line.number, "most_rows": most_rows},
            )
        if not line.is_empty:
            yield line


def _counted(lines: Iterable[Line], most_rows: int) -> Iterator[Line]:
    for count, line in enumerate(lines, start=1):
        if count > most_rows:
            raise _too_many_rows(line.number, most_rows)
        yield line


def _headings(lines: Iterator[Line]) -> tuple[str, ...]:
    line = next(lines, None)
    if line is None:
        raise FileFormatUnknown(f"There is nothing in it. {ACCEPTED}")
    texts = [cell.text.strip() for cell in line.cells]
    while not texts[-1]:
        texts.pop()
    if len(texts) > MOST_COLUMNS:
        raise SheetTooLarge(
            f"Row {line.number} has more than {MOST_COLUMNS} headings; delete columns that are not needed.",
            details={"row": line.number, "most_columns": MOST_COLUMNS},
        )
    check_headings(texts, line.number)
    return tuple(texts)


@dataclass(frozen=True, slots=True)
class _Raw:
    number: int
    cells: dict[str, Cell]
    problems: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, line: Line, headings: tuple[str, ...], used: Mapping[str, str], kind: Kind) -> "_Raw":
        pairs = zip(headings, line.cells, strict=False)
        cells = {used[heading]: cell for heading, cell in pairs if heading in used and cell.text.strip()}
        return cls(line.number, cells, tuple(_ragged(line, len(headings), kind)))


def _ragged(line: Line, width: int, kind: Kind) -> Iterator[Problem]:
    """A CSV's row of another width: something is in the wrong column. In a workbook, nothing can be."""
    if kind is not Kind.CSV:
        return
    if beyond := next((i for i, cell in enumerate(line.cells) if i >= width and cell.text.strip()), None):
        where = column_letter(beyond)
        message = (
            f"Column {where} has a value and no heading; perhaps a delimiter in a text is not in quotes."
        )
        yield Problem(Code.ROW_RAGGED, "", message)
    if len(line.cells) < width:
        message = (
            f"The row has {len(line.cells)} columns and the headings are {width}; write the empty ones, too."
        )
        yield Problem(Code.ROW_RAGGED, "", message)


def _rows(raw: list[_Raw], currency: str) -> tuple[Row, ...]:
    amounts = (each.cells["amount"] for each in raw if "amount" in each.cells)
    mark = column_mark(cell.text for cell in amounts if cell.kind is CellKind.TEXT)
    first: dict[tuple[object, ...], int] = {}
    return tuple(_row(each, mark, currency, first) for each in raw)


def _row(raw: _Raw, mark: str, currency: str, first: dict[tuple[object, ...], int]) -> Row:
    entry, found = entry_of(raw.cells, mark=mark, currency=currency)
    problems = [*raw.problems, *found]
    if raw.problems:
        entry = None
    if entry and (other := first.setdefault(entry.likeness, raw.number)) != raw.number:
        message = f"Row {other} pays the same amount to the same account with the same reference."
        problems.append(Problem(Code.DUPLICATE_ROW, "", message))
    values = {name: cell.text.strip() for name, cell in raw.cells.items()}
    return Row(raw.number, values, entry, tuple(problems))


def _too_many_rows(number: int, most_rows: int) -> SheetTooLarge:
    return SheetTooLarge(
        f"Row {number:,} is one too many: at most {most_rows:,} are read. Split it into several files.",
        details={"row": number, "most_rows": most_rows},
    )
