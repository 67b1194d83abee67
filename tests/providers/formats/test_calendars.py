"""Business days: of the systems that settle, exactly, and of countries as the library knows them."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.providers.formats import calendars
from apps.providers.formats.errors import CalendarUnknown


@pytest.mark.parametrize(
    ("calendar", "day", "is_open"),
    [
        ("TARGET", date(2026, 4, 3), False),  # Good Friday
        ("TARGET", date(2026, 4, 6), False),  # Easter Monday
        ("TARGET", date(2026, 5, 1), False),
        ("TARGET", date(2026, 5, 14), True),  # Ascension: a holiday in Germany, not in TARGET
        ("TARGET", date(2026, 12, 24), True),
        ("TARGET", date(2026, 12, 25), False),
        ("TARGET", date(2027, 12, 27), True),
        ("FED", date(2026, 7, 3), True),  # the 4th is a Saturday
        ("FED", date(2027, 7, 5), False),  # the 4th is a Sunday
        ("FED", date(2026, 6, 19), False),
        ("FED", date(2026, 11, 26), False),
        ("FED", date(2026, 11, 27), True),
        ("FED", date(2026, 4, 3), True),
        ("PL", date(2026, 11, 11), False),
        ("GB-ENG", date(2026, 8, 31), False),
        ("GB-SCT", date(2026, 8, 31), True),
        ("SE", date(2026, 6, 19), False),  # Midsummer's Eve: the banks' own
        ("weekends", date(2026, 12, 25), True),
        ("weekends", date(2026, 12, 26), False),
    ],
)
def test_whether_payments_are_executed(calendar: str, day: date, is_open: bool) -> None:
    assert calendars.is_business_day(day, calendar) is is_open


def test_holidays_and_weekends_are_passed_over() -> None:
    thursday = date(2026, 4, 2)
    assert calendars.next_business_day(thursday, "TARGET") == date(2026, 4, 7)
    assert calendars.next_business_day(thursday, "FED") == date(2026, 4, 3)
    assert calendars.next_business_day(date(2026, 12, 31), "TARGET") == date(2027, 1, 4)
    assert calendars.add_business_days(thursday, 2, "TARGET") == date(2026, 4, 8)
    assert calendars.add_business_days(thursday, 0, "TARGET") == thursday
    assert calendars.business_day_or_next(thursday, "TARGET") == thursday
    assert calendars.business_day_or_next(date(2026, 4, 4), "TARGET") == date(2026, 4, 7)


@pytest.mark.parametrize(
    ("asked", "day"),
    [
        (datetime(2026, 11, 23, 13, 59, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 23, 14, 0, tzinfo=UTC), date(2026, 11, 24)),
        (
            datetime(2026, 11, 23, 23, 30, tzinfo=UTC),
            date(2026, 11, 24),
        ),  # past midnight there, before the cut-off
        (datetime(2026, 11, 27, 16, 0, tzinfo=UTC), date(2026, 11, 30)),
        (datetime(2026, 11, 28, 8, 0, tzinfo=UTC), date(2026, 11, 30)),
        (datetime(2026, 7, 1, 12, 59, tzinfo=UTC), date(2026, 7, 1)),  # summer time
        (datetime(2026, 7, 1, 13, 0, tzinfo=UTC), date(2026, 7, 2)),
        (datetime(2026, 4, 2, 16, 0, tzinfo=UTC), date(2026, 4, 7)),
    ],
)
def test_which_business_day_a_payment_goes_with(asked: datetime, day: date) -> None:
    asking = {"cut_off": time(15), "zone": "Europe/Berlin", "calendar": "TARGET"}
    assert calendars.goes_with(asked, **asking) == day
    without = {**asking, "cut_off": None}
    assert calendars.goes_with(asked, **without) <= day


def test_currencies_have_their_calendars() -> None:
    assert [calendars.calendar_of(each) for each in ("EUR", "USD", "PLN", "XOF")] == [
        "TARGET",
        "FED",
        "PL",
        "weekends",
    ]
    for calendar in calendars._BY_CURRENCY.values():
        calendars.check(calendar)
        assert len(calendars._closed(calendar, 2027)[0]) > 3, calendar


@pytest.mark.parametrize("calendar", ["", "target", "XX", "GB-XXX", "GBR", "pl", "XNYS", None, 7])
def test_what_is_no_calendar_is_refused(calendar: object) -> None:
    with pytest.raises(CalendarUnknown) as refused:
        calendars.check(calendar, field="/options/calendar")
    assert refused.value.field == "/options/calendar"


@given(
    st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.sampled_from(["TARGET", "FED", "PL", "JP", "weekends"])
)
def test_the_next_business_day_is_the_first_one(day: date, calendar: str) -> None:
    found = calendars.next_business_day(day, calendar)
    assert calendars.is_business_day(found, calendar)
    assert 1 <= (found - day).days <= 12
    assert not any(
        calendars.is_business_day(date.fromordinal(each), calendar)
        for each in range(day.toordinal() + 1, found.toordinal())
    )
