"""Money: an integer of minor units and a currency. The only money type, without a float anywhere."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Self

from apps.core.currencies import currency as find_currency
from apps.core.errors import DomainError

LIMIT = 10**38
"""No amount reaches it, in either direction: the columns are numeric(38,0)."""

MINUS, NARROW_SPACE = "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}"

# A legal amount needs 40 characters; past 64 the digits are not even counted.
_AMOUNT = re.compile(r"(-?[0-9]{1,64})(?:\.([0-9]{1,64}))?", re.ASCII)


class InvalidAmount(DomainError):
    """The text is no amount of the currency, or the amount is too large to store."""

    code = "INVALID_AMOUNT"


class CurrencyMismatch(DomainError):
    """Two amounts of different currencies met."""

    code = "CURRENCY_MISMATCH"


class InvalidWeights(DomainError):
    """The weights cannot divide an amount."""

    code = "INVALID_WEIGHTS"


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount, counted in minor units of its currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"Money counts minor units in int, not {type(self.minor).__name__}.")
        find_currency(self.currency)
        if abs(self.minor) >= LIMIT:
            raise InvalidAmount(f"The amount has more than 38 digits in minor units of {self.currency}.")

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Nothing, in this currency."""
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """The amount written as plain digits, such as "-12.34"; the doubtful is refused, never guessed."""
        if not isinstance(text, str):
            raise TypeError(f"An amount is parsed from a string of digits, not from {type(text).__name__}.")
        exponent = find_currency(currency).exponent
        match = _AMOUNT.fullmatch(text)
        if match is None:
            raise InvalidAmount(_why_malformed(text))
        whole, fraction = match.groups("")
        if len(fraction) > exponent:
            raise InvalidAmount(
                f"{text} has {len(fraction)} digits after the point, {currency} has {exponent}."
            )
        return cls(int(whole + fraction.ljust(exponent, "0")), currency)

    @property
    def decimal(self) -> str:
        """The amount in digits, with exactly as many after the point as the currency has: "12.30"."""
        return digits(self.minor, find_currency(self.currency).exponent)

    @property
    def is_zero(self) -> bool:
        """Neither more nor less than nothing."""
        return self.minor == 0

    @property
    def is_positive(self) -> bool:
        """More than nothing."""
        return self.minor > 0

    @property
    def is_negative(self) -> bool:
        """Less than nothing."""
        return self.minor < 0

    def times(self, ratio: Fraction | Decimal) -> Self:
        """This amount times an exact ratio, rounded half-even to a minor unit."""
        numerator, denominator = _exact(ratio)
        return type(self)(round_half_even(self.minor * numerator, denominator), self.currency)

    def convert(self, rate: Fraction | Decimal, to_currency: str) -> Self:
        """This amount in another currency; the rate is what one whole unit of ours costs in theirs."""
        numerator, denominator = _exact(rate)
        numerator *= 10 ** find_currency(to_currency).exponent
        denominator *= 10 ** find_currency(self.currency).exponent
        return type(self)(round_half_even(self.minor * numerator, denominator), to_currency)

    def allocate(self, weights: Sequence[int]) -> list[Self]:
        """Shares in proportion to the weights that add up exactly; the remainder goes to the earliest shares.

        A weight of zero gets nothing, of the remainder neither.
        """
        total = _total(weights)
        sign = -1 if self.minor < 0 else 1
        amount = abs(self.minor)
        shares = [amount * weight // total for weight in weights]
        remainder = amount - sum(shares)
        for index, weight in enumerate(weights):
            if not remainder:
                break
            if weight:
                shares[index] += 1
                remainder -= 1
        return [type(self)(sign * share, self.currency) for share in shares]

    def split(self, parts: int) -> list[Self]:
        """That many equal shares; the remainder goes to the earliest."""
        return self.allocate([1] * parts)

    def __str__(self) -> str:
        return f"{self.decimal} {self.currency}"

    def __add__(self, other: "Money") -> Self:
        if not isinstance(other, Money):
            return NotImplemented
        return type(self)(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> Self:
        if not isinstance(other, Money):
            return NotImplemented
        return type(self)(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Self:
        return type(self)(-self.minor, self.currency)

    def __mul__(self, count: int) -> Self:
        if type(count) is not int:
            return NotImplemented
        return type(self)(self.minor * count, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other)

    def _same(self, other: "Money") -> int:
        if not isinstance(other, Money):
            raise TypeError(f"Money compares with Money only, not with {type(other).__name__}.")
        if other.currency != self.currency:
            raise CurrencyMismatch(
                f"{self} and {other} are of different currencies; convert one first.",
                details={"currencies": [self.currency, other.currency]},
            )
        return other.minor


def digits(minor: int, exponent: int) -> str:
    """Minor units of any size with so many digits after the point: "12.30"."""
    if not exponent:
        return str(minor)
    shown = str(abs(minor)).rjust(exponent + 1, "0")
    return f"{'-' if minor < 0 else ''}{shown[:-exponent]}.{shown[-exponent:]}"


def round_half_even(numerator: int, denominator: int) -> int:
    """The integer nearest to a quotient, a tie going to the even one: the one place that rounds money."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient % 2):
        return quotient + 1
    return quotient


def format_money(money: Money) -> str:
    """The amount for people, alike in every language: −€1 234.50 (narrow spaces, a true minus).

    A symbol need not name the currency (£ is GBP and EGP): show the code beside it where both can occur.
    """
    symbol = find_currency(money.currency).symbol
    gap = "" if unicodedata.category(symbol[-1]) == "Sc" else NARROW_SPACE
    whole, point, fraction = money.decimal.removeprefix("-").partition(".")
    grouped = f"{int(whole):,}".replace(",", NARROW_SPACE)
    return f"{MINUS if money.is_negative else ''}{symbol}{gap}{grouped}{point}{fraction}"


def _exact(ratio: Fraction | Decimal) -> tuple[int, int]:
    if not isinstance(ratio, Fraction | Decimal):
        raise TypeError(f"Money is multiplied by a Fraction or a Decimal, not by {type(ratio).__name__}.")
    if isinstance(ratio, Decimal) and not ratio.is_finite():
        raise InvalidAmount(f"{ratio} is no number to multiply money by.")
    return ratio.as_integer_ratio()


def _total(weights: Sequence[int]) -> int:
    if not weights:
        raise InvalidWeights("There is no share to allocate to; give at least one weight.")
    if any(type(weight) is not int for weight in weights):
        raise TypeError("Weights are int; scale ratios to whole numbers first.")
    if min(weights) < 0:
        raise InvalidWeights(f"The weight {min(weights)} is negative; a weight is zero or more.")
    total = sum(weights)
    if not total:
        raise InvalidWeights("Every weight is zero; give at least one share a weight above zero.")
    return total


def _why_malformed(text: str) -> str:
    if not text or text.isspace():
        return "The amount is empty; write it in digits, such as 12.34."
    if len(text) > 64:
        return "The amount is longer than 64 characters."
    if text.strip() != text:
        return f"The amount {text!r} has blanks around it; leave them out."
    if text.lstrip("+-").lower() in {"nan", "snan", "inf", "infinity"}:
        return f"{text} is not a number; write the amount in digits, such as 12.34."
    if re.fullmatch(r"[+-]?[0-9.]+[eE][+-]?[0-9]+", text):
        return f"The amount {text} is in exponent notation; write all its digits."
    if text.startswith("+"):
        return f"The amount {text} has a plus sign; leave it out."
    if re.fullmatch(r"-?[0-9.]*", text):
        return f"The amount {text} needs digits on both sides of one point, or no point at all."
    stranger = next(character for character in text.removeprefix("-") if character not in "0123456789.")
    return f"The amount {text!r} has {stranger!r} in it; write digits, at most one point and a leading minus."
