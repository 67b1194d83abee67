from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.currencies import CurrencyUnknown, all_currencies
from apps.core.money import (
    LIMIT,
    CurrencyMismatch,
    InvalidAmount,
    InvalidWeights,
    Money,
    format_money,
    round_half_even,
)

minors = st.integers(min_value=1 - LIMIT, max_value=LIMIT - 1)
codes = st.sampled_from([currency.code for currency in all_currencies()])


@given(minors, codes)
def test_every_amount_survives_writing_and_reading(minor, code):
    money = Money(minor, code)
    assert Money.parse(money.decimal, code) == money
    assert str(money) == f"{money.decimal} {code}"


@pytest.mark.parametrize(
    ("text", "currency", "minor", "decimal"),
    [
        ("12.34", "EUR", 1234, "12.34"),
        ("12.3", "EUR", 1230, "12.30"),
        ("12", "EUR", 1200, "12.00"),
        ("-0.05", "EUR", -5, "-0.05"),
        ("-0", "EUR", 0, "0.00"),
        ("1500", "JPY", 1500, "1500"),
        ("-7", "JPY", -7, "-7"),
        ("1.234", "BHD", 1234, "1.234"),
        ("0.0001", "CLF", 1, "0.0001"),
        ("0.000000000000000001", "ETH", 1, "0.000000000000000001"),
        ("9" * 36 + ".99", "EUR", LIMIT - 1, "9" * 36 + ".99"),
    ],
)
def test_reads_plain_digits(text, currency, minor, decimal):
    assert Money.parse(text, currency) == Money(minor, currency)
    assert Money(minor, currency).decimal == decimal


@pytest.mark.parametrize(
    ("text", "currency", "reason"),
    [
        ("", "EUR", "empty"),
        ("  ", "EUR", "empty"),
        (" 1", "EUR", "blanks around"),
        ("1\n", "EUR", "blanks around"),
        ("NaN", "EUR", "not a number"),
        ("-Infinity", "EUR", "not a number"),
        ("1e5", "EUR", "exponent notation"),
        ("1.5E-3", "EUR", "exponent notation"),
        ("+1", "EUR", "plus sign"),
        (".5", "EUR", "both sides of one point"),
        ("5.", "EUR", "both sides of one point"),
        ("1.2.3", "EUR", "both sides of one point"),
        ("-", "EUR", "both sides of one point"),
        ("1,234.00", "EUR", "has ',' in it"),
        ("1_000", "EUR", "has '_' in it"),
        ("--1", "EUR", "has '-' in it"),
        ("1-", "EUR", "has '-' in it"),
        ("€5", "EUR", "has '€' in it"),
        ("\u0661\u0662", "EUR", "has '\u0661' in it"),
        ("12.345", "EUR", "3 digits after the point, EUR has 2"),
        ("12.340", "EUR", "3 digits after the point, EUR has 2"),
        ("1.0", "JPY", "1 digits after the point, JPY has 0"),
        ("1" + "0" * 36, "EUR", "more than 38 digits"),
        ("9" * 65, "EUR", "longer than 64 characters"),
        ("9" * 10_000, "EUR", "longer than 64 characters"),
    ],
)
def test_refuses_the_doubtful_and_says_why(text, currency, reason):
    with pytest.raises(InvalidAmount) as refusal:
        Money.parse(text, currency)
    assert refusal.value.code == "INVALID_AMOUNT"
    assert reason in refusal.value.message


@given(st.text(), codes)
def test_any_text_is_read_or_refused(text, code):
    try:
        money = Money.parse(text, code)
    except InvalidAmount:
        return
    assert Decimal(money.decimal) == Decimal(text)


@pytest.mark.parametrize("amount", [1.0, 12, Decimal(1), None, b"1"])
def test_reads_strings_only(amount):
    with pytest.raises(TypeError):
        Money.parse(amount, "EUR")


@pytest.mark.parametrize("minor", [1.0, "1", True, Decimal(1), None])
def test_counts_in_int_only(minor):
    with pytest.raises(TypeError):
        Money(minor, "EUR")


@pytest.mark.parametrize("minor", [LIMIT, -LIMIT])
def test_refuses_what_no_column_holds(minor):
    with pytest.raises(InvalidAmount):
        Money(minor, "EUR")


@pytest.mark.parametrize("currency", ["eur", "XXX", "", None])
def test_refuses_an_unknown_currency(currency):
    with pytest.raises(CurrencyUnknown):
        Money(1, currency)


def test_arithmetic():
    ten, three = Money(1000, "EUR"), Money(300, "EUR")
    assert ten + three == Money(1300, "EUR")
    assert three - ten == Money(-700, "EUR")
    assert -ten == Money(-1000, "EUR")
    assert ten * 3 == 3 * ten == Money(3000, "EUR")
    assert sum([ten, three], Money.zero("EUR")) == Money(1300, "EUR")
    assert three < ten
    assert ten >= ten
    assert max(ten, three) == ten
    assert ten.is_positive
    assert (-ten).is_negative
    assert Money.zero("EUR").is_zero
    assert Money(1, "EUR") != Money(1, "USD")


@pytest.mark.parametrize("operate", [Money.__add__, Money.__sub__, Money.__lt__, Money.__le__, Money.__gt__])
def test_currencies_do_not_meet(operate):
    with pytest.raises(CurrencyMismatch) as refusal:
        operate(Money(1, "EUR"), Money(1, "USD"))
    assert refusal.value.code == "CURRENCY_MISMATCH"


@pytest.mark.parametrize(
    "operate",
    [
        lambda money: money * 1.5,
        lambda money: money * True,
        lambda money: money + 1,
        lambda money: money < 1,
        lambda money: money.times(1.5),
        lambda money: money.convert(1.5, "USD"),
        lambda money: money.allocate([0.5, 0.5]),
    ],
)
def test_takes_no_float_and_no_bare_number(operate):
    with pytest.raises(TypeError):
        operate(Money(100, "EUR"))


@pytest.mark.parametrize(
    ("minor", "ratio", "expected"),
    [
        (5, Fraction(1, 2), 2),
        (15, Decimal("0.1"), 2),
        (25, Decimal("0.1"), 2),
        (-5, Fraction(1, 2), -2),
        (-15, Decimal("0.1"), -2),
        (100, Fraction(1, 3), 33),
        (200, Fraction(1, 3), 67),
        (100, Decimal("-0.5"), -50),
    ],
)
def test_times_rounds_half_even(minor, ratio, expected):
    assert Money(minor, "EUR").times(ratio) == Money(expected, "EUR")


@given(st.integers(), st.integers(min_value=1))
def test_rounding_is_that_of_fractions(numerator, denominator):
    assert round_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@pytest.mark.parametrize(
    ("money", "rate", "expected"),
    [
        (Money(100_00, "USD"), Decimal("48.125"), Money(4812_50, "EGP")),
        (Money(1_00, "USD"), Decimal("150.5"), Money(150, "JPY")),
        (Money(1, "JPY"), Decimal("0.0067"), Money(1, "USD")),
        (Money(10**18, "ETH"), Decimal("3000.01"), Money(3000_010000, "USDC")),
    ],
)
def test_converts_whole_units_at_the_rate(money, rate, expected):
    assert money.convert(rate, expected.currency) == expected


def test_multiplies_by_numbers_only():
    with pytest.raises(InvalidAmount):
        Money(1, "EUR").times(Decimal("NaN"))


@given(
    st.integers(min_value=-(10**30), max_value=10**30),
    st.lists(st.integers(min_value=0, max_value=10**9), min_size=1).filter(any),
)
def test_shares_add_up_and_stay_within_one_minor_unit(minor, weights):
    shares = Money(minor, "EUR").allocate(weights)
    assert sum(share.minor for share in shares) == minor
    for share, weight in zip(shares, weights, strict=True):
        assert weight or share.is_zero
        assert abs(share.minor - Fraction(minor * weight, sum(weights))) < 1


@pytest.mark.parametrize(
    ("minor", "weights", "expected"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (5, [0, 1, 1], [0, 3, 2]),
        (1, [1, 2, 1000], [1, 0, 0]),
        (0, [1, 1], [0, 0]),
    ],
)
def test_the_remainder_goes_to_the_earliest(minor, weights, expected):
    assert [share.minor for share in Money(minor, "EUR").allocate(weights)] == expected


def test_splits_evenly():
    assert Money(10, "JPY").split(3) == [Money(4, "JPY"), Money(3, "JPY"), Money(3, "JPY")]


@pytest.mark.parametrize("weights", [[], [1, -1], [0, 0]])
def test_refuses_weights_that_divide_nothing(weights):
    with pytest.raises(InvalidWeights):
        Money(1, "EUR").allocate(weights)


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(1230, "EUR"), "€12.30"),
        (Money(-123456789, "USD"), "−$1\u202f234\u202f567.89"),
        (Money(5, "EGP"), "£0.05"),
        (Money(1500, "JPY"), "¥1\u202f500"),
        (Money(1200, "CHF"), "CHF\u202f12.00"),
        (Money(10**18, "ETH"), "ETH\u202f1.000000000000000000"),
    ],
)
def test_shows_amounts_to_people(money, shown):
    assert format_money(money) == shown
