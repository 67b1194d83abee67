"""When a sweep rule is due: once a day at a time, or every so many minutes; on all days, or on a calendar's business days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from apps.providers.formats import calendars

EVERY_DAY: Final = "every_day"

_DAY, _MOMENT = timedelta(days=1), timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class When:
    """Either `at` a time of the day in `time_zone`, or `every_minutes`, counted from midnight UTC of 1 January 1970.

    `days` is `every_day` or the name of a calendar; a day is one of `time_zone`. A time that a day skips when clocks go forward
    is due as much later as they are put forward, one that comes twice is due when it comes first.
    """

    at: time | None
    every_minutes: int | None
    time_zone: str
    days: str

    def next_after(self, instant: datetime) -> datetime:
        """The first due time after an instant, in UTC."""
        return self._next_daily(instant) if self.at else self._next_in_steps(instant)

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """The due times after one instant and up to another, in order."""
        due = self.next_after(after)
        while due <= until:
            yield due
            due = self.next_after(due)

    def is_due(self, instant: datetime) -> bool:
        """Whether this very instant is a due time."""
        return self.next_after(instant - _MOMENT) == instant

    def _next_daily(self, instant: datetime) -> datetime:
        day = instant.astimezone(self._zone).date() - _DAY
        while True:
            due = self._instant_of(day)
            if due > instant and self._counts(day):
                return due
            day += _DAY

    def _next_in_steps(self, instant: datetime) -> datetime:
        step = timedelta(minutes=self.every_minutes or 0)
        due = _EPOCH + ((instant - _EPOCH) // step + 1) * step
        while not self._counts(due.astimezone(self._zone).date()):
            due += step
        return due

    def _instant_of(self, day: date) -> datetime:
        return datetime.combine(day, self.at or time(), self._zone).astimezone(UTC)

    def _counts(self, day: date) -> bool:
        return self.days == EVERY_DAY or calendars.is_business_day(day, self.days)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
