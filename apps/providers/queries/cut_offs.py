"""Cut-offs: until when of which business day a provider takes what goes with it, and when that should have arrived."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apps.core.money import Money
from apps.providers.formats import calendars, nacha
from apps.providers.formats.nacha.days import EASTERN, SAME_DAY_WINDOWS
from apps.providers.models import Provider

RETURN_DAYS = 2
"""Business days within which an ACH payment is returned, unless `options["return_days"]` says otherwise."""

LEAD_MINUTES = 15
"""How long before a window of ACH closes a file for it is made, unless `options["lead_minutes"]` says otherwise."""


def calendar_of(provider: Provider) -> str:
    """The calendar that its options name, or else that of its currency if it has one only."""
    if named := provider.options.get("calendar"):
        return str(named)
    if provider.adapter == "ach":
        return "FED"
    return (
        calendars.calendar_of(provider.currencies[0]) if len(provider.currencies) == 1 else calendars.WEEKENDS
    )


def next_cut_off(provider: Provider, now: datetime) -> datetime | None:
    """The next cut-off that is not over; nothing for a provider that takes payments one by one at any time.

    One that makes files and has no cut-off makes them at once on business days.
    """
    if not provider.makes_files and provider.cut_off is None:
        return None
    zone, times = _times(provider)
    local = now.astimezone(zone)
    calendar = calendar_of(provider) if provider.makes_files or provider.business_days else None
    if calendar is None or calendars.is_business_day(local.date(), calendar):
        if not times:
            return now
        if later := next((each for each in times if local.time() < each), None):
            return datetime.combine(local.date(), later, zone).astimezone(UTC)
    following = _day_after(local.date(), calendar)
    return datetime.combine(following, times[0] if times else time(), zone).astimezone(UTC)


def execution_day(provider: Provider, cut_off: datetime, amount: Money | None = None) -> date:
    """The day for which the bank is asked by a file that is made at a cut-off."""
    # What is made at a cut-off was asked for just before it.
    return earliest_day(provider, cut_off - timedelta(microseconds=1), amount, lead=_lead(provider))


def earliest_day(
    provider: Provider, now: datetime, amount: Money | None = None, *, lead: timedelta = timedelta()
) -> date:
    """The first day for which the bank can still be asked by a file that it has `lead` from now."""
    if provider.adapter == "ach":
        return nacha.effective_entry_date(
            now,
            amount=amount or Money.zero("USD"),
            sec=str(provider.options.get("sec", "CCD")),
            same_day=_same_day(provider),
            lead=lead,
        )
    day = now.astimezone(ZoneInfo(provider.time_zone)).date()
    return calendars.business_day_or_next(day, calendar_of(provider))


def executed_by(provider: Provider, day: date, cut_off: datetime) -> datetime:
    """When what is executed on a day is known to be: as long after the cut-off as the provider says, or else on the next
    business day at the same time; in ACH when the time of returns is over."""
    if provider.adapter == "ach":
        days = int(provider.options.get("return_days", RETURN_DAYS))
        over = calendars.add_business_days(day, days, calendar_of(provider))
        return datetime.combine(over, time(23, 59), EASTERN).astimezone(UTC)
    zone, calendar = ZoneInfo(provider.time_zone), calendar_of(provider)
    begins = datetime.combine(day, cut_off.astimezone(zone).timetz())
    if provider.expected_seconds is None:
        return datetime.combine(calendars.next_business_day(day, calendar), begins.timetz()).astimezone(UTC)
    ends = begins + timedelta(seconds=provider.expected_seconds)
    return on_business_days(begins, ends, calendar).astimezone(UTC)


def on_business_days(begins: datetime, ends: datetime, calendar: str) -> datetime:
    """The same time later, with the days left out on which the calendar rests."""
    first = calendars.business_day_or_next(begins.date(), calendar)
    last = calendars.add_business_days(first, (ends.date() - begins.date()).days, calendar)
    return datetime.combine(last, ends.timetz())


def _day_after(day: date, calendar: str | None) -> date:
    return calendars.next_business_day(day, calendar) if calendar else day + timedelta(days=1)


def _times(provider: Provider) -> tuple[ZoneInfo, Sequence[time]]:
    """The cut-offs of a day, in their zone: those of ACH's windows where payments go the same day, else its own."""
    if provider.adapter == "ach" and _same_day(provider):
        day = date(2026, 1, 5)
        return EASTERN, [
            (datetime.combine(day, window.closes) - _lead(provider)).time() for window in SAME_DAY_WINDOWS
        ]
    return ZoneInfo(provider.time_zone), [provider.cut_off] if provider.cut_off else []


def _same_day(provider: Provider) -> bool:
    return provider.options.get("same_day") is True


def _lead(provider: Provider) -> timedelta:
    return timedelta(minutes=int(provider.options.get("lead_minutes", LEAD_MINUTES)))
