"""When rules are due: across midnights, holidays, and clocks that go back and forward."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.treasury.when import EVERY_DAY, When


def daily(at: str, zone: str = "UTC", days: str = EVERY_DAY) -> When:
    return When(time.fromisoformat(at), None, zone, days)


def every(minutes: int, days: str = EVERY_DAY, zone: str = "UTC") -> When:
    return When(None, minutes, zone, days)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "after", "due"),
    [
        (daily("09:00"), "2026-03-02T08:59:59", "2026-03-02T09:00"),
        (daily("09:00"), "2026-03-02T09:00", "2026-03-03T09:00"),
        (daily("23:30", "America/New_York"), "2026-03-02T00:00", "2026-03-02T04:30"),
        (daily("00:30", "Pacific/Auckland"), "2026-06-02T12:00", "2026-06-02T12:30"),
        (daily("09:00", days="weekends"), "2026-03-06T10:00", "2026-03-09T09:00"),
        # Good Friday and Easter Monday of TARGET; Labour Day of the Federal Reserve.
        (daily("09:00", "Europe/Berlin", "TARGET"), "2026-04-02T10:00", "2026-04-07T07:00"),
        (daily("09:00", "America/New_York", "FED"), "2026-09-04T20:00", "2026-09-08T13:00"),
        # The clocks go forward at 02:00 and back at 03:00.
        (daily("02:30", "Europe/Berlin"), "2026-03-28T12:00", "2026-03-29T01:30"),
        (daily("02:30", "Europe/Berlin"), "2026-10-24T12:00", "2026-10-25T00:30"),
        (daily("02:30", "Europe/Berlin"), "2026-10-25T00:30", "2026-10-26T01:30"),
        (every(15), "2026-03-02T09:00", "2026-03-02T09:15"),
        (every(15), "2026-03-02T08:59:59.999999", "2026-03-02T09:00"),
        (every(60, "weekends"), "2026-03-06T23:00", "2026-03-09T00:00"),
        (every(60, "TARGET", "Europe/Berlin"), "2026-04-02T21:00", "2026-04-06T22:00"),
    ],
)
def test_the_next_due_time(when: When, after: str, due: str) -> None:
    assert when.next_after(utc(after)) == utc(due)
    assert when.is_due(utc(due))
    assert not when.is_due(utc(due) + timedelta(minutes=1))


@given(
    at=st.times(),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]),
    days=st.integers(0, 7_000),
    seconds=st.integers(0, 86_399),
)
def test_every_day_has_one(at: time, zone: str, days: int, seconds: int) -> None:
    """Also a day on which clocks are changed, and the one after a day that a zone left out."""
    after = utc("2011-01-01T00:00") + timedelta(days=days, seconds=seconds)
    when = When(at.replace(tzinfo=None, fold=0), None, zone, EVERY_DAY)
    dues = list(when.between(after, after + timedelta(days=40)))
    found = [due.astimezone(ZoneInfo(zone)).date() for due in dues]
    assert dues == sorted(set(dues))
    assert all(b - a <= timedelta(days=2) for a, b in pairwise(found))
    assert len(dues) in {39, 40, 41}
    assert all(when.is_due(due) for due in dues)


@given(minutes=st.integers(5, 1_440), seconds=st.integers(0, 300_000_000))
def test_steps_do_not_depend_on_where_one_begins(minutes: int, seconds: int) -> None:
    after, when = utc("2020-01-01T00:00") + timedelta(seconds=seconds), every(minutes)
    dues = list(when.between(after, after + timedelta(days=3)))
    assert {b - a for a, b in pairwise(dues)} <= {timedelta(minutes=minutes)}
    assert list(when.between(dues[0], dues[-1])) == dues[1:]
