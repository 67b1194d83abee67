"""The chart of accounts with what its GL accounts hold, in one book or in all, now or as of another time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection

from apps.core.money import Money
from apps.ledger.models import Account, GlAccount, GlType

_OF_BOOK = "(%(book)s::bigint IS NULL OR {book} = %(book)s)"
_SUM = f"""
SELECT a.gl_code, a.currency, count(*), coalesce(sum(r.raw), 0)
  FROM ledger_account a LEFT JOIN raw r ON r.account_id = a.id
 WHERE {_OF_BOOK.format(book="a.book_id")} GROUP BY a.gl_code, a.currency
"""
_NOW = f"""
WITH raw AS (SELECT account_id, balance AS raw FROM ledger_balance WHERE {_OF_BOOK.format(book="book_id")}) {_SUM}
"""

# Each book with the position that counts, and the end of the last run of daily balances up to there.
_BOOKS = f"""
known AS (
  SELECT b.id, CASE WHEN %(at)s::timestamptz IS NULL THEN {2**63 - 1} ELSE coalesce((
           SELECT s.position FROM ledger_seal s WHERE s.book_id = b.id AND s.sealed_at <= %(at)s
            ORDER BY s.sealed_at DESC, s.position DESC LIMIT 1), 0) END AS position
    FROM operations_book b WHERE {_OF_BOOK.format(book="b.id")}),
run AS (
  SELECT id, position, coalesce((SELECT max(p.through_position) FROM ledger_projection p
                                  WHERE p.book_id = known.id AND p.through_position <= known.position), 0) AS through
    FROM known)
"""
# The lines since that run; with no instant asked for, those of entries without a position too.
_TAIL = f"""
tail AS MATERIALIZED (
  SELECT l.account_id, l.amount, l.effective_on
    FROM run JOIN ledger_seal s ON s.book_id = run.id AND s.position > run.through AND s.position <= run.position
    JOIN ledger_line l ON l.entry_id = s.entry_id
  UNION ALL
  SELECT l.account_id, l.amount, l.effective_on
    FROM ledger_entry e JOIN ledger_line l ON l.entry_id = e.id
   WHERE %(at)s::timestamptz IS NULL AND e.ordinal > (SELECT coalesce(max(ordinal), 0) FROM ledger_seal)
     AND {_OF_BOOK.format(book="e.book_id")})
"""
_THEN = f"""
WITH {_BOOKS}, {_TAIL}, raw AS (
  SELECT account_id, sum(amount) AS raw FROM (
    SELECT d.account_id, d.amount_in - d.amount_out AS amount, d.effective_on
      FROM run JOIN ledger_daily_balance d ON d.book_id = run.id AND d.through_position <= run.through
    UNION ALL SELECT * FROM tail) moved
   WHERE %(on)s::date IS NULL OR effective_on <= %(on)s GROUP BY account_id) {_SUM}
"""
_OF_ACCOUNTS = """
SELECT a.id, t.amount_in - t.amount_out
  FROM ledger_account a
  CROSS JOIN LATERAL (
    SELECT CASE WHEN %(at)s::timestamptz IS NOT NULL THEN coalesce((
             SELECT s.position FROM ledger_seal s WHERE s.book_id = a.book_id AND s.sealed_at <= %(at)s
              ORDER BY s.sealed_at DESC, s.position DESC LIMIT 1), 0) END AS position) known
  CROSS JOIN LATERAL ledger_turnover_as_of(a.id, %(on)s::date, known.position) t
 WHERE a.id = ANY (%(accounts)s)
"""


@dataclass(slots=True)
class GlBalance:
    """A GL account with all below it: how many accounts, and what they hold by currency, raw (in - out)."""

    code: str
    name: str
    type: GlType
    side: int
    parent: str | None
    currencies: Sequence[str]
    depth: int = 0
    is_heading: bool = False
    accounts: int = 0
    raw: dict[str, int] = field(default_factory=dict)

    @property
    def is_contra(self) -> bool:
        """Whether its normal side is not that of its type."""
        return self.side != self.type.usual_side

    @property
    def totals(self) -> list[Money]:
        """What it holds in each currency, as people read it: on its own normal side."""
        return [Money(raw * self.side, currency) for currency, raw in sorted(self.raw.items())]

    def add(self, currency: str, accounts: int, raw: int) -> None:
        """Count accounts in."""
        self.accounts += accounts
        self.raw[currency] = self.raw.get(currency, 0) + raw


def gl_balances(
    book_id: int | None = None, *, on: date | None = None, at: datetime | None = None
) -> list[GlBalance]:
    """Every GL account of the chart, parents before their children, with what it and all below it hold.

    Lines count that were effective up to the day `on`, of the entries that had a position by the instant `at`;
    None leaves that open. No book is all books together.
    """
    sums = _sums(book_id, on, at)  # before the chart: a code that accounts carry is never removed
    rows = GlAccount.objects.values_list("code", "name", "type", "side", "parent_id", "currencies")
    chart = {
        code: GlBalance(code, name, GlType(type_), side, parent, currencies)
        for code, name, type_, side, parent, currencies in rows
    }
    for code, currency, accounts, raw in sums:
        chart[code].add(currency, accounts, int(raw))
    _add_up(chart)
    return list(_in_order(chart.values()))


def balances_then(
    accounts: Iterable[Account], *, on: date | None = None, at: datetime | None = None
) -> dict[int, Money]:
    """What each of some accounts held, as people read it, by id; `on` and `at` as in `gl_balances`."""
    known = {account.pk: account for account in accounts}
    with connection.cursor() as cursor:
        cursor.execute(_OF_ACCOUNTS, {"accounts": list(known), "on": on, "at": at})
        return {pk: Money(int(raw) * known[pk].side, known[pk].currency) for pk, raw in cursor.fetchall()}


def _sums(book_id: int | None, on: date | None, at: datetime | None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_THEN if on or at else _NOW, {"book": book_id, "on": on, "at": at})
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _add_up(chart: dict[str, GlBalance]) -> None:
    """Give each parent what its children have; a parent's code sorts before theirs, so the last go first."""
    for code in sorted(chart, reverse=True):
        child = chart[code]
        parent = chart.get(child.parent or "")
        if parent is None:
            continue
        parent.is_heading = True
        parent.accounts += child.accounts
        for currency, raw in child.raw.items():
            parent.add(currency, 0, raw)


def _in_order(balances: Iterable[GlBalance]) -> Iterator[GlBalance]:
    """From the roots downwards, each with its children behind it."""
    below: dict[str | None, list[GlBalance]] = {}
    for each in sorted(balances, key=lambda each: each.code):
        below.setdefault(each.parent, []).append(each)

    def walk(parent: str | None, depth: int) -> Iterator[GlBalance]:
        for each in below.get(parent, []):
            each.depth = depth
            yield each
            yield from walk(each.code, depth + 1)

    return walk(None, 0)
