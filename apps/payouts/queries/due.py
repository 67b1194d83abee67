"""Which schedules are due, and what the next days of one are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from apps.payouts.models import Schedule


@dataclass(frozen=True, slots=True)
class Coming:
    """A day that is still to come, when it is decided, and on which day it pays: none where the calendar leaves it out."""

    day: date
    due_at: datetime
    pays_on: date | None


def due(now: datetime) -> list[str]:
    """The schedules of which a day is due, the longest due first."""
    found = Schedule.objects.filter(next_at__lte=now).order_by("next_at")
    return list(found.values_list("pk", flat=True))


def coming(schedule: Schedule, most: int) -> list[Coming]:
    """The next days of a schedule, as its calendar has them today."""
    return [
        Coming(day, schedule.when.due_at(day), schedule.when.pays_on(day))
        for day in islice(_days(schedule), most)
    ]


def _days(schedule: Schedule) -> Iterator[date]:
    if schedule.next_on is not None:
        yield schedule.next_on
        yield from schedule.when.days(schedule.next_on)
