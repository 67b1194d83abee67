"""Amounts as Stripe counts them: whole numbers of units of its own, which are not always a currency's minor units.

The rules are those of https://docs.stripe.com/currencies, "Zero-decimal currencies" and "Special cases".
"""

from typing import Any, Final

from apps.core.currencies import currency as find_currency
from apps.core.currencies import is_known
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.providers.protocol import MessageUnreadable

DIGITS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
    **dict.fromkeys(("ISK", "UGX"), 2),
}
"""Digits after the point at Stripe, of the currencies that it names; of others two, if they have two here.

ISK and UGX have none in truth, but are written with two for the sake of old clients; MGA has two in truth, and none there.
"""

WHOLE_PAYOUTS: Final = frozenset({"HUF", "TWD", "ISK", "UGX"})
"""Of which payouts are of whole units, though charges may be of hundredths."""


class AmountUnspeakable(DomainError):
    """Stripe has no number for this amount, or none that it takes."""

    code = "AMOUNT_UNSPEAKABLE"


def to_stripe(amount: Money, *, payout: bool = False) -> int:
    """The number that Stripe takes for an amount; AmountUnspeakable if there is none: nothing is ever rounded."""
    theirs, ours = _digits(amount.currency), find_currency(amount.currency).exponent
    units: int
    units, rest = divmod(amount.minor * 10**theirs, 10**ours)
    if rest or units % _step(amount.currency, payout=payout):
        what = "payouts" if payout else "amounts"
        raise AmountUnspeakable(f"Stripe takes no {what} as exact as {amount}.")
    return units


def from_stripe(units: Any, code: Any) -> Money:
    """What a number of Stripe's means; MessageUnreadable if it means nothing exact here."""
    currency = str(code).upper()
    if type(units) is not int or not is_known(currency):
        raise MessageUnreadable(
            f"{str(units)[:40]} {currency[:20]} is no amount of a currency that is known."
        )
    try:
        theirs, ours = _digits(currency), find_currency(currency).exponent
    except AmountUnspeakable as error:
        raise MessageUnreadable(error.message) from None
    minor, rest = divmod(units * 10**ours, 10**theirs)
    if rest:
        raise MessageUnreadable(f"{units} of Stripe's units are less than a minor unit of {currency}.")
    return Money(minor, currency)


def _digits(code: str) -> int:
    found = find_currency(code)
    if code in DIGITS:
        return DIGITS[code]
    if found.kind != "fiat" or found.exponent != 2:
        raise AmountUnspeakable(f"How Stripe counts {code} is not known.")
    return 2


def _step(code: str, *, payout: bool) -> int:
    """What Stripe's number must be a multiple of. Of three digits the last is zero, for the sake of card networks."""
    if DIGITS.get(code) == 3:
        return 10
    return 100 if payout and code in WHOLE_PAYOUTS else 1
