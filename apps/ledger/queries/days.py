"""Closing balances by effective day, for charts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from apps.core.money import Money
from apps.ledger.models import Account, Side
from apps.ledger.queries.as_of import NOW, AsOf
from apps.ledger.queries.moved import moved, rows

_OF_ACCOUNT = """
WITH known AS (SELECT ledger_sequence_at(%(account)s, %(position)s) AS sequence),
projected AS (
  SELECT effective_on, amount_in, amount_out, through_sequence FROM ledger_daily_balance
   WHERE account_id = %(account)s AND through_sequence <= (SELECT sequence FROM known)),
moved AS (
  SELECT effective_on, amount_in, amount_out FROM projected
  UNION ALL
  SELECT effective_on, greatest(amount, 0), greatest(-amount, 0) FROM ledger_line
   WHERE account_id = %(account)s AND sequence <= (SELECT sequence FROM known)
     AND sequence > (SELECT coalesce(max(through_sequence), 0) FROM projected))
SELECT effective_on, sum(amount_in), sum(amount_out) FROM moved
 WHERE %(on)s::date IS NULL OR effective_on <= %(on)s GROUP BY effective_on ORDER BY effective_on
"""
_ACCOUNTS = """
SELECT id FROM ledger_account WHERE book_id = %(book)s AND currency = %(currency)s AND gl_code LIKE %(gl_codes)s
"""
_OF_ACCOUNTS = """
SELECT effective_on, sum(amount_in), sum(amount_out) FROM moved
 WHERE %(on)s::date IS NULL OR effective_on <= %(on)s GROUP BY effective_on ORDER BY effective_on
"""
_WILD = str.maketrans({character: f"\\{character}" for character in "\\%_"})


@dataclass(frozen=True, slots=True)
class DayBalance:
    """What came in and went out on an effective day, and the balance at its end, as people read it."""

    on: date
    incoming: Money
    outgoing: Money
    closing: Money


def account_days(account: Account, *, as_of: AsOf = NOW) -> list[DayBalance]:
    """Each day on which an account moved."""
    arguments = {"account": account.pk, "on": as_of.effective_on, "position": as_of.position}
    with connection.cursor() as cursor:
        cursor.execute(_OF_ACCOUNT, arguments)
        return _series(cursor.fetchall(), account.currency, account.side)


def gl_days(
    book_id: int, gl_code: str, currency: str, *, side: Side = Side.CREDIT, as_of: AsOf = NOW
) -> list[DayBalance]:
    """Each day on which accounts moved whose GL code starts with this, all together, read from one side."""
    query = f"WITH {moved(as_of, accounts=_ACCOUNTS)}{_OF_ACCOUNTS}"
    found = rows(query, book_id, as_of, gl_codes=gl_code.translate(_WILD) + "%", currency=currency)
    return _series(found, currency, side)


def _series(found: Iterable[tuple[Any, ...]], currency: str, side: int) -> list[DayBalance]:
    closing, series = 0, []
    for on, amount_in, amount_out in found:
        closing += int(amount_in) - int(amount_out)
        incoming, outgoing = (amount_in, amount_out) if side == Side.CREDIT else (amount_out, amount_in)
        amounts = (int(incoming), int(outgoing), closing * int(side))
        series.append(DayBalance(on, *(Money(amount, currency) for amount in amounts)))
    return series
