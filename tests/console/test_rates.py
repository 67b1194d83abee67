"""The page of rates: a day's rates, what is unknown, what was known, and who loaded them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from apps.console.pages.rates import HEIGHT, WIDTH, picture
from apps.core import clock
from tests.console.test_pages import text
from tests.rates.making import loaded

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/ops/rates/"
AT = datetime(2026, 2, 27, 17, tzinfo=UTC)


@pytest.fixture
def rates() -> None:
    """Two days of dollars, of which the last was corrected, and roubles that ended before."""
    with clock.frozen(AT):
        loaded(
            {
                "2026-02-27": {"USD": "1.10", "CYP": "0.58"},
                "2026-02-26": {"USD": "1.00"},
                "2026-01-02": {"RUB": "117.201"},
            }
        )
    with clock.frozen(AT.replace(hour=18)):
        loaded({"2026-02-27": {"USD": "1.25"}})


def test_it_says_how_to_load_rates_while_there_are_none(console: Client) -> None:
    assert "script/manage load_rates FILE" in text(console, PAGE)
    assert "No rate of that day or of one before it was known." in text(console, f"{PAGE}?on=2026-02-27")


def test_a_day_has_its_rates_and_how_they_came_to_it(console: Client, rates: None) -> None:
    page = text(console, f"{PAGE}?on=2026-02-28")
    for said in (
        "US Dollar",
        ">1.25<",
        "+25.00 %",
        "2026-02-27",
        "<polyline",
        "117.201",
        "2026-01-02",
        "Unknown",
    ):
        assert said in page, said
    assert page.index("US Dollar") < page.index("Russian Ruble")
    assert page.count("Unknown") == 1
    for said in ("eurofxref.csv", "left out: CYP", "1 corrected", "test"):
        assert said in page, said


def test_it_shows_what_was_known(console: Client, rates: None) -> None:
    page = text(console, f"{PAGE}?on=2026-02-27&at=2026-02-27T17:30")
    assert ">1.10<" in page
    assert "1 corrected" not in page
    before = text(console, f"{PAGE}?on=2026-02-27&at=2026-02-27T16:00")
    assert "No rate of that day" in before
    assert "US Dollar" not in before


def test_it_says_so_when_every_rate_is_too_old(console: Client, rates: None) -> None:
    page = text(console, f"{PAGE}?on=2026-05-01&at=2026-03-01T00:00")
    assert "too old for this day" in page
    assert "?on=2026-02-27&amp;at=2026-03-01T00%3A00" in page
    assert "too old for this day" not in text(console, f"{PAGE}?on=2026-03-06")


@pytest.mark.parametrize(
    "asked", ["on=x", "on=0001-01-01", "on=9999-12-31", "at=x", "on=%00", "at=0001-01-01T00:00"]
)
def test_it_answers_whatever_is_asked(console: Client, rates: None, asked: str) -> None:
    assert "European Central Bank" in text(console, f"{PAGE}?{asked}")


def test_it_costs_as_many_queries_for_two_rates_as_for_many(
    console: Client, django_assert_max_num_queries: Any, rates: None
) -> None:
    with clock.frozen(AT):
        loaded({"2026-02-27": {code: "2" for code in ("GBP", "CHF", "JPY", "SEK", "NOK", "DKK", "PLN")}})
    with django_assert_max_num_queries(16):
        text(console, f"{PAGE}?on=2026-02-27")


@pytest.mark.usefixtures("viewers_see_nothing")
def test_it_is_read_by_who_may_and_written_by_nobody(console: Client) -> None:
    assert console.post(PAGE).status_code == 403
    assert console.get(PAGE).status_code == 403


def test_the_picture_stays_within_its_frame() -> None:
    assert picture([]) == picture([Decimal(1)]) == ""
    assert picture([Decimal(1), Decimal(1)]) == f"0,{HEIGHT // 2} {WIDTH},{HEIGHT // 2}"
    assert (
        picture([Decimal(1), Decimal("1.5"), Decimal(2)])
        == f"0,{HEIGHT - 2} {WIDTH // 2},{HEIGHT // 2} {WIDTH},2"
    )
