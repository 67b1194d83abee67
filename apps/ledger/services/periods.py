"""Closing and reopening the days of a book."""

from datetime import date

from django.db import connection

from apps.core.errors import DomainError
from apps.ledger.models import BookPeriod
from apps.operations import books
from apps.operations.models import Book
from apps.operations.plan import Context, EventDraft
from apps.operations.registry import Done


class PeriodNotForward(DomainError):
    """Closing moves the last closed day forward; reopening moves it back."""

    code = "PERIOD_ORDER"
    http_status = 409


def close_period(context: Context, *, book: str, through: date, reason: str) -> Done:
    """Close a book through a day, inclusive. Waits for the postings under way."""
    found = books.by_slug(book)
    closed = _closed_through(found)
    if closed and through <= closed:
        raise PeriodNotForward(f"Book {book} is closed through {closed} already.", field="/through")
    return _set(context, found, through, reason, "period.closed")


def reopen_period(context: Context, *, book: str, through: date | None, reason: str) -> Done:
    """Leave a book closed through an earlier day only, or through none."""
    found = books.by_slug(book)
    closed = _closed_through(found)
    if closed is None or (through and through >= closed):
        raise PeriodNotForward(f"Book {book} is closed through {closed or 'no day'}.", field="/through")
    return _set(context, found, through, reason, "period.reopened")


def _closed_through(book: Book) -> date | None:
    """Read under the lock under which it will be changed, once the postings under way are done."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7201, %s::int)", [book.pk])
    period = BookPeriod.objects.filter(book=book).first()
    return period.closed_through if period else None


def _set(context: Context, book: Book, through: date | None, reason: str, event: str) -> Done:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_set_closed_through(%s, %s, %s, %s, %s)",
            [book.pk, through, context.actor.label, reason, context.now],
        )
    result = {"book": book.slug, "closed_through": through}
    return Done(result, (EventDraft(event, book.slug, {**result, "reason": reason}),))
