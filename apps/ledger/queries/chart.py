"""The chart of accounts as the database holds it: where an address stands, and whether it is still the file's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count

from apps.ledger.chart import Chart, ChartAccount, ChartPattern, Difference, difference, read_chart
from apps.ledger.models import Account, AddressPattern, GlAccount

_PLACE = """
SELECT g.code, g.name, g.type, g.side, g.currencies, EXISTS (SELECT FROM ledger_glaccount c WHERE c.parent_id = g.code),
       p.pattern, coalesce(p.names_holds, false)
  FROM (SELECT ledger_pattern_of(%s) AS pattern) best
  LEFT JOIN ledger_addresspattern p ON p.pattern = best.pattern
  JOIN ledger_glaccount g ON g.code = coalesce(p.gl_code, %s)
"""

_MISPLACED = """
WITH wanted AS (SELECT * FROM unnest(%s::text[], %s::text[], %s::boolean[]) w(pattern, gl_code, names_holds))
SELECT w.pattern, w.gl_code, a.gl_code, min(a.address), count(*)
  FROM ledger_account a CROSS JOIN LATERAL (
    SELECT * FROM wanted w WHERE ledger_address_fits(a.address, w.pattern) ORDER BY pattern COLLATE "C" DESC LIMIT 1) w
 WHERE EXISTS (SELECT FROM unnest(%s::text[]) touched WHERE ledger_address_fits(a.address, touched))
   AND (w.gl_code, w.names_holds) <> (a.gl_code, a.names_holds)
 GROUP BY w.pattern, w.gl_code, a.gl_code ORDER BY w.pattern, a.gl_code
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A GL account as the accounts of an address would carry it; `pattern` is what put them there, if one did."""

    code: str
    name: str
    type: str
    side: int
    currencies: Sequence[str]
    is_heading: bool
    pattern: str | None
    names_holds: bool


def place_of(address: str, gl_code: str | None = None) -> Place | None:
    """Where the chart puts an address; if no pattern knows it, the GL account of this code."""
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, [address, gl_code])
        row = cursor.fetchone()
    return Place(*row) if row else None


def stored_chart() -> Chart:
    """The chart in the database."""
    accounts = GlAccount.objects.values_list("code", "name", "type", "side", "currencies", "parent_id")
    patterns = AddressPattern.objects.values_list("pattern", "gl_account_id", "names_holds")
    return Chart(
        accounts={
            code: ChartAccount(code, name, type_, side, tuple(currencies), parent)
            for code, name, type_, side, currencies, parent in accounts
        },
        patterns={pattern: ChartPattern(pattern, code, holds) for pattern, code, holds in patterns},
    )


def chart_drift() -> Difference:
    """What `ledger.rebuild_coa` would do: empty while the database has the file's chart."""
    return difference(stored_chart(), read_chart())


def carried() -> dict[str, int]:
    """How many accounts carry each GL code. It counts all accounts."""
    rows = Account.objects.order_by("gl_code").values_list("gl_code").annotate(accounts=Count("pk"))
    return dict(rows)


@dataclass(frozen=True, slots=True)
class Misplaced:
    """Accounts of one GL code that a pattern would put to another one, or to other holds; the first address."""

    pattern: str
    wanted: str
    gl_code: str
    address: str
    accounts: int


def misplaced(wanted: Chart, touched: Sequence[str]) -> list[Misplaced]:
    """Which accounts would stand elsewhere in a chart, of those that fit one of the touched patterns."""
    patterns = wanted.patterns.values()
    columns: list[list[Any]] = [
        [pattern.pattern for pattern in patterns],
        [pattern.gl_code for pattern in patterns],
        [pattern.names_holds for pattern in patterns],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_MISPLACED, [*columns, list(touched)])
        return [Misplaced(*row) for row in cursor.fetchall()]
