from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.core import clock

NEW_YEAR = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


def test_now_is_utc_and_runs():
    assert clock.now().tzinfo is UTC
    assert abs(clock.now().timestamp() * 1000 - clock.unix_milliseconds()) < 1000


def test_frozen_stands_still_until_its_end():
    with clock.frozen(NEW_YEAR) as instant:
        assert clock.now() == instant == NEW_YEAR
        with clock.frozen(NEW_YEAR + timedelta(days=1)):
            assert clock.now() == NEW_YEAR + timedelta(days=1)
        assert clock.now() == NEW_YEAR
    assert clock.now() != NEW_YEAR


def test_today_depends_on_the_place():
    assert clock.today_in(ZoneInfo("Africa/Cairo"), NEW_YEAR) == date(2027, 1, 1)
    assert clock.today_in(ZoneInfo("America/New_York"), NEW_YEAR) == date(2026, 12, 31)


def test_an_instant_is_written_in_utc():
    assert clock.written(NEW_YEAR.astimezone(ZoneInfo("Africa/Cairo"))) == "2026-12-31T23:30:00.000000Z"


def test_an_instant_has_a_time_zone():
    naive = NEW_YEAR.replace(tzinfo=None)
    with pytest.raises(ValueError, match="no time zone"), clock.frozen(naive):
        pass
    with pytest.raises(ValueError, match="no time zone"):
        clock.today_in(UTC, naive)
    with pytest.raises(ValueError, match="no time zone"):
        clock.written(naive)
