"""The values of the language: how they are read from a caller's words, and how they are written."""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

LONGEST_ACCOUNT = 500
LONGEST_NUMBER = 4_000
"""Digits of a number."""

LONGEST_PORTION = 40
"""Digits of each half of a portion."""

ACCOUNT = re.compile(r"[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)*")
ASSET = re.compile(r"[A-Z][A-Z0-9]*(/[0-9]{1,6})?")
NUMBER = re.compile(r"-?[0-9]+")
PERCENTAGE = re.compile(r"([0-9]+)(?:\.([0-9]+))?%")
RATIO = re.compile(r"([0-9]+) ?/ ?([0-9]+)")


class Monetary(NamedTuple):
    """An amount in the smallest unit of its asset."""

    asset: str
    amount: int


Value: TypeAlias = str | int | Fraction | Monetary

TYPES = ("account", "asset", "monetary", "number", "portion", "string")


class BadValue(Exception):
    """Why words are no value of a type."""


def read(type_: str, given: Any) -> Value:
    """A value of a type from JSON; BadValue says what it should look like.

    A number may also come as a JSON number, a monetary also as an object with `asset` and `amount`. A Monetary and
    a Fraction are taken as they are.
    """
    if type_ in _PYTHON_TYPES and isinstance(given, _PYTHON_TYPES[type_]):
        return given
    if type_ == "monetary" and isinstance(given, Mapping):
        return _monetary_of(given)
    if type_ == "number" and isinstance(given, int) and not isinstance(given, bool):
        given = _digits_of(given)
    if not isinstance(given, str):
        raise BadValue(f"a {type_} is given as a text")
    return _READERS[type_](given)


def _account(text: str) -> str:
    if len(text) > LONGEST_ACCOUNT or not ACCOUNT.fullmatch(text):
        raise BadValue(
            f"{_shown(text)} is no account: segments of letters, digits, _ and -, joined by colons,"
            f" at most {LONGEST_ACCOUNT} characters"
        )
    return text


def _asset(text: str) -> str:
    if len(text) > LONGEST_ACCOUNT or not ASSET.fullmatch(text):
        raise BadValue(f"{_shown(text)} is no asset such as USD/2")
    return text


def _number(text: str) -> int:
    if len(text) > LONGEST_NUMBER or not NUMBER.fullmatch(text):
        raise BadValue(f"{_shown(text)} is no number of at most {LONGEST_NUMBER} digits")
    return int(text)


def _monetary(text: str) -> Monetary:
    asset, _, amount = text.partition(" ")
    return Monetary(_asset(asset), _number(amount))


def _monetary_of(given: Mapping[str, Any]) -> Monetary:
    if given.keys() != {"asset", "amount"}:
        raise BadValue("a monetary has an asset and an amount")
    return _monetary(f"{read('asset', given['asset'])} {read('number', given['amount'])}")


def _portion(text: str) -> Fraction:
    match = RATIO.fullmatch(text) or PERCENTAGE.fullmatch(text) if len(text) <= 3 * LONGEST_PORTION else None
    if match is None:
        raise BadValue(f"{_shown(text)} is no portion such as 1/3 or 12.5%")
    return fraction(percentage(text) if text.endswith("%") else (int(match[1]), int(match[2])))


def percentage(text: str) -> tuple[int, int]:
    """Numerator and denominator of a percentage."""
    whole, _, decimals = text.removesuffix("%").partition(".")
    return int(whole + decimals), 10 ** (len(decimals) + 2)


def fraction(ratio: tuple[int, int]) -> Fraction:
    """A portion from 0 to 1; BadValue if it is none."""
    numerator, denominator = ratio
    if not denominator:
        raise BadValue("a portion cannot be divided by zero")
    if max(abs(numerator), abs(denominator)) >= 10**LONGEST_PORTION:
        raise BadValue(f"a portion has at most {LONGEST_PORTION} digits above and below")
    portion = Fraction(numerator, denominator)
    if not 0 <= portion <= 1:
        raise BadValue("a portion is from 0 to 1, which is 100%")
    return portion


def _string(text: str) -> str:
    return text


_PYTHON_TYPES: dict[str, type[Monetary] | type[Fraction]] = {"monetary": Monetary, "portion": Fraction}
_READERS: dict[str, Callable[[str], Value]] = {
    "account": _account,
    "asset": _asset,
    "monetary": _monetary,
    "number": _number,
    "portion": _portion,
    "string": _string,
}


def written(value: Value) -> str:
    """A value as metadata keeps it: `USD/2 100`, `1/8`, `42`."""
    if isinstance(value, Monetary):
        return f"{value.asset} {_digits_of(value.amount)}"
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    return value if isinstance(value, str) else _digits_of(value)


def _digits_of(number: int) -> str:
    if abs(number) >= 10**LONGEST_NUMBER:
        raise BadValue(f"a number has at most {LONGEST_NUMBER} digits")
    return str(number)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")
