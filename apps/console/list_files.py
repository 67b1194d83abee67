"""Lists as files: what a list is narrowed to, in its order, as CSV of any length and as XLSX of a bounded one."""

import csv
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from import_export.fields import Field
from import_export.resources import Resource

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger.renderers import FORMATS
from apps.ledger.renderers.tables import plain

MOST_ROWS = 20_000
"""Rows of a sheet: what one can wait for, a few seconds."""

LONGEST = 32_767
"""Characters that a cell of a sheet takes."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

Value = str | Callable[[Any], Any]
Declared = Mapping[str, Value]
"""The columns of a list as a file: each heading with a path such as `row.tenant.slug`, or with a function of the row."""


class ListTooLong(DomainError):
    """A sheet takes fewer rows than the list has."""

    code = "LIST_TOO_LONG"
    http_status = 409


class ListResource(Resource):  # type: ignore[misc]  # its package has no types
    """The columns of a list as an export resource: what the fields and their headings are.

    A resource keeps a whole table in memory. So it declares, and the rows are formatted here as they come.
    """

    def __init__(self, declared: Declared) -> None:
        super().__init__()
        self.values = list(declared.values())
        for heading in declared:
            self.fields[heading] = Field(attribute=heading, column_name=heading)

    def headers(self) -> list[str]:
        """The headings."""
        return [plain(header) for header in self.get_export_headers()]

    def cells(self, row: Any) -> list[str]:
        """A row as text that no spreadsheet takes for a formula."""
        return [written(_reach(row, value)) for value in self.values]


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list that is asked for as a file."""

    name: str
    resource: ListResource
    rows: Iterable[Any]

    def answer(self, ending: str) -> HttpResponseBase:
        """The file, for a browser to keep. ListTooLong if a sheet does not take it."""
        answer = self._csv() if ending == "csv" else self._xlsx()
        answer["Content-Type"] = FORMATS[ending].media_type
        answer["Content-Disposition"] = f'attachment; filename="{self.name}.{ending}"'
        answer["Cache-Control"] = "no-store"
        return answer

    def _csv(self) -> HttpResponseBase:
        """Written while it is read, so that its length costs no memory."""
        writer = csv.writer(_Echo(), lineterminator="\r\n")
        lines = (writer.writerow(cells) for cells in self._table())
        return StreamingHttpResponse(_together(lines))

    def _xlsx(self) -> HttpResponseBase:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "list.xlsx"
            self._write_sheet(path)
            return HttpResponse(path.read_bytes())

    def _write_sheet(self, path: Path) -> None:
        import xlsxwriter

        options = {"constant_memory": True, "tmpdir": str(path.parent)}
        with xlsxwriter.Workbook(str(path), options) as book:
            sheet, bold = book.add_worksheet("List"), book.add_format({"bold": True, "bottom": 1})
            sheet.freeze_panes(1, 0)
            for line, cells in enumerate(self._table()):
                if line > MOST_ROWS:
                    raise ListTooLong(
                        f"A sheet takes {MOST_ROWS:,} rows, this list has more: narrow it, or take CSV."
                    )
                for place, cell in enumerate(cells):
                    text = _UNPRINTABLE.sub("", cell)[:LONGEST]
                    sheet.write_string(line, place, text, None if line else bold)

    def _table(self) -> Iterator[list[str]]:
        yield self.resource.headers()
        yield from map(self.resource.cells, self.rows)


class _Echo:
    """A file that answers what is written, for csv.writer."""

    def write(self, text: str) -> str:
        """The text."""
        return text


def _together(lines: Iterator[str], many: int = 200) -> Iterator[bytes]:
    """Some lines at a time: one by one they would cost a packet each."""
    while some := "".join(islice(lines, many)):
        yield some.encode()


def written(value: Any) -> str:
    """A value as text: amounts in digits, instants in UTC as they sort, words so that no program runs them."""
    if isinstance(value, Money):
        return value.decimal
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return plain(json.dumps(value, ensure_ascii=False, default=str))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return plain("; ".join(str(each) for each in value))
    return plain(value)


def _attribute(row: Any, name: str) -> Any:
    try:
        return getattr(row, name)
    except ObjectDoesNotExist:  # such as the seal of an entry that has none yet
        return None


def _reach(row: Any, value: Value) -> Any:
    if callable(value):
        return value(row)
    for name in value.split("."):
        if row is None:
            return None
        row = row.get(name) if isinstance(row, Mapping) else _attribute(row, name)
    return row
