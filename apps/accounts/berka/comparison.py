"""Our end-of-day balances, from the lines of the ledger, against those that the bank printed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction

from apps.accounts.berka.chart import BOOK, CURRENCY, customer
from apps.accounts.berka.source import BankLine
from apps.core.money import Money
from apps.operations import books

TOLERANCE = Money(100, CURRENCY)
"""The bank rounds interest, so a day is equal within 1.00 CZK (SOURCES.md)."""

_TABLE = "CREATE TEMPORARY TABLE berka_printed (address text, day date, balance numeric(38,0)) ON COMMIT DROP"
_FILL = "COPY berka_printed (address, day, balance) FROM STDIN"

# A day's lines are not in booking order, so the nearest of the balances printed on it counts.
_COMPARE = """
WITH moved AS (
  SELECT a.address, l.effective_on AS day, sum(l.amount) AS amount
    FROM ledger_account a JOIN ledger_line l ON l.account_id = a.id
   WHERE a.book_id = %(book)s AND a.currency = %(currency)s AND a.address LIKE 'customer:%%'
   GROUP BY a.address, l.effective_on),
printed AS (SELECT address, day, array_agg(balance) AS balances FROM berka_printed GROUP BY address, day),
closing AS (
  SELECT address, day, p.balances, coalesce(sum(m.amount) OVER account, 0) AS balance
    FROM moved m FULL JOIN printed p USING (address, day)
  WINDOW account AS (PARTITION BY address ORDER BY day)),
compared AS (
  SELECT address, day, (SELECT min(abs(c.balance - b)) FROM unnest(c.balances) b) AS difference
    FROM closing c WHERE balances IS NOT NULL)
SELECT count(*), count(*) FILTER (WHERE difference <= %(tolerance)s), coalesce(max(difference), 0),
       (array_agg(address ORDER BY difference DESC, day, address))[1],
       (array_agg(day ORDER BY difference DESC, day, address))[1]
  FROM compared
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many account-days there are, how many are equal, and where the difference is largest."""

    account_days: int
    days_equal: int
    worst: Money
    worst_address: str | None
    worst_on: date | None


def compare(lines: Iterable[BankLine]) -> Comparison:
    """Compare the days of these lines. The printed balances wait in the database, not in memory."""
    arguments: dict[str, str | int] = {
        "book": books.id_of(BOOK),
        "currency": CURRENCY,
        "tolerance": TOLERANCE.minor,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TABLE)
        with cursor.copy(_FILL) as copy:
            for line in lines:
                copy.write_row((customer(line.account_id), line.on, line.balance.minor))
        cursor.execute(_COMPARE, arguments)
        days, equal, worst, address, on = cursor.fetchone()
    return Comparison(days, equal, Money(int(worst), CURRENCY), address, on)
