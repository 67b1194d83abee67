"""What moved on the accounts of some books, each as of its own position: one query, whatever the books."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from apps.core.money import Money
from apps.ledger.queries.streaming import stream

# The projected rows of each book up to its last run, and the few lines that were sealed after it.
_MOVED = """
WITH asked AS (SELECT * FROM unnest(%(books)s::bigint[], %(positions)s::bigint[]) a(book_id, position)),
run AS (
  SELECT a.book_id, a.position, coalesce(max(p.through_position), 0) AS through
    FROM asked a LEFT JOIN ledger_projection p ON p.book_id = a.book_id AND p.through_position <= a.position
   GROUP BY a.book_id, a.position),
tail AS MATERIALIZED (
  SELECT l.account_id, l.effective_on, greatest(l.amount, 0) AS amount_in, greatest(-l.amount, 0) AS amount_out
    FROM run r JOIN ledger_seal s ON s.book_id = r.book_id AND s.position > r.through AND s.position <= r.position
    JOIN ledger_line l ON l.entry_id = s.entry_id),
moved AS (
  SELECT d.account_id, d.effective_on, d.amount_in, d.amount_out
    FROM run r JOIN ledger_daily_balance d ON d.book_id = r.book_id AND d.through_position <= r.through
  UNION ALL
  SELECT * FROM tail),
summed AS (
  SELECT account_id,
         coalesce(sum(amount_in - amount_out) FILTER (WHERE effective_on < %(since)s), 0) AS opening,
         coalesce(sum(amount_in) FILTER (WHERE %(since)s::date IS NULL OR effective_on >= %(since)s), 0) AS amount_in,
         coalesce(sum(amount_out) FILTER (WHERE %(since)s::date IS NULL OR effective_on >= %(since)s), 0) AS amount_out
    FROM moved
   WHERE %(through)s::date IS NULL OR effective_on <= %(through)s
   GROUP BY account_id),
standing AS (
  SELECT a.id, a.book_id, a.address, a.name, a.currency, a.gl_code, s.opening, s.amount_in, s.amount_out,
         s.opening + s.amount_in - s.amount_out AS closing
    FROM summed s JOIN ledger_account a ON a.id = s.account_id)
"""
_BY_CODE = """
SELECT currency, gl_code, '', sum(opening), sum(amount_in), sum(amount_out),
       sum(greatest(closing, 0)), sum(greatest(-closing, 0)), count(*)
  FROM standing GROUP BY currency, gl_code ORDER BY currency, gl_code
"""
_BY_PLACE = """
SELECT currency, gl_code, split_part(address, ':', 1) || ':' || split_part(address, ':', 2), sum(opening),
       sum(amount_in), sum(amount_out), sum(greatest(closing, 0)), sum(greatest(-closing, 0)), count(*)
  FROM standing WHERE gl_code = ANY(%(codes)s)
 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_BY_ACCOUNT = """
SELECT currency, gl_code, address, opening, amount_in, amount_out, greatest(closing, 0), greatest(-closing, 0),
       1, id, book_id, name
  FROM standing WHERE currency = %(currency)s ORDER BY gl_code, address, book_id
"""


class Movement(NamedTuple):
    """What some accounts of one GL code and currency had, took in and gave out; raw: in is positive.

    `credit` and `debit` add up the closing balances above and below zero, account by account. `what` is a place
    (`bank:ing`) or an address where rows were asked by it.
    """

    currency: str
    gl_code: str
    what: str
    opening: Money
    amount_in: Money
    amount_out: Money
    credit: Money
    debit: Money
    accounts: int
    account_id: int | None = None
    book_id: int | None = None
    name: str = ""

    @property
    def closing(self) -> Money:
        """The raw balance at the end."""
        return self.credit - self.debit


def movements_by_code(
    positions: Mapping[int, int], *, since: date | None = None, through: date | None = None
) -> list[Movement]:
    """By currency and GL code, over all of these books; only codes on which a line stands by then."""
    return _movements(_BY_CODE, positions, since, through)


def movements_by_place(
    positions: Mapping[int, int], codes: Sequence[str], *, through: date | None = None
) -> list[Movement]:
    """By currency, GL code and the first two segments of the address, of these codes alone."""
    return _movements(_BY_PLACE, positions, None, through, codes=list(codes))


def movements_by_account(
    positions: Mapping[int, int], currency: str, *, since: date | None = None, through: date | None = None
) -> Iterator[Movement]:
    """By account of one currency, in the order of GL code and address, as a stream."""
    found = stream(_MOVED + _BY_ACCOUNT, _names(positions, since, through, currency=currency))
    return (_movement(row) for row in found)


def _movements(
    query: str, positions: Mapping[int, int], since: date | None, through: date | None, **more: Any
) -> list[Movement]:
    with connection.cursor() as cursor:
        cursor.execute(_MOVED + query, _names(positions, since, through, **more))
        return [_movement(row) for row in cursor.fetchall()]


def _names(
    positions: Mapping[int, int], since: date | None, through: date | None, **more: Any
) -> dict[str, Any]:
    both = {"books": list(positions), "positions": list(positions.values())}
    return {**both, "since": since, "through": through, **more}


def _movement(row: tuple[Any, ...]) -> Movement:
    currency, gl_code, what = row[:3]
    opening, amount_in, amount_out, credit, debit = (Money(int(amount), currency) for amount in row[3:8])
    return Movement(currency, gl_code, what, opening, amount_in, amount_out, credit, debit, *row[8:])
