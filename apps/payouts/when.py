"""On which days a schedule pays: every day, week or month, or once; moved or left out where a calendar has no business day."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Final
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.providers.formats import calendars

LAST: Final = date(2199, 12, 31)
"""Beyond it nothing is planned."""

_DAY = timedelta(days=1)
_WEEK = 7


class Every(models.TextChoices):
    DAY = "day", _("Every day")
    WEEK = "week", _("Every week")
    MONTH = "month", _("Every month")
    ONCE = "once", _("Once")


class OnHoliday(models.TextChoices):
    BEFORE = "before", _("The business day before")
    AFTER = "after", _("The business day after")
    SKIP = "skip", _("Not at all")


@dataclass(frozen=True, slots=True)
class When:
    """The days of a schedule, and the moment at which each is due.

    A day is what the rule says: the 31st, clipped to the end of the month, or each Friday, whatever the calendar has to say
    of it. When it pays is `pays_on`: on another day where `calendar` has no business day, or not at all. `on_day` is the
    weekday (Monday is 1) or the day of the month. Without a calendar all days are alike. A time that a day skips when clocks go
    forward is due as much later as they are put forward; one that comes twice, when it comes first.
    """

    every: str
    on_day: int | None
    first_on: date
    last_on: date | None
    at: time
    time_zone: str
    calendar: str = ""
    on_holiday: str = OnHoliday.AFTER

    def days(self, after: date | None = None) -> Iterator[date]:
        """The days after one, or from the first on, in order."""
        start = self.first_on if after is None else max(self.first_on, after + _DAY)
        last = min(self.last_on or LAST, LAST)
        return takewhile(lambda day: day <= last, self._days_from(start))

    def next_day(self, after: date) -> date | None:
        """The first day after one."""
        return next(self.days(after), None)

    def day_after(self, instant: datetime, after: date | None = None) -> date | None:
        """The first day that is due after an instant, among those after another day."""
        return next((day for day in self.days(after) if self.due_at(day) > instant), None)

    def pays_on(self, day: date) -> date | None:
        """The day on which it truly pays; None where it does not for want of a business day."""
        if not self.calendar or calendars.is_business_day(day, self.calendar):
            return day
        if self.on_holiday == OnHoliday.SKIP:
            return None
        if self.on_holiday == OnHoliday.AFTER:
            return calendars.business_day_or_next(day, self.calendar)
        return calendars.business_day_or_previous(day, self.calendar)

    def due_at(self, day: date) -> datetime:
        """When it is decided what becomes of a day, in UTC."""
        local = datetime.combine(self.pays_on(day) or day, self.at, ZoneInfo(self.time_zone))
        return local.astimezone(UTC)

    def due_behind(self, day: date, now: datetime, most: int) -> int:
        """How many later days are due as well by now, counted up to `most`."""
        behind = takewhile(lambda later: self.due_at(later) <= now, self.days(day))
        return len(list(islice(behind, most)))

    def _days_from(self, start: date) -> Iterator[date]:
        if self.every == Every.ONCE:
            return iter([self.first_on] if self.first_on >= start else [])
        if self.every == Every.MONTH:
            return (day for day in _of_months(start, self.on_day or 1) if day >= start)
        if self.every == Every.WEEK:
            ahead = ((self.on_day or 1) - start.isoweekday()) % _WEEK
            return _stepping(start + ahead * _DAY, _WEEK)
        return _stepping(start, 1)


def _stepping(day: date, step: int) -> Iterator[date]:
    while day <= LAST:
        yield day
        day += step * _DAY


def _of_months(start: date, on_day: int) -> Iterator[date]:
    for months in range(start.year * 12 + start.month - 1, (LAST.year + 1) * 12):
        year, month = divmod(months, 12)
        yield date(year, month + 1, min(on_day, monthrange(year, month + 1)[1]))
