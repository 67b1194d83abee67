"""Closing and reopening the days of a book, and what becomes of entries that come late."""

from datetime import date
from zoneinfo import ZoneInfo

from django.db import connection

from apps.core import ids
from apps.core.errors import DomainError
from apps.ledger.models import BookPeriod, LatePolicy, PeriodStep
from apps.operations import books
from apps.operations.models import Book
from apps.operations.plan import Context, EventDraft
from apps.operations.registry import Done


class PeriodNotForward(DomainError):
    """Closing moves the last closed or closing day forward; reopening moves it back."""

    code = "PERIOD_ORDER"
    http_status = 409


class PeriodNotOver(DomainError):
    """A day is closed when it is over: until then the book needs it."""

    code = "PERIOD_NOT_OVER"
    http_status = 409


def begin_closing(context: Context, *, book: str, through: date, reason: str) -> Done:
    """From now on a book takes only what adjusts, up to a day inclusive. Waits for the postings under way."""
    period = _locked(book)
    _refuse_unless_over(context, period.book, through)
    last = _last_not_open(period)
    if last and through <= last:
        raise PeriodNotForward(f"Book {book} is {_words(period)} already.", field="/through")
    return _change(context, period, PeriodStep.CLOSING_BEGUN, period.closed_through, through, reason)


def close_period(context: Context, *, book: str, through: date, reason: str) -> Done:
    """Close a book through a day, inclusive. Waits for the postings under way."""
    period = _locked(book)
    _refuse_unless_over(context, period.book, through)
    if period.closed_through and through <= period.closed_through:
        raise PeriodNotForward(f"Book {book} is {_words(period)} already.", field="/through")
    closing = period.closing_through
    still_closing = closing if closing and closing > through else None
    return _change(context, period, PeriodStep.CLOSED, through, still_closing, reason)


def reopen_period(
    context: Context, *, book: str, through: date | None, for_adjustments: bool, reason: str
) -> Done:
    """Leave a book closed through an earlier day only, or through none; the days after it are open.

    For adjustments they are closing instead, and take only what adjusts.
    """
    period = _locked(book)
    closed, last = period.closed_through, _last_not_open(period)
    closing = last if for_adjustments and last and (through is None or through < last) else None
    if through and (closed is None or through > closed):
        raise PeriodNotForward(f"Book {book} is {_words(period)}.", field="/through")
    if (through, closing) == (closed, period.closing_through):
        raise PeriodNotForward(f"Book {book} is {_words(period)} already.", field="/through")
    return _change(context, period, PeriodStep.REOPENED, through, closing, reason)


def set_late_policy(context: Context, *, book: str, policy: str, reason: str) -> Done:
    """Say whether an entry whose day is not open is refused, or posted on the first open day with both dates kept."""
    period = _locked(book)
    period.late_policy = LatePolicy(policy)
    return _change(
        context, period, PeriodStep.LATE_POLICY_SET, period.closed_through, period.closing_through, reason
    )


def _locked(slug: str) -> BookPeriod:
    """The periods of a book under the lock under which they will be changed, once the postings under way are done."""
    book = books.by_slug(slug)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7201, %s::int)", [book.pk])
    return BookPeriod.objects.select_related("book").filter(book=book).first() or BookPeriod(book=book)


def _refuse_unless_over(context: Context, book: Book, through: date) -> None:
    today = context.now.astimezone(ZoneInfo(book.time_zone)).date()
    if through >= today:
        raise PeriodNotOver(
            f"In book {book.slug} it is still {today}; close through an earlier day.", field="/through"
        )


def _last_not_open(period: BookPeriod) -> date | None:
    return period.closing_through or period.closed_through


def _words(period: BookPeriod) -> str:
    closed = f"closed through {period.closed_through or 'no day'}"
    return f"{closed} and closing through {period.closing_through}" if period.closing_through else closed


def _change(
    context: Context,
    period: BookPeriod,
    what: PeriodStep,
    closed_through: date | None,
    closing_through: date | None,
    reason: str,
) -> Done:
    change, policy = ids.new_id("prd"), str(period.late_policy)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_change_period(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                ids.decode("prd", change),
                period.book_id,
                what,
                closed_through,
                closing_through,
                policy,
                ids.decode("op", context.operation_id),
                context.actor.label,
                reason,
                context.now,
            ],
        )
    result = {
        "book": period.book.slug,
        "change": change,
        "closed_through": closed_through,
        "closing_through": closing_through,
        "late_policy": policy,
    }
    return Done(result, (EventDraft(f"period.{what}", period.book.slug, {**result, "reason": reason}),))
