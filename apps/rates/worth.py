"""What an amount is worth, for the approval policies."""

from apps.core.money import Money
from apps.operations.facts import THRESHOLDS
from apps.operations.plan import Context
from apps.rates.queries import Rates, rates


def in_dollars(context: Context, amount: Money) -> Money | None:
    """What an amount is worth at this moment; None without a rate. One query for a batch and currency."""
    if amount.currency == THRESHOLDS:
        return amount
    wanted = (THRESHOLDS, amount.currency)
    known: Rates | None = context.shared.get(wanted)
    if known is None:
        known = context.shared[wanted] = rates(on=context.now, currencies=wanted)
    return known.convert(amount, THRESHOLDS)
