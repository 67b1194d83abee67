"""The currencies that exist here: fixtures/currencies.json, read once."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from apps.core.errors import DomainError

FIXTURE = Path(__file__).resolve().parents[2] / "fixtures" / "currencies.json"


class CurrencyUnknown(DomainError):
    """No such currency in the fixture."""

    code = "CURRENCY_UNKNOWN"


class MinorUnit(NamedTuple):
    """What one minor unit is called, and many."""

    one: str
    many: str


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency and its exponent: the number of digits after the point, declared here and nowhere else."""

    code: str
    numeric: str | None
    name: str
    symbol: str
    minor_unit: MinorUnit | None
    exponent: int
    kind: Literal["fiat", "crypto"]


def currency(code: str) -> Currency:
    """The currency of this code, or CurrencyUnknown."""
    try:
        return _CURRENCIES[code]
    except (KeyError, TypeError):
        raise CurrencyUnknown(
            f"There is no currency {str(code)[:20]!r}; use a code such as EUR or USDC, in capitals."
        ) from None


def is_known(code: str) -> bool:
    """Whether there is a currency of this code."""
    return code in _CURRENCIES


def all_currencies() -> tuple[Currency, ...]:
    """Every currency, by code."""
    return tuple(_CURRENCIES.values())


def _read(row: dict[str, Any]) -> Currency:
    minor_unit = row["minor_unit"]
    return Currency(**row | {"minor_unit": minor_unit and MinorUnit(**minor_unit)})


_CURRENCIES = {row["code"]: _read(row) for row in json.loads(FIXTURE.read_text(encoding="utf-8"))}
