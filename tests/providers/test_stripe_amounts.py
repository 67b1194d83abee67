"""Amounts at Stripe: exact there and back, also where its units are not ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.currencies import all_currencies
from apps.core.money import Money
from apps.providers.adapters.stripe.amounts import AmountUnspeakable, from_stripe, to_stripe
from apps.providers.protocol import MessageUnreadable
from apps.providers.sandbox import stripe_words

FIAT = [each.code for each in all_currencies() if each.kind == "fiat"]
AMOUNTS = st.integers(min_value=1, max_value=10**15)


@given(st.sampled_from(FIAT), AMOUNTS, st.booleans())
def test_an_amount_is_the_same_there_and_back_or_is_refused(code: str, minor: int, payout: bool) -> None:
    money = Money(minor, code)
    try:
        units = to_stripe(money, payout=payout)
    except AmountUnspeakable:
        return
    assert from_stripe(units, code.lower()) == money
    assert units % stripe_words.step(code, payout=payout) == 0


@given(st.sampled_from(FIAT), AMOUNTS)
def test_whole_units_are_refused_only_where_stripe_has_no_such_currency(code: str, whole: int) -> None:
    money = Money.parse(str(whole), code)
    try:
        units = to_stripe(money, payout=True)
    except AmountUnspeakable:
        assert code in {"CLF", "IQD", "LYD", "UYI", "UYW"}
        return
    assert units == whole * 10 ** stripe_words.digits(code)


@pytest.mark.parametrize(
    ("amount", "code", "units"),
    [
        ("10.00", "EUR", 1000),
        ("500", "JPY", 500),
        ("5", "ISK", 500),
        ("5", "UGX", 500),
        ("7.00", "MGA", 7),
        ("5.120", "KWD", 5120),
        ("10.45", "HUF", 1045),
        ("800.45", "TWD", 80045),
    ],
)
def test_as_stripe_documents_them(amount: str, code: str, units: int) -> None:
    assert to_stripe(Money.parse(amount, code)) == units
    assert from_stripe(units, code.lower()) == Money.parse(amount, code)


@pytest.mark.parametrize(
    ("amount", "code", "payout"),
    [
        ("10.45", "HUF", True),
        ("800.45", "TWD", True),
        ("7.50", "MGA", False),
        ("5.124", "KWD", False),
        ("1.000", "IQD", False),
        ("1.00000000", "BTC", False),
    ],
)
def test_what_stripe_has_no_number_for_is_refused_and_never_rounded(
    amount: str, code: str, payout: bool
) -> None:
    with pytest.raises(AmountUnspeakable):
        to_stripe(Money.parse(amount, code), payout=payout)


@pytest.mark.parametrize(
    ("units", "code"),
    [(550, "isk"), (1, "xxx"), ("1", "eur"), (True, "eur"), (None, "eur"), (1, None), (1, "iqd")],
)
def test_what_means_nothing_exact_here_is_unreadable(units: object, code: object) -> None:
    with pytest.raises(MessageUnreadable):
        from_stripe(units, code)
