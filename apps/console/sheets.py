"""A workbook written while its rows are read: its first bytes leave at once, and its length costs no memory.

What goes wrong on the way leaves a file without its end, which no program takes for a whole one.
"""

import io
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from string import ascii_uppercase
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from apps.console import sheet_parts as parts
from apps.console.sheet_parts import AMOUNT, DAY, HEADING, INSTANT, MOST_DIGITS, RIGHT, WHOLE
from apps.core.currencies import currency
from apps.core.money import Money
from apps.ledger.renderers.cells import is_exact, words

MOST_ROWS = 1_048_575
"""Rows of a sheet below its headings; what is more stands on the next sheet."""

MOST_BYTES = 2**31 - 2**26
"""Of a sheet as XML. A longer one would need ZIP64, which some programs take for damage."""

AT_A_TIME = 2**15
"""Bytes that leave together."""

Value = Money | int | Decimal | datetime | date | str

_BEGIN = datetime(1899, 12, 30, tzinfo=UTC)
_LETTERS = (*ascii_uppercase, *(first + second for first, second in product(ascii_uppercase, repeat=2)))
_CODE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""Where a spreadsheet would read the code of a character."""


class _Sent(io.RawIOBase):
    """A file that only grows, and forgets what is taken of it."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self.parts.append(bytes(part))
        self.size += len(part)
        return len(part)

    def taken(self) -> bytes:
        taken = b"".join(self.parts)
        self.parts, self.size = [], 0
        return taken


class _Rows:
    """Rows of which the next one is known."""

    def __init__(self, rows: Iterator[Sequence[Value]]) -> None:
        self.rows = rows
        self.next = next(rows, None)

    def take(self) -> Sequence[Value]:
        taken, self.next = self.next or (), next(self.rows, None)
        return taken


def workbook(headings: Sequence[str], rows: Iterator[Sequence[Value]]) -> Iterator[bytes]:
    """The workbook of such a table, some bytes at a time, the first ones when there is a row."""
    left, sheets, sent = _Rows(rows), 0, _Sent()
    with ZipFile(sent, "w", ZIP_DEFLATED, compresslevel=1) as package:
        for name, xml in parts.FIRST.items():
            package.writestr(name, xml)
        yield sent.taken()
        while not sheets or left.next is not None:
            sheets += 1
            with package.open(f"xl/worksheets/sheet{sheets}.xml", "w") as sheet:
                for line in _lines(headings, left):
                    sheet.write(line)
                    if sent.size >= AT_A_TIME:
                        yield sent.taken()
        for name, xml in parts.last(sheets).items():
            package.writestr(name, xml)
    yield sent.taken()


def _lines(headings: Sequence[str], left: _Rows) -> Iterator[bytes]:
    """A sheet: its headings, and as many rows as it takes."""
    size = 0
    yield _top(headings)
    for line in range(2, MOST_ROWS + 2):
        if left.next is None or size > MOST_BYTES:
            break
        cells = (_cell(letters, line, value) for letters, value in zip(_LETTERS, left.take(), strict=False))
        row = f'<row r="{line}">{"".join(cells)}</row>'.encode()
        size += len(row)
        yield row
    yield parts.BOTTOM.encode()


def _cell(letters: str, line: int, value: Value) -> str:
    if isinstance(value, str):
        return _text(letters, line, words(value), 0)
    number, style = _number(value)
    if style == RIGHT:
        return _text(letters, line, number, RIGHT)
    return f'<c r="{letters}{line}" s="{style}"><v>{number}</v></c>'


def _text(letters: str, line: int, value: str, style: int) -> str:
    if not value:
        return ""
    text = escape(_CODE.sub("_x005F_", value), {"\r": "&#13;"})
    return f'<c r="{letters}{line}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _number(value: Money | int | Decimal | datetime | date) -> tuple[str, int]:
    """A number as a spreadsheet counts it, and its style: to the right, if it does not keep it exactly."""
    if isinstance(value, Money):
        style = AMOUNT + currency(value.currency).exponent
        return value.decimal, style if is_exact(value.minor) else RIGHT
    if isinstance(value, int):
        return str(value), WHOLE if is_exact(value) else RIGHT
    if isinstance(value, Decimal):
        return _decimal(value)
    return _time(value)


def _decimal(value: Decimal) -> tuple[str, int]:
    written = f"{value:f}"
    digits = len(written.partition(".")[2])
    if not value.is_finite() or digits > MOST_DIGITS or not is_exact(int(value.scaleb(digits))):
        return written, RIGHT
    return written, AMOUNT + digits


def _time(value: datetime | date) -> tuple[str, int]:
    """Days since the end of 1899, of an instant in UTC; in 1900 spreadsheets count a day that never was."""
    if value.year < 1901:
        return value.isoformat(), RIGHT
    if not isinstance(value, datetime):
        return str((value - _BEGIN.date()).days), DAY
    since = value - _BEGIN
    return f"{since.days + Decimal(since.seconds) / 86_400:.10f}", INSTANT


def _top(headings: Sequence[str]) -> bytes:
    """All of a sheet above its rows: headings that stay where they are, columns in which a number shows whole."""
    cells = (
        _text(letters, 1, words(each), HEADING) for letters, each in zip(_LETTERS, headings, strict=False)
    )
    return f'{parts.top(len(headings))}<row r="1">{"".join(cells)}</row>'.encode()
