"""How well providers answer, from what was asked of them and what they said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from apps.core import arrays, ids
from apps.core.money import Money

MOST: Final = 20_000
"""Calls of one provider that are looked at, the latest: figures of more would take too long to be looked at often."""

OPEN: Final = timedelta(minutes=2)
"""How long a call may be without an answer before that counts against the provider."""

# A failure is what the circuit breaker counts: no answer, an unknown outcome, or a refusal for the provider's own trouble.
_FIGURES: Final = """
SELECT p.id, count(l.id), count(*) FILTER (WHERE l.well), count(l.took),
       percentile_disc(0.95) WITHIN GROUP (ORDER BY l.took)
  FROM unnest(%(providers)s::uuid[]) p(id)
  LEFT JOIN LATERAL (
    SELECT a.id, w.took,
           w.outcome IS NOT NULL AND (w.code IN ('insufficient_funds', 'DOUBTFUL') OR w.outcome <> 'unknown'
           AND NOT (w.outcome = 'not_accepted' AND (w.reply ->> 'transient')::boolean)) AS well
      FROM providers_attempt a LEFT JOIN providers_answer w ON w.attempt_id = a.id
     WHERE a.provider_id = p.id AND a.id >= %(first)s::uuid AND a.started_at >= %(since)s
       AND (w.attempt_id IS NOT NULL OR a.started_at < %(open)s)
     ORDER BY a.id DESC LIMIT %(most)s) l ON true
 GROUP BY p.id
"""
_OUTFLOW: Final = """
SELECT a.provider_id, a.sent ->> 'currency', sum((a.sent ->> 'amount')::numeric)
  FROM unnest(%(providers)s::uuid[]) p(id)
  JOIN providers_attempt a ON a.provider_id = p.id AND a.id >= %(first)s::uuid AND a.started_at >= %(since)s
  LEFT JOIN providers_answer w ON w.attempt_id = a.id
 WHERE a.action = 'submit' AND coalesce(w.outcome, 'unknown') IN ('accepted', 'completed', 'unknown')
 GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Calls of a provider in a span: how many, how many went well, and in how many milliseconds 95 of 100 are answered."""

    calls: int
    well: int
    answered: int
    p95: int | None

    @property
    def success(self) -> Decimal | None:
        """The share that went well, in percent to a tenth; None without a call."""
        return (Decimal(100 * self.well) / self.calls).quantize(Decimal("0.1")) if self.calls else None

    @property
    def is_capped(self) -> bool:
        """Whether there were more, of which these are the latest."""
        return self.calls >= MOST


def figures(providers: Iterable[str], *, since: datetime, now: datetime) -> dict[str, Figures]:
    """The figures of each provider by id, since then."""
    rows = _asked(_FIGURES, providers, since, {"open": now - OPEN, "most": MOST})
    return {ids.encode("pvd", row[0]): Figures(*row[1:]) for row in rows}


def outflow(providers: Iterable[str], *, since: datetime) -> dict[str, dict[str, Money]]:
    """By provider and currency what it was sent and did not refuse, since then."""
    found: dict[str, dict[str, Money]] = {}
    for provider, currency, amount in _asked(_OUTFLOW, providers, since, {}):
        found.setdefault(ids.encode("pvd", provider), {})[currency] = Money.parse(str(amount), currency)
    return found


def _asked(
    statement: str, providers: Iterable[str], since: datetime, more: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    wanted = arrays.texts([ids.stored("pvd", each) for each in providers])
    first = ids.stored("ptm", ids.first_at("ptm", since))
    with connection.cursor() as cursor:
        cursor.execute(statement, {"providers": wanted, "first": first, "since": since, **more})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
