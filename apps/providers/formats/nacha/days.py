"""When ACH settles: business days of the Federal Reserve, and the windows of the same day."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apps.core.money import Money
from apps.providers.formats.calendars import business_day_or_next, is_business_day, next_business_day

EASTERN = ZoneInfo("America/New_York")
SAME_DAY_LARGEST = Money(100_000_000, "USD")
"""The largest entry that may go the same day."""

_CALENDAR = "FED"
_NOT_SAME_DAY = frozenset({"IAT"})


@dataclass(frozen=True, slots=True)
class Window:
    """A window of the same day: a file that the operator has before `closes` settles at `settles`, Eastern time."""

    closes: time
    settles: time


SAME_DAY_WINDOWS = (
    Window(time(10, 30), time(13)),
    Window(time(14, 45), time(17)),
    Window(time(16, 45), time(18)),
)


def same_day_window(asked: datetime, *, lead: timedelta = timedelta(0)) -> Window | None:
    """The first window of its day that is still open; a bank wants the file `lead` before the operator does."""
    local = (asked + lead).astimezone(EASTERN)
    today = asked.astimezone(EASTERN).date()
    if local.date() != today or not is_business_day(today, _CALENDAR):
        return None
    return next((window for window in SAME_DAY_WINDOWS if local.time() < window.closes), None)


def effective_entry_date(
    asked: datetime, *, amount: Money, sec: str, same_day: bool, lead: timedelta = timedelta(0)
) -> date:
    """The day to ask settlement for: today if that is wanted and possible, or else the next business day."""
    today = asked.astimezone(EASTERN).date()
    if not is_business_day(today, _CALENDAR):
        today = business_day_or_next(today, _CALENDAR)
        return today if same_day and _may_go_same_day(amount, sec) else next_business_day(today, _CALENDAR)
    if same_day and _may_go_same_day(amount, sec) and same_day_window(asked, lead=lead):
        return today
    return next_business_day(today, _CALENDAR)


def written_day(day: date) -> str:
    """A day as the format has it: YYMMDD."""
    return day.strftime("%y%m%d")


def _may_go_same_day(amount: Money, sec: str) -> bool:
    return amount <= SAME_DAY_LARGEST and sec not in _NOT_SAME_DAY
