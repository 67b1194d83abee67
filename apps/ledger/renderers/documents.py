"""What is asked for as a file: a report and a question."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from apps.core.errors import DomainError
from apps.ledger.reports import Asked, Report, ReportKind

Told: TypeAlias = Callable[[int], None]
"""Is called with the number of rows that are written."""


class DocumentTooLarge(DomainError):
    """The report has more rows than a file of this kind takes."""

    code = "REPORT_TOO_LARGE"
    http_status = 409


class FormatUnavailable(DomainError):
    """This machine lacks what the format needs, or the format cannot hold the report."""

    code = "FORMAT_UNAVAILABLE"
    http_status = 409


@dataclass(frozen=True)
class Document:
    """A kind of report and a settled question; the report is made when it is first needed."""

    kind: ReportKind
    asked: Asked

    @cached_property
    def report(self) -> Report:
        """The report."""
        return self.kind.report(self.asked)


Write: TypeAlias = Callable[[Document, Path, Told], None]
"""Writes a document to a file."""


def silent(done: int) -> None:
    """Tells nobody."""
