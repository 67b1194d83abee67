"""The trial balance of a book: every balance in its debit or its credit column, and both columns equal."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from apps.core.money import Money
from apps.ledger.queries.as_of import NOW, AsOf
from apps.ledger.queries.moved import moved, rows

# Now it is the sum of the balances; as of another time, of what moved until then.
_NOW = "raw AS (SELECT account_id, balance AS raw FROM ledger_balance WHERE book_id = %(book)s)"
_THEN = """
raw AS (
  SELECT account_id, sum(amount_in - amount_out) AS raw FROM moved
   WHERE %(on)s::date IS NULL OR effective_on <= %(on)s GROUP BY account_id)
"""
_BY = {
    "gl_code": """
SELECT a.currency, a.gl_code, '', a.side, count(*), coalesce(sum(r.raw), 0)
  FROM ledger_account a LEFT JOIN raw r ON r.account_id = a.id
 WHERE a.book_id = %(book)s GROUP BY a.currency, a.gl_code, a.side ORDER BY a.currency, a.gl_code, a.side
""",
    "account": """
SELECT a.currency, a.gl_code, a.address, a.side, 1, coalesce(r.raw, 0)
  FROM ledger_account a LEFT JOIN raw r ON r.account_id = a.id
 WHERE a.book_id = %(book)s ORDER BY a.currency, a.gl_code, a.address
""",
}


@dataclass(frozen=True, slots=True)
class TrialRow:
    """What the accounts of one GL code and side hold, or one account with its address."""

    gl_code: str
    address: str
    side: int
    accounts: int
    raw: Money

    @property
    def debit(self) -> Money | None:
        """The debit column."""
        return -self.raw if self.raw.is_negative else None

    @property
    def credit(self) -> Money | None:
        """The credit column."""
        return self.raw if self.raw.is_positive else None


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """The trial balance of a book in one currency."""

    currency: str
    rows: Sequence[TrialRow]

    @property
    def debits(self) -> Money:
        """The total of the debit column."""
        return sum((row.debit for row in self.rows if row.debit), Money.zero(self.currency))

    @property
    def credits(self) -> Money:
        """The total of the credit column."""
        return sum((row.credit for row in self.rows if row.credit), Money.zero(self.currency))

    @property
    def difference(self) -> Money:
        """Zero, or the books are broken."""
        return self.credits - self.debits


def trial_balances(
    book_id: int, *, as_of: AsOf = NOW, by: Literal["gl_code", "account"] = "gl_code"
) -> list[TrialBalance]:
    """The trial balance of a book, one for each currency. It reads every account: not for a page that is polled."""
    source = _NOW if as_of.is_now else f"{moved(as_of)},{_THEN}"
    found = rows(f"WITH {source}{_BY[by]}", book_id, as_of)
    return [
        TrialBalance(currency, [_row(row) for row in group])
        for currency, group in groupby(found, key=lambda row: str(row[0]))
    ]


def _row(row: tuple[Any, ...]) -> TrialRow:
    currency, gl_code, address, side, accounts, raw = row
    return TrialRow(gl_code, address, side, accounts, Money(int(raw), currency))
