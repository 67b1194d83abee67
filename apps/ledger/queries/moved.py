"""What moved on each account and day of a book, as SQL: the projected rows, and the lines since the last run."""

from typing import Any

from django.db import connection

from apps.ledger.queries.as_of import AsOf

_RUN = """
run AS (
  SELECT coalesce(max(through_position), 0) AS through FROM ledger_projection
   WHERE book_id = %(book)s AND through_position <= %(position)s)
"""
_PROJECTED = """
SELECT d.account_id, d.effective_on, d.amount_in, d.amount_out FROM ledger_daily_balance d
 WHERE d.book_id = %(book)s AND d.through_position <= (SELECT through FROM run)
"""
_SEALED = """
SELECT l.account_id, l.effective_on, greatest(l.amount, 0), greatest(-l.amount, 0)
  FROM ledger_seal s JOIN ledger_line l ON l.entry_id = s.entry_id
 WHERE s.book_id = %(book)s AND s.position > (SELECT through FROM run) AND s.position <= %(position)s
"""
_WAITING = """
SELECT l.account_id, l.effective_on, greatest(l.amount, 0), greatest(-l.amount, 0)
  FROM ledger_entry e JOIN ledger_line l ON l.entry_id = e.id
 WHERE e.book_id = %(book)s AND e.ordinal > (SELECT coalesce(max(ordinal), 0) FROM ledger_seal)
"""
_EVERY = 2**63 - 1


def moved(as_of: AsOf, *, accounts: str = "") -> str:
    """Two common table expressions, of which `moved` has account_id, effective_on, amount_in and amount_out.

    `accounts` is a query of the ids of accounts, if not all of the book are wanted.
    """
    tail = f"{_SEALED} UNION ALL {_WAITING}" if as_of.position is None else _SEALED
    only = f"account_id IN ({accounts})" if accounts else "true"
    # The lines since the last run are few: they are found first, and then looked through for the accounts.
    return f"""{_RUN}, tail (account_id, effective_on, amount_in, amount_out) AS MATERIALIZED ({tail}),
moved AS ({_PROJECTED} AND {only} UNION ALL SELECT * FROM tail WHERE {only})"""


def rows(query: str, book_id: int, as_of: AsOf, **arguments: Any) -> list[tuple[Any, ...]]:
    """The answer of a query over `moved`; it is short, and costs what the book has of accounts and days."""
    position = _EVERY if as_of.position is None else as_of.position
    with connection.cursor() as cursor:
        cursor.execute(query, {"book": book_id, "position": position, "on": as_of.effective_on, **arguments})
        answer: list[tuple[Any, ...]] = cursor.fetchall()
        return answer
