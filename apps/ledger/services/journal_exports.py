"""Handing the journal on, stretch by stretch: nothing twice, and nothing left out."""

from django.db import connection

from apps.core.errors import DomainError
from apps.ledger.journal_csv import journal_csv, sha256_of
from apps.ledger.models import JournalExport, JournalExportFormat
from apps.ledger.queries.journal import known_position
from apps.operations import books
from apps.operations.plan import Context, EventDraft
from apps.operations.registry import Done


class NothingToExport(DomainError):
    """Every entry up to there was exported."""

    code = "NOTHING_TO_EXPORT"
    http_status = 409


def export_journal(context: Context, *, book: str, through: int | None) -> Done:
    """Fix the next export: the entries after the last one's, up to a position, or up to the last that the book has given.

    One at a time for each book. The file itself is written from the range whenever it is wanted.
    """
    found = books.by_slug(book)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7214, %s::int)", [found.pk])
    last = JournalExport.objects.filter(book=found).order_by("-number").first()
    number, begin = (last.number + 1, last.through_position + 1) if last else (1, 1)
    end = known_position(found.pk, through, field="/through")
    if end < begin:
        raise NothingToExport(
            f"Book {book} was exported through position {begin - 1} already.", field="/through"
        )
    export = JournalExport.objects.create(
        book=found,
        number=number,
        from_position=begin,
        through_position=end,
        entries=end - begin + 1,
        format=JournalExportFormat.CSV,
        sha256=sha256_of(journal_csv(found, from_position=begin, through_position=end)),
        operation_id=context.operation_id,
        made_by=context.actor.label,
        made_at=context.now,
    )
    result = {
        "book": book,
        "number": number,
        "from_position": begin,
        "through_position": end,
        "entries": export.entries,
        "sha256": export.sha256,
    }
    return Done(result, (EventDraft("journal.exported", f"{book}/{number}", result),))
