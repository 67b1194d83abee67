"""The statement of an account over a period of effective days, as of a position: asked again, it is the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from apps.core import ids
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger.models import Account
from apps.ledger.queries.as_of import last_position
from apps.ledger.queries.balances import shown
from apps.ledger.queries.statements import StatementLine
from apps.ledger.queries.streaming import stream
from apps.operations import books

# Where the lines of the period can be: in the runs of the read model that know one of its days, and after the last run.
_LINES_OF_PERIOD = """
WITH runs AS (
  SELECT through_sequence AS hi, lag(through_sequence, 1, 0::bigint) OVER (ORDER BY through_sequence) AS lo,
         bool_or(effective_on BETWEEN %(first)s AND %(last)s) AS counts
    FROM ledger_daily_balance WHERE account_id = %(account)s GROUP BY through_sequence),
stretches (lo, hi) AS (
  SELECT lo, least(hi, %(through)s) FROM runs WHERE counts
  UNION ALL SELECT coalesce(max(hi), 0), %(through)s FROM runs),
lines AS (
  SELECT l.* FROM stretches s
    JOIN ledger_line l ON l.account_id = %(account)s AND l.sequence > s.lo AND l.sequence <= s.hi
   WHERE l.effective_on BETWEEN %(first)s AND %(last)s)
"""
_COUNTS = """
SELECT count(*) FILTER (WHERE amount > 0), count(*) FILTER (WHERE amount < 0) FROM lines
"""
_LINES = """
SELECT l.sequence, l.amount, l.effective_on, (e.intended_at AT TIME ZONE %(zone)s)::date, l.recorded_at, e.id, e.reference,
       e.kind, e.description
  FROM lines l JOIN ledger_entry e ON e.id = l.entry_id ORDER BY l.effective_on, l.sequence
"""
_TOTALS = """
SELECT k.sequence, before.amount_in, before.amount_out, until.amount_in, until.amount_out
  FROM (SELECT ledger_sequence_at(%(account)s, %(position)s) AS sequence) k,
       ledger_turnover(%(account)s, %(first)s::date - 1, k.sequence) before,
       ledger_turnover(%(account)s, %(last)s::date, k.sequence) until
"""


class PeriodReversed(DomainError):
    """A period ends before it begins."""

    code = "PERIOD_REVERSED"


class StatementBroken(DomainError):
    """The lines of a statement do not lead from its opening to its closing balance: the read model has drifted."""

    code = "STATEMENT_BROKEN"
    http_status = 500


@dataclass(frozen=True, slots=True)
class StatementPeriod:
    """The balances around a period, first and last day included, and what moved in it; amounts are as people read them.

    `incoming` is what raised the balance as shown and `outgoing` what lowered it, both without a sign, with the
    number of lines behind each. `through` is the last line of the account that was known at the position.
    """

    account: Account
    first: date
    last: date
    position: int
    opening: Money
    incoming: Money
    outgoing: Money
    closing: Money
    incoming_lines: int
    outgoing_lines: int
    through: int

    @property
    def count(self) -> int:
        """How many lines there are."""
        return self.incoming_lines + self.outgoing_lines

    def lines(self) -> Iterator[StatementLine]:
        """The lines by effective day, those of a day as they were recorded, each with the balance after it.

        They are streamed: memory stays flat however many there are. Lines that do not lead to the closing
        balance end in StatementBroken.
        """
        balance = self.opening
        for row in stream(_LINES_OF_PERIOD + _LINES, _arguments(self)):
            line = _line(self.account, balance, *row)
            balance = line.balance
            yield line
        if balance != self.closing:
            raise StatementBroken(
                f"The lines of {self.account} lead to {balance}, its daily balances to {self.closing}:"
                " rebuild the statement read model, and verify the ledger."
            )


def statement_period(
    account: Account, *, first: date, last: date, position: int | None = None
) -> StatementPeriod:
    """The statement of a period as of a position; with none, as of the last that the book has given."""
    if last < first:
        raise PeriodReversed(f"The period ends on {last}, before it begins on {first}.", field="/last")
    known = last_position(account.book_id) if position is None else position
    arguments: dict[str, Any] = {"account": account.pk, "position": known, "first": first, "last": last}
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, arguments)
        through, in_before, out_before, in_until, out_until = (int(value) for value in cursor.fetchone())
        cursor.execute(_LINES_OF_PERIOD + _COUNTS, {**arguments, "through": through})
        ins, outs = cursor.fetchone()
    sides = [(in_until - in_before, ins), (out_until - out_before, outs)][:: account.side]
    (incoming, incoming_lines), (outgoing, outgoing_lines) = sides
    return StatementPeriod(
        account=account,
        first=first,
        last=last,
        position=known,
        opening=shown(account, in_before - out_before),
        incoming=Money(incoming, account.currency),
        outgoing=Money(outgoing, account.currency),
        closing=shown(account, in_until - out_until),
        incoming_lines=incoming_lines,
        outgoing_lines=outgoing_lines,
        through=through,
    )


def _arguments(period: StatementPeriod) -> dict[str, Any]:
    return {
        "account": period.account.pk,
        "first": period.first,
        "last": period.last,
        "through": period.through,
        "zone": books.find(period.account.book_id).time_zone,
    }


def _line(account: Account, before: Money, sequence: int, raw: Any, *row: Any) -> StatementLine:
    effective_on, intended_on, recorded_at, entry_id, reference, kind, description = row
    amount = shown(account, int(raw))
    return StatementLine(
        sequence=sequence,
        entry_id=ids.encode("je", entry_id),
        reference=reference,
        kind=kind,
        description=description,
        effective_on=effective_on,
        intended_on=intended_on,
        recorded_at=recorded_at,
        amount=amount,
        balance=before + amount,
    )
