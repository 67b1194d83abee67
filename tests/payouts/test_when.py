"""The days of schedules, against a model that looks at every single day of the years."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.payouts.when import LAST, When
from apps.providers.formats import calendars
from tests.support.schedules import at

FIRST = date(2023, 1, 1)
YEARS = 1_500


def rule(every: str, on_day: int | None = None, first: str = "2026-01-01", **more: object) -> When:
    given = {"at": time(9), "time_zone": "UTC", "last_on": None, **more}
    return When(every, on_day, date.fromisoformat(first), **given)  # type: ignore[arg-type]


def is_day(when: When, day: date) -> bool:
    """Whether the rule says this day, without a calendar: as a person with a diary would look."""
    if day < when.first_on or (when.last_on and day > when.last_on):
        return False
    if when.every == "month":
        is_last = (day + timedelta(days=1)).day == 1
        return day.day == when.on_day or (is_last and day.day < (when.on_day or 0))
    if when.every == "week":
        return day.strftime("%A") == [*"x", *_WEEKDAYS][when.on_day or 0]
    return when.every == "day" or day == when.first_on


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

rules = st.builds(
    When,
    every=st.sampled_from(["day", "week", "month", "once"]),
    on_day=st.integers(1, 31),
    first_on=st.dates(FIRST, FIRST + timedelta(days=YEARS)),
    last_on=st.none() | st.dates(FIRST, FIRST + timedelta(days=YEARS)),
    at=st.times().map(lambda found: found.replace(fold=0)),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"]),
    calendar=st.sampled_from(["", "weekends", "TARGET", "FED", "PL", "TR"]),
    on_holiday=st.sampled_from(["before", "after", "skip"]),
).map(
    lambda found: (
        When(found.every, (found.on_day or 0) % 7 + 1, *_rest(found)) if found.every == "week" else found
    )
)


def _rest(found: When) -> tuple[date, date | None, time, str, str, str]:
    return (
        *(found.first_on, found.last_on, found.at),
        *(found.time_zone, found.calendar, found.on_holiday),
    )  # type: ignore[return-value]


def all_days(until: date) -> Iterator[date]:
    day = FIRST
    while day <= until:
        yield day
        day += timedelta(days=1)


@given(rules)
def test_days_are_those_of_a_diary_and_none_comes_twice_or_is_lost(when: When) -> None:
    until = when.first_on + timedelta(days=800)
    found = [day for day in islice(when.days(), 900) if day <= until]
    assert found == [day for day in all_days(until) if is_day(when, day)]
    one_by_one, day = [], next(when.days(), None)
    while day and day <= until:
        one_by_one.append(day)
        day = when.next_day(day)
    assert one_by_one == found


@given(rules)
def test_what_is_moved_is_paid_once_on_the_nearest_business_day(when: When) -> None:
    days = list(islice(when.days(), 60))
    dues = [when.due_at(day) for day in days]
    assert dues == sorted(dues)
    for day, due in zip(days, dues, strict=True):
        pays_on = when.pays_on(day)
        is_open = not when.calendar or calendars.is_business_day(day, when.calendar)
        assert due.astimezone(ZoneInfo(when.time_zone)).date() == (pays_on or day)
        if is_open:
            assert pays_on == day
        elif when.on_holiday == "skip":
            assert pays_on is None
        else:
            assert pays_on is not None
            assert calendars.is_business_day(pays_on, when.calendar)
            assert (pays_on > day) == (when.on_holiday == "after")
            between = [min(pays_on, day) + timedelta(days=n) for n in range(1, abs((pays_on - day).days))]
            assert not [each for each in between if calendars.is_business_day(each, when.calendar)]


@given(rules, st.integers(0, YEARS), st.integers(0, 86_399))
def test_the_next_day_is_the_first_that_is_due_later(when: When, days: int, seconds: int) -> None:
    now = at("2023-01-01T00:00") + timedelta(days=days, seconds=seconds)
    found = when.day_after(now)
    later = [day for day in islice(when.days(), 2_500) if when.due_at(day) > now]
    assert found == (later[0] if later else None)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (rule("month", 31), ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        (rule("month", 30, "2028-01-31"), ["2028-02-29", "2028-03-30", "2028-04-30"]),
        (rule("month", 29, "2027-02-01"), ["2027-02-28", "2027-03-29"]),
        (rule("week", 5), ["2026-01-02", "2026-01-09"]),
        (rule("week", 1, "2026-02-02"), ["2026-02-02", "2026-02-09"]),
        (rule("day", last_on=date(2026, 1, 2)), ["2026-01-01", "2026-01-02"]),
        (rule("once", first="2026-05-05"), ["2026-05-05"]),
        (rule("once", first="2026-05-05", last_on=date(2026, 5, 4)), []),
    ],
)
def test_days(when: When, expected: list[str]) -> None:
    found = [str(day) for day in islice(when.days(), len(expected) or 1)]
    assert found == expected
    if when.every == "once":
        assert when.next_day(when.first_on) is None


@pytest.mark.parametrize(
    ("calendar", "on_holiday", "day", "expected"),
    [
        # Good Friday to Easter Monday of TARGET; New Year's Day; Labor Day of the Federal Reserve.
        ("TARGET", "before", "2026-04-03", "2026-04-02"),
        ("TARGET", "after", "2026-04-03", "2026-04-07"),
        ("TARGET", "skip", "2026-04-03", "None"),
        ("TARGET", "before", "2027-01-01", "2026-12-31"),
        ("FED", "after", "2026-09-05", "2026-09-08"),
        ("", "skip", "2026-04-03", "2026-04-03"),
    ],
)
def test_holidays(calendar: str, on_holiday: str, day: str, expected: str) -> None:
    when = rule("day", calendar=calendar, on_holiday=on_holiday)
    assert str(when.pays_on(date.fromisoformat(day))) == expected


def test_clocks_that_are_changed() -> None:
    """Half past two is not there in the night of 29 March, and comes twice in that of 25 October."""
    when = rule("day", at=time(2, 30), time_zone="Europe/Berlin")
    assert when.due_at(date(2026, 3, 29)) == at("2026-03-29T01:30")
    assert when.due_at(date(2026, 10, 25)) == at("2026-10-25T00:30")


def test_every_month_there_is_has_one() -> None:
    found = list(rule("month", 31, "2190-01-01").days())
    assert found[-1] == LAST
    assert all((b.year * 12 + b.month) - (a.year * 12 + a.month) == 1 for a, b in pairwise(found))
    assert all(day.day == monthrange(day.year, day.month)[1] for day in found)
