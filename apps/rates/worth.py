"""What an amount is worth, for the approval policies."""

from datetime import date, datetime
from time import monotonic
from typing import Any, Final

from django.db.backends.signals import connection_created

from apps.core.money import Money
from apps.operations.facts import THRESHOLDS
from apps.operations.plan import Context
from apps.rates.queries import Rates, day_of, rates

KEPT_FOR: Final = 10
"""Seconds for which a process keeps a currency's rate: a threshold may be as much behind what was just published."""

_kept: dict[str, tuple[date, float, Rates]] = {}


def in_dollars(context: Context, amount: Money) -> Money | None:
    """What an amount is worth at this moment; None without a rate. A batch has one rate of a currency."""
    if amount.currency == THRESHOLDS:
        return amount
    wanted = (THRESHOLDS, amount.currency)
    known: Rates | None = context.shared.get(wanted)
    if known is None:
        known = context.shared[wanted] = _rates(amount.currency, context.now)
    return known.convert(amount, THRESHOLDS)


def forget(**_: Any) -> None:
    """Drop what is kept: other rates were loaded, or a new connection may lead to a restored database."""
    global _kept
    _kept = {}


def _rates(code: str, now: datetime) -> Rates:
    """The rates of a currency, read at most once in KEPT_FOR; if they are dropped meanwhile, what is read goes with them."""
    kept, day, at = _kept, day_of(now), monotonic()
    known = kept.get(code)
    if known is None or known[0] != day or known[1] < at:
        known = kept[code] = (day, at + KEPT_FOR, rates(on=now, currencies=(THRESHOLDS, code)))
    return known[2]


connection_created.connect(forget, dispatch_uid="forget-worth")
