"""How the books stand, and what moved on each day."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection

from apps.core.currencies import currency as find_currency
from apps.core.money import Money

DAYS = 60
KEEP_SECONDS = 30

# Sequences and positions are dense, so the last of each is a count: nothing large is counted.
BALANCES = """
SELECT currency, count(*), sum(sequence), sum(balance), sum(abs(balance)) / 2
  FROM ledger_balance GROUP BY currency ORDER BY sum(sequence) DESC, currency
"""
ENTRIES = """
SELECT coalesce(sum(last.position), 0)::bigint FROM operations_book b CROSS JOIN LATERAL (
  SELECT position FROM ledger_seal WHERE book_id = b.id ORDER BY position DESC LIMIT 1) last
"""
UNSEALED = """
SELECT count(*) FROM (SELECT FROM ledger_entry
 WHERE ordinal > coalesce((SELECT max(ordinal) FROM ledger_seal), 0) ORDER BY ordinal LIMIT 1000) waiting
"""
LAST_DAY = """
SELECT max(last.effective_on) FROM operations_book b CROSS JOIN LATERAL (
  SELECT d.effective_on FROM ledger_daily_balance d
    JOIN ledger_account a ON a.id = d.account_id AND a.currency = %(currency)s
   WHERE d.book_id = b.id AND d.effective_on <= current_date + 1
   ORDER BY d.effective_on DESC LIMIT 1) last
 WHERE EXISTS (SELECT FROM ledger_account a WHERE a.book_id = b.id AND a.currency = %(currency)s)
"""
VOLUMES = """
SELECT d.effective_on, sum(d.amount_in)
  FROM operations_book b
  JOIN ledger_daily_balance d ON d.book_id = b.id AND d.effective_on > %(after)s AND d.effective_on <= %(last)s
  JOIN ledger_account a ON a.id = d.account_id AND a.currency = %(currency)s
 GROUP BY d.effective_on ORDER BY d.effective_on
"""


@dataclass(frozen=True, slots=True)
class CurrencyStanding:
    """All accounts of one currency over all books."""

    currency: str
    accounts: int
    lines: int
    difference: int
    each_side: int


@dataclass(frozen=True, slots=True)
class Books:
    """The sizes of the ledger, and whether it sums to zero."""

    entries: int
    unsealed: int
    currencies: list[CurrencyStanding]

    @property
    def lines(self) -> int:
        """All lines."""
        return sum(each.lines for each in self.currencies)

    @property
    def accounts(self) -> int:
        """All accounts."""
        return sum(each.accounts for each in self.currencies)


def books() -> Books:
    """The books now."""
    with connection.cursor() as cursor:
        cursor.execute(BALANCES)
        rows = cursor.fetchall()
        cursor.execute(ENTRIES)
        entries = cursor.fetchone()[0]
        cursor.execute(UNSEALED)
        unsealed = cursor.fetchone()[0]
    return Books(
        entries=entries + unsealed,
        unsealed=unsealed,
        currencies=[
            CurrencyStanding(code, accounts, int(lines), int(raw), int(half))
            for code, accounts, lines, raw, half in rows
        ],
    )


def volumes(wanted: str, books: Books) -> dict[str, Any] | None:
    """What was posted on each of the last days that have any, in one currency; kept for half a minute."""
    known = [each.currency for each in books.currencies if each.lines]
    if not known:
        return None
    currency = wanted if wanted in known else known[0]
    key = f"console:volumes:{connection.settings_dict['NAME']}:{currency}"
    chart = cache.get_or_set(key, lambda: _volumes(currency), KEEP_SECONDS)
    return chart and {"currency": currency, "currencies": known, "chart": chart}


def _volumes(currency: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(LAST_DAY, {"currency": currency})
        last = cursor.fetchone()[0]
        if last is None:
            return {}
        after = last - timedelta(days=DAYS)
        cursor.execute(VOLUMES, {"after": after, "last": last, "currency": currency})
        moved = dict(cursor.fetchall())
    days = [after + timedelta(days=number) for number in range(1, DAYS + 1)]
    return {
        "kind": "volume",
        "currency": currency,
        "digits": find_currency(currency).exponent,
        "points": [[day.isoformat(), Money(int(moved.get(day, 0)), currency).decimal] for day in days],
    }
