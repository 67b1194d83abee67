"""What a closing reported against what the books say of the same days now, and the lines that make the difference.

A change of periods has an ordinal of its own, above those of all entries posted before it and below all others. So
what was reported is what stands without the later ones, whether they have a position yet or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection

from apps.core import ids
from apps.core.money import Money
from apps.ledger.models import PeriodChange
from apps.ledger.queries.as_of import AsOf
from apps.ledger.queries.moved import moved, rows

LINES_SHOWN = 200

# Of the projected lines only those of accounts and runs are read that hold a day of the period after the closing.
_LATE = """
closing AS MATERIALIZED (
  SELECT ledger_position_before(%(book)s, %(ordinal)s) AS position,
         (SELECT coalesce(max(through_position), 0) FROM ledger_projection WHERE book_id = %(book)s) AS projected),
touched AS MATERIALIZED (
  SELECT DISTINCT d.account_id, d.through_position, d.through_sequence FROM ledger_daily_balance d
   WHERE d.book_id = %(book)s AND d.through_position > (SELECT position FROM closing) AND d.effective_on <= %(on)s),
late AS MATERIALIZED (
  SELECT l.account_id, l.sequence, l.entry_id, l.amount
    FROM touched t
   CROSS JOIN LATERAL (SELECT coalesce(max(d.through_sequence), 0) AS sequence FROM ledger_daily_balance d
                        WHERE d.account_id = t.account_id AND d.through_position < t.through_position) before
   CROSS JOIN LATERAL (SELECT * FROM ledger_line x WHERE x.account_id = t.account_id AND x.effective_on <= %(on)s
                          AND x.sequence > before.sequence AND x.sequence <= t.through_sequence OFFSET 0) l
   CROSS JOIN LATERAL (SELECT FROM ledger_entry e WHERE e.id = l.entry_id AND e.ordinal > %(ordinal)s OFFSET 0) known
  UNION ALL
  SELECT l.account_id, l.sequence, l.entry_id, l.amount
    FROM ledger_seal s JOIN ledger_line l ON l.entry_id = s.entry_id
   WHERE s.book_id = %(book)s AND s.position > (SELECT greatest(position, projected) FROM closing)
     AND l.effective_on <= %(on)s
  UNION ALL
  SELECT l.account_id, l.sequence, l.entry_id, l.amount
    FROM ledger_entry e JOIN ledger_line l ON l.entry_id = e.id
   WHERE e.book_id = %(book)s AND e.ordinal > %(ordinal)s AND l.effective_on <= %(on)s
     AND e.ordinal > (SELECT coalesce(max(ordinal), 0) FROM ledger_seal))
"""
_SUMS = """
differs AS (SELECT account_id, sum(amount) AS amount, count(*) AS lines FROM late GROUP BY account_id),
raw AS (SELECT account_id, sum(amount_in - amount_out) AS raw FROM moved WHERE effective_on <= %(on)s GROUP BY account_id)
"""
_BY_GL_CODE = """
SELECT a.gl_code, '', NULL, a.currency, a.side, coalesce(sum(r.raw), 0), coalesce(sum(d.amount), 0), coalesce(sum(d.lines), 0)
  FROM ledger_account a LEFT JOIN raw r ON r.account_id = a.id LEFT JOIN differs d ON d.account_id = a.id
 WHERE a.book_id = %(book)s GROUP BY a.gl_code, a.currency, a.side ORDER BY a.currency, a.gl_code
"""
_BY_ACCOUNT = """
SELECT a.gl_code, a.address, a.id, a.currency, a.side, coalesce(r.raw, 0), d.amount, d.lines
  FROM differs d JOIN ledger_account a ON a.id = d.account_id LEFT JOIN raw r ON r.account_id = a.id
 WHERE (%(gl_code)s::text IS NULL OR a.gl_code = %(gl_code)s) AND (%(currency)s::text IS NULL OR a.currency = %(currency)s)
 ORDER BY a.currency, a.gl_code, a.address LIMIT %(count)s
"""
_LINES = """
SELECT e.id, e.reference, e.kind, e.description, e.effective_on, e.recorded_at, a.id, a.address, a.currency, a.side, n.amount
  FROM late n JOIN ledger_account a ON a.id = n.account_id JOIN ledger_entry e ON e.id = n.entry_id
 WHERE (%(gl_code)s::text IS NULL OR a.gl_code = %(gl_code)s) AND (%(currency)s::text IS NULL OR a.currency = %(currency)s)
 ORDER BY e.ordinal DESC, n.account_id, n.sequence DESC LIMIT %(count)s
"""
_NUMBERED = """
SELECT NOT EXISTS (SELECT FROM ledger_entry e WHERE e.book_id = %(book)s AND e.ordinal < %(ordinal)s
                      AND e.ordinal > (SELECT coalesce(max(ordinal), 0) FROM ledger_seal)),
       ledger_position_before(%(book)s, %(ordinal)s)
"""


class NothingReported(ValueError):
    """Only with a closing, begun or done, something was reported."""


@dataclass(frozen=True, slots=True)
class Restated:
    """A GL code, or an account with its address, as reported and as restated; raw amounts (in - out).

    `lines` is how many lines of it were posted for the reported days since.
    """

    gl_code: str
    address: str
    account_id: int | None
    side: int
    restated: Money
    difference: Money
    lines: int

    @property
    def currency(self) -> str:
        """The currency of all three."""
        return self.restated.currency

    @property
    def reported(self) -> Money:
        """The balance that the closing reported."""
        return self.restated - self.difference

    def shown(self, raw: Money) -> Money:
        """An amount as people read it on this side."""
        return raw if self.side > 0 else -raw


class LateLine(NamedTuple):
    """A line posted for the reported days since; `amount` as shown on the side of its account."""

    entry_id: str
    reference: str
    kind: str
    description: str
    effective_on: date
    recorded_at: datetime
    account_id: int
    address: str
    amount: Money


def reported_position(change: PeriodChange) -> int | None:
    """The last position that a change of periods knew; None until the sequencer has numbered it."""
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERED, {"book": change.book_id, "ordinal": change.ordinal})
        numbered, position = cursor.fetchone()
    return int(position) if numbered else None


def restatement(change: PeriodChange) -> list[Restated]:
    """Every GL code and currency of the book. It reads every account: not for a page that is polled."""
    return [_restated(row) for row in _ask(change, f"{moved(_through(change))},{_SUMS}{_BY_GL_CODE}")]


def restated_accounts(
    change: PeriodChange, *, gl_code: str | None = None, currency: str | None = None, size: int = 1_000
) -> list[Restated]:
    """The accounts on which anything was posted for the reported days since, at most so many."""
    late = "SELECT account_id FROM late"
    query = f"{moved(_through(change), accounts=late)},{_SUMS}{_BY_ACCOUNT}"
    return [_restated(row) for row in _ask(change, query, gl_code=gl_code, currency=currency, count=size)]


def late_lines(
    change: PeriodChange,
    *,
    gl_code: str | None = None,
    currency: str | None = None,
    size: int = LINES_SHOWN,
) -> Sequence[LateLine]:
    """The lines that make the difference, the newest first, at most so many; they add up to it."""
    found = _ask(change, _LINES.strip(), gl_code=gl_code, currency=currency, count=size)
    return [_late_line(*row) for row in found]


def _through(change: PeriodChange) -> AsOf:
    if change.reported_through is None:
        raise NothingReported(f"{change.pk} is no closing, so nothing was reported with it.")
    return AsOf(effective_on=change.reported_through)


def _ask(change: PeriodChange, query: str, **arguments: Any) -> list[tuple[Any, ...]]:
    separator = "" if query.startswith("SELECT") else ","
    text = f"WITH {_LATE}{separator}{query}"
    return rows(text, change.book_id, _through(change), ordinal=change.ordinal, **arguments)


def _restated(row: tuple[Any, ...]) -> Restated:
    gl_code, address, account_id, currency, side, restated, difference, lines = row
    return Restated(
        gl_code,
        address,
        account_id,
        side,
        Money(int(restated), currency),
        Money(int(difference), currency),
        int(lines),
    )


def _late_line(*row: Any) -> LateLine:
    entry, reference, kind, description, on, recorded_at, account_id, address, currency, side, raw = row
    amount = Money(int(raw) * side, currency)
    return LateLine(
        ids.encode("je", entry), reference, kind, description, on, recorded_at, account_id, address, amount
    )
