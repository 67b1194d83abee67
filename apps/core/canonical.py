"""Canonical JSON: one text for one value, so that its hash means something."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from apps.core.money import Money

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_ATOMS = frozenset({str, int, bool, type(None)})


def canonical_json(value: Any) -> str:
    """The value as JSON with sorted keys and no whitespace; TypeError for what has no single exact text.

    Money becomes amount and currency, an instant UTC with microseconds, a Decimal its plain digits.
    """
    _refuse_inexact(value)
    return encode(value, represent)


def encode(value: Any, default: Callable[[Any], Any]) -> str:
    """JSON with sorted keys and no whitespace; `default` represents what JSON does not know."""
    try:
        return orjson.dumps(value, default, _OPTIONS).decode()
    except orjson.JSONEncodeError:
        # Integers beyond 64 bits, which it does not write; all else it refuses is refused here as well.
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=default
        )


def fingerprint(value: Any) -> bytes:
    """The SHA-256 digest of the canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).digest()


def differing_fields(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """The dotted paths, such as `legs.0.amount`, at which two JSON objects differ."""
    return sorted(_differences(a, b, ""))


def _differences(a: Any, b: Any, path: str) -> list[str]:
    left, right = _children(a), _children(b)
    if left is None or right is None or type(a) is not type(b):
        return [] if type(a) is type(b) and a == b else [path]
    prefix = f"{path}." if path else ""
    differences = [f"{prefix}{key}" for key in left.keys() ^ right.keys()]
    for key in left.keys() & right.keys():
        differences += _differences(left[key], right[key], f"{prefix}{key}")
    return differences


def _children(value: Any) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    return None


def _refuse_inexact(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("A float has no exact text; give a string, an int, a Decimal or Money.")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"The keys of a JSON object are strings, unlike {key!r}.")
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for item in value:
        if type(item) not in _ATOMS:
            _refuse_inexact(item)


def represent(value: Any) -> str | dict[str, str]:
    """One of our own values as JSON values; TypeError for what has no single exact text."""
    if isinstance(value, Money):
        return {"amount": value.decimal, "currency": value.currency}
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date | UUID) or (isinstance(value, time) and value.tzinfo is None):
        return str(value)
    if isinstance(value, Decimal):
        return _plain_digits(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON.")


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise TypeError(f"{value} has no time zone; an instant needs one.")
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain_digits(value: Decimal) -> str:
    if not value.is_finite() or value.as_tuple().exponent > 0:  # type: ignore[operator]
        raise TypeError(f"The Decimal {value} has no plain digits.")
    return f"{value:f}"
