"""The statement of an account, page by page in the order in which its lines were recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from apps.core import ids
from apps.core.money import Money
from apps.ledger.models import Account
from apps.ledger.queries.as_of import NOW, AsOf
from apps.ledger.queries.balances import shown

PAGE = 50

# The lines are limited before their entries are fetched, so that a page reads as many entries as it shows.
_PAGE = """
WITH known (sequence) AS MATERIALIZED (SELECT ledger_sequence_at(%(account)s, %(position)s))
SELECT l.sequence, l.amount, l.balance_after, l.effective_on, l.recorded_at, e.id, e.reference, e.kind, e.description,
       (e.intended_at AT TIME ZONE (SELECT b.time_zone FROM operations_book b WHERE b.id = %(book)s))::date
  FROM ({lines}) l JOIN ledger_entry e ON e.id = l.entry_id ORDER BY l.sequence
"""
_LINES = """
SELECT sequence, amount, balance_after, effective_on, recorded_at, entry_id FROM ledger_line
 WHERE account_id = %(account)s AND sequence <= (SELECT sequence FROM known)"""
_BY_DAY = " AND effective_on <= %(on)s"
_NEWER = " AND sequence > %(after)s ORDER BY sequence LIMIT %(count)s"
_OLDER = " AND sequence < %(before)s"
_NEWEST = " ORDER BY sequence DESC LIMIT %(count)s"

# Of the projected lines after the last run with one that counts, none does. Before it they are looked through, and so
# are those that are in no run yet.
_RUN = """(
SELECT coalesce(max(sequence), 0) FROM (
  SELECT through_sequence FROM ledger_daily_balance WHERE account_id = %(account)s{which}
   ORDER BY through_position DESC LIMIT 1) run (sequence))"""
_IN_NO_RUN = " AND sequence > " + _RUN.format(which="")
_IN_RUNS_THAT_COUNT = " AND sequence <= " + _RUN.format(which=_BY_DAY)

_BALANCE = """
SELECT amount_in - amount_out
  FROM ledger_turnover(%(account)s, %(on)s, least(%(through)s, ledger_sequence_at(%(account)s, %(position)s)))
"""


class StatementLine(NamedTuple):
    """A line with what its entry says, as people read it; `balance` runs over the lines of this statement alone.

    `sequence` is its place among all lines of the account, from one; `effective_on` is a day of the book's time zone,
    `intended_on` the day on which it should have taken effect, if that one was closed.
    """

    sequence: int
    entry_id: str
    reference: str
    kind: str
    description: str
    effective_on: date
    intended_on: date | None
    recorded_at: datetime
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
    question = _Question(account, as_of)
    found = question.older(before, size) if after is None else question.newer(after, size)
    opening = question.opening(found)
    running = list(accumulate((row.amount for row in found.rows), initial=opening))
    return StatementPage(
        account=account,
        as_of=as_of,
        opening=shown(account, opening),
        lines=[_line(account, row, raw) for row, raw in zip(found.rows, running[1:], strict=True)],
        closing=shown(account, running[-1]),
        before=found.rows[0].sequence if found.rows and found.has_older else None,
        after=found.rows[-1].sequence if found.rows and found.has_newer else None,
    )


class _Row(NamedTuple):
    """A line with its entry as stored: amounts raw (in - out), in minor units."""

    sequence: int
    amount: int
    balance_after: int
    effective_on: date
    recorded_at: datetime
    entry_id: UUID
    reference: str
    kind: str
    description: str
    intended_on: date | None


@dataclass(slots=True)
class _Found:
    """Rows in ascending order, or where an empty page stands: after which sequence, None for the last."""

    rows: list[_Row]
    stands_after: int | None
    has_older: bool
    has_newer: bool


class _Question:
    """What is asked of one account as of one time."""

    def __init__(self, account: Account, as_of: AsOf) -> None:
        self.by_day = as_of.effective_on is not None
        self.lines = _LINES + (_BY_DAY if self.by_day else "")
        self.arguments = {
            "account": account.pk,
            "position": as_of.position,
            "on": as_of.effective_on,
            "book": account.book_id,
        }

    def newer(self, after: int, size: int) -> _Found:
        """The first lines after a sequence."""
        rows = self._rows(self.lines + _NEWER, after=after, count=size + 1)
        return _Found(rows[:size], after, has_older=after > 0, has_newer=len(rows) > size)

    def older(self, before: int | None, size: int) -> _Found:
        """The last lines before a sequence, or of all."""
        which = "" if before is None else _OLDER
        rows = self._rows(self._newest(self.lines + which), before=before, count=size + 1)
        stands_after = None if before is None else before - 1
        return _Found(rows[-size:], stands_after, has_older=len(rows) > size, has_newer=before is not None)

    def opening(self, found: _Found) -> int:
        """The raw balance before the first row, or where an empty page stands."""
        if found.rows and not self.by_day:
            return found.rows[0].balance_after - found.rows[0].amount
        through = found.rows[0].sequence - 1 if found.rows else found.stands_after
        with connection.cursor() as cursor:
            cursor.execute(_BALANCE, {**self.arguments, "through": through})
            return int(cursor.fetchone()[0])

    def _newest(self, lines: str) -> str:
        if not self.by_day:
            return lines + _NEWEST
        parts = (f"({lines}{part}{_NEWEST})" for part in (_IN_NO_RUN, _IN_RUNS_THAT_COUNT))
        return f"SELECT * FROM ({' UNION ALL '.join(parts)}) either{_NEWEST}"

    def _rows(self, lines: str, **arguments: Any) -> list[_Row]:
        with connection.cursor() as cursor:
            cursor.execute(_PAGE.format(lines=lines), {**self.arguments, **arguments})
            return [
                _Row(sequence, int(amount), int(balance_after), *others)
                for sequence, amount, balance_after, *others in cursor.fetchall()
            ]


def _line(account: Account, row: _Row, raw_balance: int) -> StatementLine:
    return StatementLine(
        sequence=row.sequence,
        entry_id=ids.encode("je", row.entry_id),
        reference=row.reference,
        kind=row.kind,
        description=row.description,
        effective_on=row.effective_on,
        intended_on=row.intended_on,
        recorded_at=row.recorded_at,
        amount=shown(account, row.amount),
        balance=shown(account, raw_balance),
    )
