"""A report as a flat table: one line for each row, with the section it stands in, what it is and its currency."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from import_export.fields import Field
from import_export.resources import Resource

from apps.core.money import Money
from apps.ledger.reports import Cell, Kind, Report, Role, Row

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
BEFORE, AFTER = ("Section", "Row"), ("Currency",)
WORDS = {Role.NOTE: "beside"}


class ReportResource(Resource):  # type: ignore[misc]  # its package has no types
    """The columns of a report as an export resource: what the fields and their headings are.

    A resource keeps a whole table in memory and takes a minute for a million rows, most of it in its widgets.
    So it declares, and the rows are formatted here, one function for each column.
    """

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report
        self.fields["section"] = Field(attribute="section", column_name=BEFORE[0])
        self.fields["row"] = Field(attribute="row", column_name=BEFORE[1])
        for column in report.columns:
            self.fields[column.name] = Field(attribute=column.name, column_name=column.title)
        self.fields["currency"] = Field(attribute="currency", column_name=AFTER[0])

    def headers(self) -> list[str]:
        """The headings."""
        return [plain(header) for header in self.get_export_headers()]

    def rows(self) -> Iterator[list[str]]:
        """Every row as text: amounts in digits, days as they sort, words so that no program runs them."""
        formats = [FORMATS[column.kind] for column in self.report.columns]
        for section in self.report.sections:
            first = plain(section.title)
            for row in section.rows:
                cells = (write(cell) for write, cell in zip(formats, row.cells, strict=True))
                yield [first, word(row), *cells, section.currency]


def word(row: Row) -> str:
    """What a row is, in a word: only those called `line` are to be added up."""
    return WORDS.get(row.role, str(row.role))


def plain(value: Any) -> str:
    """Words that no spreadsheet takes for a formula: an apostrophe goes before what could begin one."""
    if value is None:
        return ""
    words = str(value).replace("\0", "")
    return f"'{words}" if words.startswith(FORMULA_STARTS) else words


def _amount(cell: Cell) -> str:
    return cell.decimal if isinstance(cell, Money) else ""


def _day(cell: Cell) -> str:
    return cell.isoformat() if isinstance(cell, date) else plain(cell)


FORMATS: dict[Kind, Callable[[Cell], str]] = {
    Kind.TEXT: plain,
    Kind.CODE: plain,
    Kind.DATE: _day,
    Kind.MONEY: _amount,
}
