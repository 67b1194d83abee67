"""Rates as of any day and as known at any time, against a plain model of what was published when."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from apps.core import clock
from apps.core.money import Money
from apps.rates import queries
from apps.rates.ecb.shape import FIRST_DAY
from tests.rates.making import NOON, loaded, table

pytestmark = pytest.mark.usefixtures("ledger_db")

MAX_AGE, WINDOW, APART = 7, 12, 40
CODES = ("USD", "GBP")
MISSING = "N/A"

_examples = count()
cells = st.sampled_from(["1.1", "1.2", "0.9", MISSING])
files = st.dictionaries(
    st.integers(0, WINDOW), st.fixed_dictionaries({code: cells for code in CODES}), min_size=1, max_size=4
)


@dataclass(frozen=True)
class Fact:
    """What a file said of a cell, when it became known, and the last day that the file knew of."""

    known_at: datetime
    last_day: date
    day: date
    code: str
    rate: Fraction | None


def standing(facts: list[Fact], code: str, day: date, known_at: datetime | None) -> Fraction | None:
    """The last thing said of a day by then, but for what was said by a file that was older news."""
    found: Fact | None = None
    for fact in facts:
        if (fact.code, fact.day) != (code, day) or (known_at is not None and fact.known_at > known_at):
            continue
        if found is None:
            found = fact if fact.rate is not None else None
        elif fact.rate != found.rate and fact.last_day >= found.last_day:
            found = fact
    return None if found is None else found.rate


def model(facts: list[Fact], code: str, on: date, known_at: datetime | None) -> tuple[Fraction, date] | None:
    """The rate of the latest of the last days that has one."""
    for age in range(MAX_AGE + 1):
        day = on - timedelta(days=age)
        if (rate := standing(facts, code, day, known_at)) is not None:
            return rate, day
    return None


@settings(
    max_examples=40, phases=(Phase.explicit, Phase.generate)
)  # to shrink would need more days than there are
@given(st.lists(files, min_size=1, max_size=5), st.data())
def test_rates_are_those_of_the_model(said: list[dict[int, dict[str, str]]], data: st.DataObject) -> None:
    """Each example has days of its own, far enough from those of the others."""
    number = next(_examples)
    first, begin = FIRST_DAY + timedelta(days=APART * number), NOON + timedelta(hours=number)
    facts: list[Fact] = []
    for minute, file in enumerate(said):
        at = begin + timedelta(minutes=minute)
        days = {first + timedelta(days=offset): rates for offset, rates in file.items()}
        with clock.frozen(at):
            loaded(table({day.isoformat(): rates for day, rates in days.items()}))
        facts += [
            Fact(at, max(days), day, code, None if rate == MISSING else Fraction(rate))
            for day, rates in days.items()
            for code, rate in rates.items()
        ]
    for _ in range(12):
        on = first + timedelta(days=data.draw(st.integers(-2, WINDOW + MAX_AGE + 3)))
        known_at = data.draw(
            st.none() | st.integers(-60, 60 * len(said)).map(lambda s: begin + timedelta(seconds=s))
        )
        wanted = {code: model(facts, code, on, known_at) for code in CODES}
        for code, each in wanted.items():
            found = queries.rate("EUR", code, on=on, known_at=known_at)
            assert (found and (found.value, found.day)) == each, (code, on, known_at)
        cross = queries.rate("USD", "GBP", on=on, known_at=known_at)
        usd, gbp = wanted["USD"], wanted["GBP"]
        expected = (gbp[0] / usd[0], min(usd[1], gbp[1])) if usd and gbp else None
        assert (cross and (cross.value, cross.day)) == expected
        assert queries.above(Money(1, "USD"), Money(10**9, "GBP"), on=on, known_at=known_at) is (
            expected is None
        )


@pytest.fixture
def corrected() -> dict[str, Any]:
    """A Friday's rate, corrected on the Monday after."""
    friday = datetime(2026, 2, 27, 16, 30, tzinfo=NOON.tzinfo)
    with clock.frozen(friday):
        loaded({"2026-02-27": {"USD": "1.10", "JPY": "180"}, "2026-02-26": {"USD": "1.09", "JPY": "179"}})
    with clock.frozen(NOON):
        loaded({"2026-02-27": {"USD": "1.20", "JPY": "180"}})
    return {"friday": friday, "monday": NOON}


def usd(on: date | datetime, known_at: datetime | None = None) -> Fraction | None:
    found = queries.rate("EUR", "USD", on=on, known_at=known_at)
    return None if found is None else found.value


def test_a_correction_changes_what_is_known_and_not_what_was_known(corrected: dict[str, Any]) -> None:
    friday, monday = corrected["friday"], corrected["monday"]
    on = date(2026, 2, 27)
    assert usd(on) == usd(on, monday) == Fraction("1.2")
    assert usd(on, friday) == usd(on, monday - timedelta(microseconds=1)) == Fraction("1.1")
    assert usd(on, friday - timedelta(microseconds=1)) is None


def test_a_weekend_has_fridays_rates_and_a_week_later_there_are_none(corrected: dict[str, Any]) -> None:
    friday = date(2026, 2, 27)
    known = [usd(friday + timedelta(days=age)) is not None for age in range(10)]
    assert known == [True] * 8 + [False] * 2
    assert queries.rate("EUR", "USD", on=date(2026, 3, 1)).day == friday


def test_how_old_a_rate_may_be_is_a_setting(corrected: dict[str, Any], settings: Any) -> None:
    settings.RATES_MAX_AGE_DAYS = 1
    assert [usd(date(2026, 2, day)) is not None for day in (27, 28)] == [True, True]
    assert usd(date(2026, 3, 1)) is None


def test_an_instant_before_publication_has_the_day_before(corrected: dict[str, Any]) -> None:
    assert usd(datetime(2026, 2, 27, 14, 59, tzinfo=NOON.tzinfo)) == Fraction("1.09")
    assert usd(datetime(2026, 2, 27, 15, 0, tzinfo=NOON.tzinfo)) == Fraction("1.2")


def test_a_load_is_seen_at_once(corrected: dict[str, Any]) -> None:
    """Nothing of an earlier answer is kept."""
    on = date(2026, 2, 27)
    assert usd(on) == Fraction("1.2")
    with clock.frozen(NOON):
        loaded({"2026-02-27": {"USD": "1.30"}})
    assert usd(on) == Fraction("1.3")


def test_amounts_are_added_up_and_converted(corrected: dict[str, Any]) -> None:
    on = date(2026, 2, 27)
    assert queries.convert(Money(100_00, "EUR"), "USD", on=on) == Money(120_00, "USD")
    assert queries.convert(Money(120_00, "USD"), "JPY", on=on) == Money(18_000, "JPY")
    assert queries.convert(Money(1, "GBP"), "USD", on=on) is None
    found = queries.in_base(
        [Money(60_00, "USD"), Money(60_00, "USD"), Money(18, "JPY"), Money(5, "GBP")], "EUR", on=on
    )
    assert (found.total, found.unknown) == (Money(100_10, "EUR"), (Money(5, "GBP"),))
    assert queries.in_base([], "EUR", on=on).total == Money.zero("EUR")


def test_one_currency_needs_no_rate_and_no_query(django_assert_num_queries: Any) -> None:
    on = date(2026, 2, 27)
    with django_assert_num_queries(0):
        assert queries.convert(Money(1, "EUR"), "EUR", on=on) == Money(1, "EUR")
        assert not queries.above(Money(1, "EUR"), Money(1, "EUR"), on=on)
    assert queries.rate("GBP", "GBP", on=on).value == 1


def test_many_amounts_cost_one_query(corrected: dict[str, Any], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        queries.in_base(
            [Money(1, code) for code in ("USD", "JPY", "GBP", "CHF")], "EUR", on=date(2026, 2, 27)
        )


def test_the_ends_of_the_calendar_have_no_rates(corrected: dict[str, Any]) -> None:
    assert usd(date.min) is None
    assert usd(date.max) is None
    assert queries.history(["USD"], on=date.min, days=45) == {}


def test_the_history_is_that_of_what_was_known(corrected: dict[str, Any]) -> None:
    on = date(2026, 2, 27)
    days = [date(2026, 2, 26), on]
    assert queries.history(["USD"], on=on, days=1) == {
        "USD": list(zip(days, map(Decimal, ("1.09", "1.20")), strict=True))
    }
    then = queries.history(["USD"], on=on, days=1, known_at=corrected["friday"])
    assert then == {"USD": list(zip(days, map(Decimal, ("1.09", "1.10")), strict=True))}
    assert queries.history(["USD"], on=on, days=0) == {"USD": [(on, Decimal("1.20"))]}


def test_the_standing_quote_walks_the_index(corrected: dict[str, Any]) -> None:
    with CaptureQueriesContext(connection) as asked:
        queries.rate("EUR", "USD", on=date(2026, 2, 27))
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {asked[-1]['sql']}")
        plan = "\n".join(line for [line] in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "rates_quote_pkey" in plan
    assert "Sort" not in plan
