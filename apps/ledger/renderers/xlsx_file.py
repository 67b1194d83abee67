"""Reports as XLSX: numbers are numbers as far as a spreadsheet keeps them exactly, words are never formulas.

The same report is the same file, byte for byte: its only instant is when the last of its positions was given.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from apps.core.currencies import currency
from apps.core.money import Money
from apps.ledger.renderers import cells
from apps.ledger.renderers.documents import Document, DocumentTooLarge, Told
from apps.ledger.renderers.tables import AFTER, BEFORE, word
from apps.ledger.reports import Cell, Kind, Report, Role, Row

MOST_ROWS = 1_048_000
_WIDTHS = {Kind.TEXT: 36, Kind.CODE: 26, Kind.DATE: 11, Kind.MONEY: 18}
_BOLD = frozenset({Role.HEADING, Role.SUBTOTAL, Role.TOTAL, Role.OPENING, Role.CLOSING})


def write(document: Document, path: Path, told: Told) -> None:
    """Write the report, telling how many rows are done."""
    import xlsxwriter

    report = document.report
    refuse_size(report)
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": str(path.parent),
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties(
            {
                "title": report.title,
                "subject": f"{report.book}, {report.period}",
                "comments": f"Report {report.id}",
                "created": report.known_at.replace(tzinfo=None, microsecond=0),
            }
        )
        _Sheet(book, report).write(told)


def refuse_size(report: Report) -> None:
    """DocumentTooLarge, if the report has more rows than a sheet."""
    if report.size > MOST_ROWS:
        raise DocumentTooLarge(
            f"A sheet takes {MOST_ROWS:,} rows, this has {report.size:,}: take CSV.", field="/format"
        )


class _Sheet:
    """One sheet: what the report is, then its table."""

    def __init__(self, book: Any, report: Report) -> None:
        self.book, self.report = book, report
        self.sheet = book.add_worksheet(report.title[:31])
        self.formats: dict[tuple[Any, ...], Any] = {}
        self.line = 0

    def write(self, told: Told) -> None:
        """Everything from the top."""
        self._set_up()
        for words in _about(self.report):
            self._text(0, words, self._format(bold=True))
            self.line += 1
        self.line += 1
        titles = [*BEFORE, *(column.title for column in self.report.columns), *AFTER]
        for place, title in enumerate(titles):
            self._text(place, title, self._format(bold=True, under=True))
        self.line += 1
        done = 0
        for section in self.report.sections:
            for row in section.rows:
                self._row(section.title, section.currency, row)
                done += 1
                told(done)

    def _set_up(self) -> None:
        kinds: Sequence[Kind] = [Kind.TEXT, Kind.CODE, *(c.kind for c in self.report.columns), Kind.DATE]
        for place, kind in enumerate(kinds):
            self.sheet.set_column(place, place, 14 if place < len(BEFORE) else _WIDTHS[kind])
        landscape = sum(column.kind is Kind.MONEY for column in self.report.columns) > 3
        (self.sheet.set_landscape if landscape else self.sheet.set_portrait)()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        head = len(list(_about(self.report))) + 1
        self.sheet.repeat_rows(head)
        self.sheet.freeze_panes(head + 1, 0)

    def _row(self, title: str, code: str, row: Row) -> None:
        bold = row.role in _BOLD
        self._text(0, title, self._format())
        self._text(1, word(row), self._format())
        indented = False
        for place, (column, cell) in enumerate(
            zip(self.report.columns, row.cells, strict=True), start=len(BEFORE)
        ):
            if cell is None:
                continue
            indent = 0 if indented else row.level
            indented = True
            self._cell(place, column.kind, cell, bold=bold, red=row.wrong, indent=indent)
        self._text(len(BEFORE) + len(self.report.columns), code, self._format())
        self.line += 1

    def _cell(self, place: int, kind: Kind, cell: Cell, *, bold: bool, red: bool, indent: int) -> None:
        if isinstance(cell, Money):
            self._money(place, cell, bold=bold, red=red)
        elif isinstance(cell, date):
            self.sheet.write_datetime(self.line, place, cell, self._format(bold=bold, numbers="yyyy-mm-dd"))
        else:
            self._text(place, cell, self._format(bold=bold, red=red, indent=indent))

    def _money(self, place: int, amount: Money, *, bold: bool, red: bool) -> None:
        if not cells.is_exact(amount.minor):
            self.sheet.write_string(
                self.line, place, amount.decimal, self._format(bold=bold, red=red, right=True)
            )
            return
        numbers = cells.number_format(currency(amount.currency).exponent)
        style = self._format(bold=bold, red=red or amount.is_negative, numbers=numbers)
        self.sheet.write_number(self.line, place, Decimal(amount.decimal), style)

    def _text(self, place: int, words: Any, style: Any) -> None:
        if printable := cells.words(words):
            self.sheet.write_string(self.line, place, printable, style)

    def _format(
        self,
        *,
        bold: bool = False,
        under: bool = False,
        red: bool = False,
        right: bool = False,
        indent: int = 0,
        numbers: str = "",
    ) -> Any:
        key = (bold, under, red, right, indent, numbers)
        if key not in self.formats:
            wanted: dict[str, Any] = {"bold": bold, "bottom": int(under), "indent": indent}
            wanted |= {"font_color": "#a3271b"} if red else {}
            wanted |= {"align": "right"} if right else {}
            wanted |= {"num_format": numbers} if numbers else {}
            self.formats[key] = self.book.add_format(wanted)
        return self.formats[key]


def _about(report: Report) -> list[str]:
    """What stands above the table."""
    title = f"{report.title}: {report.subject}" if report.subject else report.title
    lines = [title, f"Book: {report.book}", f"Effective: {report.period}", f"As known at: {report.known}"]
    lines += [f"Report {report.id}", *report.notes, *report.flaws]
    return lines
