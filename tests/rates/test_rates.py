"""Rates of one day against fractions: direct, inverse, crossed, rounded once, unknown where one is missing."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from apps.core.currencies import CurrencyUnknown, currency
from apps.core.money import Money, round_half_even
from apps.rates.queries import Quoted, Rates, day_of

ON = date(2026, 3, 2)
CODES = ("EUR", "USD", "JPY", "KWD", "GBP", "IDR")

decimals = st.decimals("0.000001", "1000000", places=6).filter(lambda rate: rate > 0)
tables = st.dictionaries(st.sampled_from(CODES[1:]), decimals)
codes = st.sampled_from(CODES)
amounts = st.builds(Money, st.integers(-(10**15), 10**15), codes)


def rates_of(
    table: Mapping[str, Decimal | str], days: Mapping[str, date] | None = None, max_age: int = 7
) -> Rates:
    """The rates of a day for one euro, each quoted on that day or on another."""
    quoted = {
        code: Quoted("ecb", "EUR", code, Decimal(rate), (days or {}).get(code, ON), 1)
        for code, rate in table.items()
    }
    return Rates(ON, max_age, "EUR", quoted)


def model(table: Mapping[str, Decimal], base: str, quote: str) -> Fraction | None:
    """What a unit costs, in fractions."""
    known = {"EUR": Fraction(1), **{code: Fraction(rate) for code, rate in table.items()}}
    if base == quote:
        return Fraction(1)
    return known[quote] / known[base] if base in known and quote in known else None


def units(amount: Money) -> Fraction:
    return Fraction(amount.minor, 10 ** currency(amount.currency).exponent)


def a_minor_unit(code: str) -> Fraction:
    return Fraction(1, 10 ** currency(code).exponent)


@given(tables, codes, codes)
def test_a_rate_is_that_of_the_model(table: dict[str, Decimal], base: str, quote: str) -> None:
    found = rates_of(table).rate(base, quote)
    assert (found and found.value) == model(table, base, quote)


@given(tables, codes, codes, codes)
def test_inverses_and_triangles_are_exact(table: dict[str, Decimal], a: str, b: str, c: str) -> None:
    rates = rates_of(table)
    ab, ba, bc, ac = rates.rate(a, b), rates.rate(b, a), rates.rate(b, c), rates.rate(a, c)
    assert (ab is None) == (ba is None)
    if ab and ba:
        assert ab.value * ba.value == 1
    if ab and bc and ac:
        assert ab.value * bc.value == ac.value


@given(tables, amounts, codes)
def test_an_amount_is_converted_to_half_a_minor_unit_and_a_tie_to_the_even_one(
    table: dict[str, Decimal], amount: Money, to: str
) -> None:
    value = model(table, amount.currency, to)
    converted = rates_of(table).convert(amount, to)
    if value is None:
        assert converted is None
        return
    exact = units(amount) * value / a_minor_unit(to)
    assert converted == Money(round_half_even(exact.numerator, exact.denominator), to)
    assert abs(units(converted) - units(amount) * value) <= a_minor_unit(to) / 2


@given(tables, amounts, codes, codes)
def test_a_triangle_of_amounts_closes_up_to_one_rounding_of_each_side(
    table: dict[str, Decimal], amount: Money, via: str, to: str
) -> None:
    rates = rates_of(table)
    there, straight = rates.convert(amount, via), rates.convert(amount, to)
    onward = model(table, via, to)
    assume(there is not None and straight is not None and onward is not None)
    around = rates.convert(there, to)
    assert abs(units(around) - units(straight)) <= a_minor_unit(via) / 2 * onward + a_minor_unit(to)


@given(tables, st.lists(amounts, max_size=12), codes)
def test_amounts_are_added_up_and_the_unknown_are_named(
    table: dict[str, Decimal], many: list[Money], base: str
) -> None:
    found = rates_of(table).in_base(many, base)
    sums: dict[str, int] = {}
    for each in many:
        sums[each.currency] = sums.get(each.currency, 0) + each.minor
    known = {code: model(table, code, base) for code in sums}
    assert found.unknown == tuple(Money(sums[code], code) for code in sorted(sums) if known[code] is None)
    assert [part for part, _ in found.parts] == [
        Money(sums[c], c) for c in sorted(sums) if known[c] is not None
    ]
    assert found.total == sum((converted for _, converted in found.parts), Money.zero(base))
    exact = sum((units(part) * known[part.currency] for part, _ in found.parts), Fraction(0))
    assert abs(units(found.total) - exact) <= len(found.parts) * a_minor_unit(base) / 2


@given(tables, amounts, amounts)
def test_above_is_exact_and_the_unknown_is_above_any_threshold(
    table: dict[str, Decimal], amount: Money, threshold: Money
) -> None:
    value = model(table, amount.currency, threshold.currency)
    expected = value is None or units(amount) * value > units(threshold)
    assert rates_of(table).above(amount, threshold) is expected


def test_above_does_not_round_first() -> None:
    rates = rates_of({"USD": "1.0000001"})
    assert rates.convert(Money(100_00, "EUR"), "USD") == Money(100_00, "USD")
    assert rates.above(Money(100_00, "EUR"), Money(100_00, "USD"))
    assert not rates.above(Money(100_00, "USD"), Money(100_00, "EUR"))
    assert not rates.above(Money(100_00, "EUR"), Money(100_00, "EUR"))


def test_without_a_rate_even_the_smallest_amount_is_above_the_largest_threshold() -> None:
    rates = rates_of({"USD": "1.1"})
    for amount in (Money(1, "JPY"), Money(0, "JPY"), Money(-1, "JPY")):
        assert rates.above(amount, Money(10**37, "EUR"))
        assert rates.above(amount, Money(10**37, "USD"))
    assert rates.above(Money(1, "USD"), Money(10**37, "JPY"))


def test_half_goes_to_the_even_minor_unit() -> None:
    rates = rates_of({"USD": "0.5"})
    assert [rates.convert(Money(n, "EUR"), "USD").minor for n in (1, 3, 5, -1, -3)] == [0, 2, 2, 0, -2]


def test_a_rate_says_what_it_was_made_of() -> None:
    days = {"GBP": ON - timedelta(days=3)}
    rates = rates_of({"USD": "1.10", "GBP": "0.88"}, days)
    cross = rates.rate("USD", "GBP")
    assert (cross.value, cross.day) == (Fraction(4, 5), days["GBP"])
    assert [each.currency for each in cross.quotes] == ["USD", "GBP"]
    direct, inverse = rates.rate("EUR", "USD"), rates.rate("USD", "EUR")
    assert (direct.value, direct.day, direct.quotes) == (Fraction(11, 10), ON, inverse.quotes)
    same = rates.rate("JPY", "JPY")
    assert (same.value, same.day, same.quotes) == (1, ON, ())


def test_a_quote_that_is_too_old_is_no_rate() -> None:
    for age, known in ((0, True), (7, True), (8, False)):
        rates = rates_of({"USD": "1.1"}, {"USD": ON - timedelta(days=age)})
        assert (rates.rate("EUR", "USD") is not None) is known, age
        assert rates.above(Money(1, "USD"), Money(10**9, "EUR")) is not known


@pytest.mark.parametrize("code", ["CYP", "eur", "", "XXX"])
def test_a_currency_that_does_not_exist_is_refused(code: str) -> None:
    for base, quote in ((code, "EUR"), ("EUR", code), (code, code)):
        with pytest.raises(CurrencyUnknown):
            rates_of({}).rate(base, quote)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 3, 2, 14, 59, 59, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 2, 15, 0, tzinfo=UTC), date(2026, 3, 2)),
        (datetime(2026, 7, 2, 13, 59, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 2, 14, 0, tzinfo=UTC), date(2026, 7, 2)),
        (datetime(2026, 3, 2, 23, 30, tzinfo=UTC), date(2026, 3, 2)),
    ],
)
def test_an_instant_has_the_rates_that_are_published_by_then(instant: datetime, day: date) -> None:
    """At four in the afternoon in Frankfurt, in winter and in summer."""
    assert day_of(instant) == day
    assert day_of(day) == day


def test_an_instant_without_a_time_zone_is_none() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        day_of(datetime(2026, 3, 2, 12))  # noqa: DTZ001
