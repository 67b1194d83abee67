"""Lists as files: what a list is narrowed to, in its order, as CSV and as XLSX of any length."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpResponseBase, StreamingHttpResponse
from import_export.fields import Field
from import_export.resources import Resource

from apps.console import sheets
from apps.core.money import Money
from apps.ledger.renderers import FORMATS
from apps.ledger.renderers.tables import plain

Value = str | Callable[[Any], Any]
Declared = Mapping[str, Value]
"""The columns of a list as a file: each heading with a path such as `row.tenant.slug`, or with a function of the row."""


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

    def cells(self, row: Any) -> list[sheets.Value]:
        """A row as amounts, numbers, times and words."""
        return [simple(_reach(row, value)) for value in self.values]


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list that is asked for as a file. It is written while it is read, so that its length costs no memory."""

    name: str
    resource: ListResource
    rows: Iterable[Any]

    def answer(self, ending: str) -> HttpResponseBase:
        """The file, for a browser to keep."""
        rows = iter(self.rows)
        first = list(islice(rows, 1))  # what is refused or fails at once is answered as a page
        cells = map(self.resource.cells, chain(first, rows))
        parts = self._csv(cells) if ending == "csv" else sheets.workbook(self.resource.headers(), cells)
        answer = StreamingHttpResponse(parts, content_type=FORMATS[ending].media_type)
        answer["Content-Disposition"] = f'attachment; filename="{self.name}.{ending}"'
        answer["Cache-Control"] = "no-store"
        return answer

    def _csv(self, rows: Iterable[Sequence[sheets.Value]]) -> Iterator[bytes]:
        writer = csv.writer(_Echo(), lineterminator="\r\n")
        table = chain([self.resource.headers()], (map(written, row) for row in rows))
        return _together(writer.writerow(cells) for cells in table)


class _Echo:
    """A file that answers what is written, for csv.writer."""

    def write(self, text: str) -> str:
        """The text."""
        return text


def _together(lines: Iterator[str], many: int = 200) -> Iterator[bytes]:
    """Some lines at a time: one by one they would cost a packet each."""
    while some := "".join(islice(lines, many)):
        yield some.encode()


def simple(value: Any) -> sheets.Value:
    """A value as a cell can have it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Money | int | Decimal | date):
        return value
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(str(each) for each in value)
    return "" if value is None else str(value)


def written(value: sheets.Value) -> str:
    """A value as text: amounts in digits, instants in UTC as they sort, words so that no program runs them."""
    if isinstance(value, Money):
        return value.decimal
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return plain(value) if isinstance(value, str) else str(value)


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
