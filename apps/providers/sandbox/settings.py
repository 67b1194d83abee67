"""What control may set: delays, rates, currencies, limits, and where webhooks go."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.providers.sandbox.amounts import ONE, NotAnAmount, exact, told
from apps.providers.sandbox.desks import DESKS
from apps.providers.sandbox.errors import wrong
from apps.providers.sandbox.instants import span

CURRENCIES = {
    **dict.fromkeys(("EUR", "USD", "GBP", "CHF", "PLN", "CZK", "SEK", "DKK", "NOK"), 2),
    "JPY": 0,
    **dict.fromkeys(("USDC", "USDT", "EURC"), 6),
    "BTC": 8,
    "SOL": 9,
    "ETH": 18,
}
RATES = {
    **{"EUR/USD": "1.08", "USD/EUR": "0.92", "EUR/GBP": "0.85", "GBP/EUR": "1.17", "USD/GBP": "0.79"},
    **{"EUR/USDC": "1.08", "USDC/EUR": "0.92", "USD/USDC": "1", "USDC/USD": "1", "EUR/USDT": "1.08"},
    **{"USDT/EUR": "0.92", "USD/USDT": "1", "USDT/USD": "1", "USDC/USDT": "1", "USDT/USDC": "1"},
    **{"EUR/BTC": "0.00001", "BTC/EUR": "99000", "EUR/ETH": "0.0003", "ETH/EUR": "3300"},
    **{"USDC/BTC": "0.0000095", "BTC/USDC": "105000", "USDC/ETH": "0.00028", "ETH/USDC": "3500"},
}


@dataclass
class Webhook:
    """Where events go: the first pause of the ladder and the patience in milliseconds."""

    url: str | None = None
    secret: str = "sandbox"  # noqa: S105
    ladder: int = 500
    tries: int = 8
    timeout: int = 5_000


@dataclass
class Limit:
    """What a desk takes at most: in one order by currency, and orders in a second."""

    largest: dict[str, int] = field(default_factory=dict)
    per_second: int | None = None


@dataclass
class Settings:
    """All settings, as the process started with them or as control set them."""

    delays: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DESKS, 300))
    instant: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(DESKS, False))
    currencies: dict[str, int] = field(default_factory=lambda: dict(CURRENCIES))
    rates: dict[str, int] = field(default_factory=lambda: {pair: exact(rate) for pair, rate in RATES.items()})
    limits: dict[str, Limit] = field(default_factory=dict)
    webhook: Webhook = field(default_factory=Webhook)

    def digits(self, currency: str) -> int:
        """The digits after the point; refused if there is no such currency."""
        found = self.currencies.get(currency.partition(":")[0])
        if found is None:
            raise wrong("unsupported_currency", f"There is no currency {currency[:20]!r} here.")
        return found

    def told(self, units: int | str | None, currency: str) -> str | None:
        """An amount as it is written in answers."""
        return None if units is None else told(int(units), self.digits(currency))

    def rate(self, given: str, taken: str) -> int | None:
        """What one unit of the one costs in the other; None if nobody said. A bridge may take its share of the same."""
        return self.rates.get(f"{given}/{taken}", ONE if given == taken else None)

    def change(self, given: Mapping[str, Any]) -> None:
        """Set what is given and leave the rest; refused as `bad_settings` without a change."""
        try:
            changed = {name: _READ[name](self, value) for name, value in given.items()}
        except KeyError as error:
            raise wrong("bad_settings", f"There is no setting {error}.") from None
        except (ValueError, TypeError, AttributeError) as error:
            raise wrong("bad_settings", f"{error}.") from None
        for name, value in changed.items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        """The settings as `change` takes them."""
        return {
            "delays": {desk: delay / 1000 for desk, delay in self.delays.items()},
            "instant": self.instant,
            "currencies": self.currencies,
            "rates": {pair: told(rate, 0) for pair, rate in self.rates.items()},
            "limits": {
                desk: {
                    "largest": {currency: told(units, 0) for currency, units in limit.largest.items()},
                    "per_second": limit.per_second,
                }
                for desk, limit in self.limits.items()
            },
            "webhook": {
                **vars(self.webhook),
                "ladder": self.webhook.ladder / 1000,
                "timeout": self.webhook.timeout / 1000,
            },
        }


def _desk(name: str) -> str:
    if name not in DESKS:
        raise ValueError(f"There is no desk {name!r}")
    return name


def _whole(value: Any, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{value!r} is no whole number from {least} to {most}")
    return value


def _delays(now: Settings, given: Any) -> dict[str, int]:
    desks = given if isinstance(given, dict) else dict.fromkeys(DESKS, given)
    return now.delays | {_desk(desk): span(seconds) for desk, seconds in desks.items()}


def _instant(now: Settings, given: Any) -> dict[str, bool]:
    desks = given if isinstance(given, dict) else dict.fromkeys(DESKS, given)
    return now.instant | {_desk(desk): value is True for desk, value in desks.items()}


def _currencies(now: Settings, given: Any) -> dict[str, int]:
    return now.currencies | {str(code): _whole(digits, 0, 18) for code, digits in given.items()}


def _rates(now: Settings, given: Any) -> dict[str, int]:
    found = {str(pair): exact(rate) for pair, rate in given.items()}
    for pair, rate in found.items():
        if rate <= 0 or pair.count("/") != 1:
            raise NotAnAmount(f"{pair} is no pair such as EUR/USDC with a rate above zero")
    return now.rates | found


def _limits(now: Settings, given: Any) -> dict[str, Limit]:
    return now.limits | {_desk(desk): _limit(limit) for desk, limit in given.items()}


def _limit(given: Any) -> Limit:
    rate = given.get("per_second")
    return Limit(
        {str(currency): exact(units) for currency, units in given.get("largest", {}).items()},
        None if rate is None else _whole(rate, 0, 1_000_000),
    )


def _webhook(now: Settings, given: Any) -> Webhook:
    read: dict[str, Callable[[Any], Any]] = {
        "url": lambda url: None if url is None else str(url),
        "secret": str,
        "ladder": span,
        "tries": lambda count: _whole(count, 1, 100),
        "timeout": span,
    }
    return Webhook(**vars(now.webhook) | {name: read[name](value) for name, value in given.items()})


_READ = {
    "delays": _delays,
    "instant": _instant,
    "currencies": _currencies,
    "rates": _rates,
    "limits": _limits,
    "webhook": _webhook,
}
