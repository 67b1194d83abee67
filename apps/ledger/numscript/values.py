"""The values of the language: how they are read from a caller's words, and how they are written."""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias, cast

LONGEST_NAME = 500
"""Characters of an account or an asset."""

LONGEST_NUMBER = 4_000
"""Digits of a number. Python writes no more than 4,300."""

LONGEST_PORTION = 40
"""Digits of each half of a portion."""

_ACCOUNT = re.compile(r"[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)*")
_ASSET = re.compile(r"[A-Z][A-Z0-9]*(/[0-9]{1,6})?")
_NUMBER = re.compile(r"-?[0-9]+")
_PERCENTAGE = re.compile(r"[0-9]+(\.[0-9]+)?%")
_RATIO = re.compile(r"([0-9]+) ?/ ?([0-9]+)")
HALF_A_CHARACTER = re.compile(r"[\ud800-\udfff]")
_TOO_LARGE = 10**LONGEST_NUMBER


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

    A number may also come as a JSON number, a monetary also as an object with `asset` and `amount`; from Python
    a monetary as a Monetary and a portion as a Fraction.
    """
    if isinstance(given, str):
        return _READERS[type_](given)
    if type_ == "monetary":
        if isinstance(given, Monetary):
            return Monetary(given.asset, bounded(given.amount))
        if isinstance(given, Mapping):
            return _monetary_of(given)
    if type_ == "portion" and isinstance(given, Fraction):
        return fraction((given.numerator, given.denominator))
    if type_ == "number" and isinstance(given, int) and not isinstance(given, bool):
        return bounded(given)
    raise BadValue(f"{with_article(type_)} is given as a text")


def _account(text: str) -> str:
    if len(text) > LONGEST_NAME or not _ACCOUNT.fullmatch(text):
        raise BadValue(
            f"{_shown(text)} is no account: segments of letters, digits, _ and -, joined by colons,"
            f" at most {LONGEST_NAME} characters"
        )
    return text


def _asset(text: str) -> str:
    if len(text) > LONGEST_NAME or not _ASSET.fullmatch(text):
        raise BadValue(f"{_shown(text)} is no asset such as USD/2")
    return text


def _number(text: str) -> int:
    if len(text) > LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise BadValue(f"{_shown(text)} is no number of at most {LONGEST_NUMBER} digits")
    return int(text)


def _monetary(text: str) -> Monetary:
    asset, _, amount = text.partition(" ")
    return Monetary(_asset(asset), _number(amount))


def _monetary_of(given: Mapping[str, Any]) -> Monetary:
    if given.keys() != {"asset", "amount"}:
        raise BadValue("a monetary has an asset and an amount")
    asset, amount = read("asset", given["asset"]), read("number", given["amount"])
    return Monetary(cast(str, asset), cast(int, amount))


def _portion(text: str) -> Fraction:
    if len(text) <= 3 * LONGEST_PORTION:
        if ratio := _RATIO.fullmatch(text):
            return fraction((int(ratio[1]), int(ratio[2])))
        if _PERCENTAGE.fullmatch(text):
            return fraction(percentage(text))
    raise BadValue(f"{_shown(text)} is no portion such as 1/3 or 12.5%")


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
    if HALF_A_CHARACTER.search(text):
        raise BadValue("a string has no halves of characters (surrogates)")
    return text


_READERS: dict[str, Callable[[str], Value]] = {
    "account": _account,
    "asset": _asset,
    "monetary": _monetary,
    "number": _number,
    "portion": _portion,
    "string": _string,
}


def bounded(number: int) -> int:
    """The number, or BadValue if it has too many digits to be written."""
    if not -_TOO_LARGE < number < _TOO_LARGE:
        raise BadValue(f"a number has at most {LONGEST_NUMBER} digits")
    return number


def written(value: Value) -> str:
    """A value as metadata keeps it: `USD/2 100`, `1/8`, `42`."""
    if isinstance(value, Monetary):
        return f"{value.asset} {value.amount}"
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    return str(value)


def with_article(type_: str) -> str:
    """`an account`, `a monetary`."""
    return f"{'an' if type_[0] in 'aeiou' else 'a'} {type_}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")
