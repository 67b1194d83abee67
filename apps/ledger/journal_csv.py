"""A stretch of a book's journal as CSV for an ERP: one row a line, in the order of the positions.

The stretch alone decides the bytes, so a lost file is made again. UTF-8, commas, lines that end in CR LF.
"""

import csv
import hashlib
from collections.abc import Iterator

from apps.core import clock
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger.models import JournalExport
from apps.ledger.queries.journal import Journalled, JournalLine, journal
from apps.operations.models import Book

COLUMNS = (
    "book", "position", "line", "entry", "reference", "effective_on", "recorded_at", "gl_code", "account", "debit",
    "credit", "currency", "description", "kind", "template", "operation",
)  # fmt: skip

# Spreadsheets take the wide forms for the narrow ones.
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'")
_ROWS_TOGETHER = 500


class ExportDiffers(DomainError):
    """What was exported is not what the books say today."""

    code = "EXPORT_DIFFERS"
    http_status = 500


class _Buffer:
    """What the csv module wrote since it was last taken."""

    def __init__(self) -> None:
        self.rows: list[str] = []

    def write(self, row: str) -> None:
        self.rows.append(row)

    def take(self) -> bytes:
        content = "".join(self.rows).encode()
        self.rows.clear()
        return content


def journal_csv(book: Book, *, from_position: int, through_position: int) -> Iterator[bytes]:
    """The rows between two positions, both included, with their heads; in pieces, memory stays flat."""
    buffer = _Buffer()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for entry in journal(book.pk, after=from_position - 1, through=through_position):
        writer.writerows(_row(book, entry, number, line) for number, line in enumerate(entry.lines, start=1))
        if len(buffer.rows) >= _ROWS_TOGETHER:
            yield buffer.take()
    yield buffer.take()


def csv_of(export: JournalExport) -> Iterator[bytes]:
    """The file of an export, as it was when it was made."""
    return journal_csv(
        export.book, from_position=export.from_position, through_position=export.through_position
    )


def as_it_was(export: JournalExport) -> Iterator[bytes]:
    """The file; if it is not the one that was exported, ExportDiffers in its end."""
    digest = hashlib.sha256()
    for piece in csv_of(export):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != export.sha256:
        raise ExportDiffers(
            f"Export {export.number} had the SHA-256 {export.sha256}, and now has {digest.hexdigest()}: verify the ledger."
        )


def sha256_of(pieces: Iterator[bytes]) -> str:
    """The SHA-256 of a file in pieces, in hexadecimal."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def text(value: str | None) -> str:
    """A text that no spreadsheet takes for a formula: where one might, or where a `'` leads already, a `'` goes before it."""
    if not value:
        return ""
    return f"'{value}" if value.startswith(_RISKY) else value


def _row(book: Book, entry: Journalled, number: int, line: JournalLine) -> tuple[object, ...]:
    amount = Money(abs(line.raw), line.currency).decimal
    return (
        text(book.slug),
        entry.position,
        number,
        entry.entry,
        text(entry.reference),
        entry.effective_on.isoformat(),
        clock.written(entry.recorded_at),
        line.gl_code,
        text(line.address),
        amount if line.raw < 0 else "",
        amount if line.raw > 0 else "",
        line.currency,
        text(entry.description),
        text(entry.kind),
        entry.template or "",
        entry.operation or "",
    )
