"""The accounts of a book as a tree of address segments, a page of children at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db import connection

PAGE = 50

# Children are found by jumping along the index on (book, address, currency), one probe each; ';' is the
# character after ':', and no address holds it, so "a;" is past everything below "a".
CHILDREN = """
WITH RECURSIVE child(n, address) AS (
  (SELECT 1, address FROM ledger_account
    WHERE book_id = %(book)s AND address > %(after)s AND address < %(end)s ORDER BY address LIMIT 1)
  UNION ALL
  SELECT n + 1, (SELECT a.address FROM ledger_account a
                  WHERE a.book_id = %(book)s AND a.address < %(end)s AND a.address >
                        CASE WHEN strpos(tail, ':') > 0 THEN %(prefix)s || split_part(tail, ':', 1) || ';'
                             ELSE child.address END
                  ORDER BY a.address LIMIT 1)
    FROM child CROSS JOIN LATERAL substr(child.address, %(start)s) tail
   WHERE child.address IS NOT NULL AND n <= %(size)s),
node AS MATERIALIZED (
  SELECT n, address, split_part(substr(address, %(start)s), ':', 1) AS segment,
         strpos(substr(address, %(start)s), ':') > 0 AS is_branch
    FROM child WHERE address IS NOT NULL)
SELECT n.n, %(prefix)s || n.segment, n.segment, n.is_branch, t.*
  FROM node n CROSS JOIN LATERAL (
    SELECT a.currency, sum(b.balance), count(*), min(a.side), max(a.side), min(a.id), min(a.name),
           bool_or(b.closed), bool_or(b.frozen_in_until IS NOT NULL OR b.frozen_out_until IS NOT NULL)
      FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
     WHERE a.book_id = %(book)s
       AND a.address >= CASE WHEN n.is_branch THEN %(prefix)s || n.segment || ':' ELSE n.address END
       AND a.address <= CASE WHEN n.is_branch THEN %(prefix)s || n.segment || ';' ELSE n.address END
     GROUP BY a.currency) t
 ORDER BY n.n, t.currency
"""


@dataclass(frozen=True, slots=True)
class Total:
    """What some accounts of one currency hold together: as shown, or raw where their sides differ."""

    currency: str
    raw: int
    accounts: int
    low_side: int
    high_side: int
    account_id: int | None = None

    @property
    def is_mixed(self) -> bool:
        """Whether debit-normal and credit-normal accounts are added here."""
        return self.low_side != self.high_side

    @property
    def shown(self) -> int:
        """The sum as people read it."""
        return self.raw if self.is_mixed else self.raw * self.high_side


@dataclass(frozen=True, slots=True)
class Node:
    """A segment: either an account (one for each currency) or a branch with accounts below it."""

    path: str
    segment: str
    is_branch: bool
    name: str
    closed: bool
    frozen: bool
    totals: list[Total] = field(default_factory=list)

    @property
    def accounts(self) -> int:
        """How many accounts are in it."""
        return sum(total.accounts for total in self.totals)

    @property
    def cursor(self) -> str:
        """Where the next sibling is looked for."""
        return f"{self.path};" if self.is_branch else self.path


def children(book_id: int, under: str = "", after: str = "") -> tuple[list[Node], str | None]:
    """Some children of an address in its book, and the cursor of those that follow."""
    prefix = f"{under}:" if under else ""
    names: Mapping[str, Any] = {
        "book": book_id,
        "prefix": prefix,
        "start": len(prefix) + 1,
        "after": max(after, prefix),
        "end": f"{under};" if under else "~",
        "size": PAGE,
    }
    with connection.cursor() as cursor:
        cursor.execute(CHILDREN, names)
        nodes = list(_nodes(cursor.fetchall()))
    if len(nodes) > PAGE:
        return nodes[:PAGE], nodes[PAGE - 1].cursor
    return nodes, None


def _nodes(rows: list[tuple[Any, ...]]) -> Iterator[Node]:
    for (_, path, segment, is_branch), group in groupby(rows, key=lambda row: row[:4]):
        each = list(group)
        totals = [
            Total(currency, int(raw), accounts, low, high, None if is_branch else account_id)
            for currency, raw, accounts, low, high, account_id in (row[4:10] for row in each)
        ]
        yield Node(
            path,
            segment,
            is_branch,
            name="" if is_branch else each[0][10],
            closed=not is_branch and all(row[11] for row in each),
            frozen=not is_branch and any(row[12] for row in each),
            totals=totals,
        )
