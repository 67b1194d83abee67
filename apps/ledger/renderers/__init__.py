"""The formats in which reports leave as files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from apps.ledger.renderers import camt_file, csv_file, pdf_file, plaintext_file, xlsx_file
from apps.ledger.renderers.documents import (
    Document,
    DocumentTooLarge,
    FormatUnavailable,
    Told,
    Write,
    silent,
)
from apps.ledger.reports import Asked, Report, ReportKind, account_statement, general_ledger

__all__ = [
    "FORMATS",
    "Document",
    "DocumentTooLarge",
    "Format",
    "FormatUnavailable",
    "Told",
    "silent",
    "title_of",
]


def _anything(asked: Asked) -> None:
    """Such a format holds whatever is asked."""


def _any_size(report: Report) -> None:
    """Such a format holds as many rows as there are."""


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file. `reports` are the only ones that it can hold; none are all."""

    name: str
    title: str
    media_type: str
    ending: str
    write: Write
    most_rows: int | None = None
    reports: frozenset[str] = frozenset()
    check: Callable[[Asked], None] = _anything
    refuse_size: Callable[[Report], None] = _any_size

    def holds(self, report: str) -> bool:
        """Whether this report can leave so."""
        return not self.reports or report in self.reports

    def refuse(self, kind: ReportKind, asked: Asked) -> None:
        """Raise the DomainError that says why this question cannot leave so, if it cannot."""
        if not self.holds(kind.name):
            raise FormatUnavailable(f"{self.title} cannot hold the {kind.title.lower()}.", field="/format")
        self.check(asked)


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STATEMENT = frozenset({account_statement.NAME})
_BOOK = frozenset({general_ledger.NAME})


def _camt(name: str, version: str) -> Format:
    write = camt_file.writer(version)
    title = f"camt.053.001.{version}"
    return Format(name, title, "application/xml", "xml", write, reports=_STATEMENT, check=camt_file.check)


def _plaintext(program: str, ending: str) -> Format:
    write, check = plaintext_file.writer(program), plaintext_file.check
    return Format(program, program, "text/plain; charset=utf-8", ending, write, reports=_BOOK, check=check)


_FORMATS = (
    Format("csv", "CSV", "text/csv; charset=utf-8", "csv", csv_file.write),
    Format(
        "xlsx", "XLSX", XLSX, "xlsx", xlsx_file.write, xlsx_file.MOST_ROWS, refuse_size=xlsx_file.refuse_size
    ),
    Format(
        "pdf",
        "PDF",
        "application/pdf",
        "pdf",
        pdf_file.write,
        pdf_file.MOST_ROWS,
        refuse_size=pdf_file.refuse_size,
    ),
    _camt("camt053", "08"),
    _camt("camt053-02", "02"),
    _plaintext("beancount", "beancount"),
    _plaintext("hledger", "journal"),
)
FORMATS: Mapping[str, Format] = {each.name: each for each in _FORMATS}
"""Another format is one more line above."""


def title_of(name: str) -> str:
    """A format's title; of one that is gone, its name."""
    return FORMATS[name].title if name in FORMATS else name
