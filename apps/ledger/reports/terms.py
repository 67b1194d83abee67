"""What is owed for a term: apps above say which balances are not due on demand."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from apps.core.money import Money
from apps.ledger.reports.asking import Asked


@dataclass(frozen=True, slots=True)
class Term:
    """A part of what is owed, and the day from which on it is due."""

    amount: Money
    due: date


Source: TypeAlias = Callable[[Asked], Iterable[Term]]
"""The terms at the positions and by the last day that are asked, so that they are the same whenever that is."""

ON_DEMAND = "on demand"
WITHIN = (7, 30, 90)
"""Days, each a bucket that ends there; what is due after the last of them is later."""

_sources: dict[str, Source] = {}


def register(gl_code: str, source: Source) -> None:
    """A higher app knows when what stands at a GL account is due."""
    _sources[gl_code] = source


def terms_of(asked: Asked, gl_codes: Iterable[str]) -> dict[str, list[Term]]:
    """By GL account, of those of which somebody knows any."""
    return {code: list(_sources[code](asked)) for code in gl_codes if code in _sources}


def by_maturity(amount: Money, terms: Iterable[Term], on: date) -> Iterator[tuple[str, Money]]:
    """An amount in its buckets, the soonest first; what has no term is due on demand."""
    zero = amount - amount
    found = {maturity: zero for maturity in (ON_DEMAND, *map(_within, WITHIN), _LATER)}
    for term in terms:
        if term.amount.currency == amount.currency:
            found[_maturity(term.due, on)] += term.amount
    found[ON_DEMAND] += amount - sum(found.values(), zero)
    return ((maturity, part) for maturity, part in found.items() if not part.is_zero)


def _maturity(due: date, on: date) -> str:
    days = (due - on).days
    if days <= 0:
        return ON_DEMAND
    return next((_within(limit) for limit in WITHIN if days <= limit), _LATER)


def _within(days: int) -> str:
    return f"within {days} days"


_LATER = f"after {WITHIN[-1]} days"
