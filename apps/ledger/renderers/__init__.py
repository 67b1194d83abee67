"""The formats in which reports leave as files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from apps.ledger.renderers import csv_file, pdf_file, xlsx_file
from apps.ledger.renderers.documents import (
    Document,
    DocumentTooLarge,
    FormatUnavailable,
    Told,
    silent,
)

__all__ = ["FORMATS", "Document", "DocumentTooLarge", "Format", "FormatUnavailable", "Told", "silent"]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file. `reports` are the only ones that it can hold; none are all."""

    name: str
    title: str
    media_type: str
    ending: str
    write: Callable[[Document, Path, Told], None]
    most_rows: int | None = None
    reports: frozenset[str] = frozenset()

    def holds(self, report: str) -> bool:
        """Whether this report can leave so."""
        return not self.reports or report in self.reports


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_FORMATS = (
    Format("csv", "CSV", "text/csv; charset=utf-8", "csv", csv_file.write),
    Format("xlsx", "XLSX", XLSX, "xlsx", xlsx_file.write, xlsx_file.MOST_ROWS),
    Format("pdf", "PDF", "application/pdf", "pdf", pdf_file.write, pdf_file.MOST_ROWS),
)
FORMATS: Mapping[str, Format] = {each.name: each for each in _FORMATS}
"""Another format is one more line above."""
