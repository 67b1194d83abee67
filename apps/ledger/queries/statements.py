"""The statement of an account, page by page in the order in which its lines were recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from django.db import connection
from django.db.models import QuerySet

from apps.core.money import Money
from apps.ledger.models import Account, JournalEntry, Line
from apps.ledger.queries.as_of import NOW, AsOf
from apps.ledger.queries.balances import shown

PAGE = 50


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line with its entry, as people read it; `balance` runs over the lines of this statement alone."""

    line: Line
    entry: JournalEntry
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Lines in ascending order, between the balances before the first and after the last of them.

    `before` and `after` are the cursors of the page of older and of newer lines, None where there is none.
    """

    account: Account
    as_of: AsOf
    opening: Money
    lines: Sequence[StatementLine]
    closing: Money
    before: int | None
    after: int | None


def statement_page(
    account: Account,
    *,
    as_of: AsOf = NOW,
    before: int | None = None,
    after: int | None = None,
    size: int = PAGE,
) -> StatementPage:
    """The newest page, or the one just before or just after a sequence."""
    last = _sequence_at(account, as_of)
    if after is not None:
        found = _newer(account, as_of, after, last, size)
    else:
        found = _older(account, as_of, last if before is None else min(last, before - 1), size)
        found.has_newer = before is not None
    opening = _opening(account, as_of, found)
    running = list(accumulate((line.amount for line in found.lines), initial=opening))
    return StatementPage(
        account=account,
        as_of=as_of,
        opening=shown(account, opening),
        lines=[
            StatementLine(line, line.entry, shown(account, line.amount), shown(account, raw))
            for line, raw in zip(found.lines, running[1:], strict=True)
        ],
        closing=shown(account, running[-1]),
        before=found.lines[0].sequence if found.lines and found.has_older else None,
        after=found.lines[-1].sequence if found.lines and found.has_newer else None,
    )


@dataclass(slots=True)
class _Found:
    """Lines in ascending order, or where an empty page stands: after which sequence."""

    lines: list[Line]
    stands_after: int
    has_older: bool
    has_newer: bool = False


def _sequence_at(account: Account, as_of: AsOf) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_sequence_at(%s, %s)", [account.pk, as_of.position])
        return int(cursor.fetchone()[0])


def _lines(account: Account, as_of: AsOf, last: int) -> QuerySet[Line]:
    lines = Line.objects.filter(account=account, sequence__lte=last).select_related("entry")
    if as_of.effective_on is None:
        return lines
    return lines.filter(effective_on__lte=as_of.effective_on)


def _newer(account: Account, as_of: AsOf, after: int, last: int, size: int) -> _Found:
    lines = _lines(account, as_of, last).filter(sequence__gt=after)
    found = list(lines.order_by("sequence")[: size + 1])
    return _Found(found[:size], after, has_older=after > 0, has_newer=len(found) > size)


def _older(account: Account, as_of: AsOf, last: int, size: int) -> _Found:
    """The newest lines up to a sequence."""
    lines = _lines(account, as_of, last).order_by("-sequence")
    count = size + 1
    by_day = as_of.effective_on is not None
    found = _older_by_day(account, as_of, lines, last, count) if by_day else list(lines[:count])
    return _Found(found[:size][::-1], last, has_older=len(found) > size)


def _older_by_day(account: Account, as_of: AsOf, lines: QuerySet[Line], last: int, count: int) -> list[Line]:
    projected, counted = _projected(account, as_of)
    found = list(lines.filter(sequence__gt=projected)[:count]) if last > projected else []
    if len(found) == count:
        return found
    return found + list(lines.filter(sequence__lte=counted)[: count - len(found)])


def _projected(account: Account, as_of: AsOf) -> tuple[int, int]:
    """The last projected sequence, and that of the last run with a line that counts: between them none does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(through_sequence), 0),"
            " coalesce(max(through_sequence) FILTER (WHERE effective_on <= %s), 0)"
            " FROM ledger_daily_balance WHERE account_id = %s",
            [as_of.effective_on, account.pk],
        )
        projected, counted = cursor.fetchone()
    return int(projected), int(counted)


def _opening(account: Account, as_of: AsOf, found: _Found) -> int:
    """The raw balance before the first line, or where an empty page stands."""
    if found.lines and as_of.effective_on is None:
        return int(found.lines[0].balance_after - found.lines[0].amount)
    through = found.lines[0].sequence - 1 if found.lines else found.stands_after
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT amount_in - amount_out FROM ledger_turnover(%s, %s, %s)",
            [account.pk, as_of.effective_on, through],
        )
        return int(cursor.fetchone()[0])
