"""What a provider has of ours, as pages show it: each currency with whether it is enough."""

from dataclasses import dataclass
from datetime import datetime

from apps.core.money import Money
from apps.providers.models import Provider


@dataclass(frozen=True, slots=True)
class Having:
    """One currency: what is there and, where that is too little, what should be, since when, and why so much."""

    balance: Money
    least: Money | None = None
    since: datetime | None = None
    because: str = ""


def havings(provider: Provider) -> list[Having]:
    """All currencies that it told of, by code, and those of which it should have some."""
    health = getattr(provider, "health", None)
    if health is None:
        return []
    codes = sorted({*health.balances, *health.low})
    return [_having(code, health.balances.get(code, "0"), health.low.get(code)) for code in codes]


def _having(code: str, amount: str, low: dict[str, str] | None) -> Having:
    balance = Money.parse(amount, code)
    if low is None:
        return Having(balance)
    since = datetime.fromisoformat(low["since"])
    return Having(balance, Money.parse(low["least"], code), since, low["because"])
