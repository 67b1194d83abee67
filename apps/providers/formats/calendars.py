"""Business days: of TARGET for euros, of the Federal Reserve for dollars, of a country for the rest."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from apps.providers.formats.errors import CalendarUnknown

WEEKENDS = "weekends"
"""The calendar that knows Saturdays and Sundays only."""

_SYSTEMS = {"TARGET": "XECB", "FED": "XFED"}
_BY_CURRENCY = {
    "AUD": "AU", "BRL": "BR", "CAD": "CA", "CHF": "CH", "CZK": "CZ", "DKK": "DK", "EUR": "TARGET", "GBP": "GB-ENG",
    "HUF": "HU", "INR": "IN", "JPY": "JP", "KES": "KE", "MXN": "MX", "NOK": "NO", "NZD": "NZ", "PLN": "PL", "RON": "RO",
    "SEK": "SE", "SGD": "SG", "TRY": "TR", "USD": "FED", "ZAR": "ZA",
}  # fmt: skip
# A gap of this length between business days is a mistake in a calendar, never a holiday.
_LONGEST_REST = 31
_ANY_YEAR = 2026


def calendar_of(currency: str) -> str:
    """The calendar of a currency's own payment system; weekends where none is known."""
    return _BY_CURRENCY.get(currency, WEEKENDS)


def check(calendar: object, *, field: str | None = None) -> None:
    """CalendarUnknown unless it is `TARGET`, `FED`, `weekends`, or a country such as `PL` or `GB-ENG`."""
    try:
        _closed(str(calendar), _ANY_YEAR)
    except CalendarUnknown as error:
        raise CalendarUnknown(error.message, field=field) from None


def is_business_day(day: date, calendar: str) -> bool:
    """Whether payments are executed on a day."""
    closed, weekend = _closed(calendar, day.year)
    return day.weekday() not in weekend and day not in closed


def next_business_day(day: date, calendar: str) -> date:
    """The first business day after a day."""
    for later in range(1, _LONGEST_REST):
        candidate = day + timedelta(days=later)
        if is_business_day(candidate, calendar):
            return candidate
    raise CalendarUnknown(f"The calendar {calendar} has no business day in a month after {day}.")


def add_business_days(day: date, count: int, calendar: str) -> date:
    """The business day that is `count` business days after a day, which need not be one."""
    for _ in range(count):
        day = next_business_day(day, calendar)
    return day


def business_day_or_next(day: date, calendar: str) -> date:
    """The day itself if it is a business day, or else the next one."""
    return day if is_business_day(day, calendar) else next_business_day(day, calendar)


def business_day_or_previous(day: date, calendar: str) -> date:
    """The day itself if it is a business day, or else the last one before it."""
    for earlier in range(_LONGEST_REST):
        candidate = day - timedelta(days=earlier)
        if is_business_day(candidate, calendar):
            return candidate
    raise CalendarUnknown(f"The calendar {calendar} has no business day in a month before {day}.")


def goes_with(asked: datetime, *, cut_off: time | None, zone: str, calendar: str) -> date:
    """The business day with which a payment goes that is asked for now: from the cut-off on, the next one."""
    local = asked.astimezone(ZoneInfo(zone))
    day = local.date()
    if not is_business_day(day, calendar) or (cut_off is not None and local.time() >= cut_off):
        return next_business_day(day, calendar)
    return day


# A calendar of the library fills itself year by year while it is asked, so threads must not share one.
@lru_cache(maxsize=1_000)
def _closed(calendar: str, year: int) -> tuple[frozenset[date], frozenset[int]]:
    """The holidays of a year, and the days of the week that are never business days (Monday is 0)."""
    if calendar == WEEKENDS:
        return frozenset(), frozenset({5, 6})
    country, _, part = calendar.partition("-")
    try:
        found = (
            holidays.financial_holidays(_SYSTEMS[calendar], years=year)
            if calendar in _SYSTEMS
            else _of_country(country, part, year)
        )
    except (NotImplementedError, KeyError, ValueError):
        raise CalendarUnknown(
            f"There is no calendar {calendar[:20]!r}: TARGET, FED, weekends, or a country such as PL or GB-ENG."
        ) from None
    return frozenset(found), frozenset(found.weekend)


def _of_country(country: str, part: str, year: int) -> holidays.HolidayBase:
    if len(country) != 2 or not country.isupper():
        raise KeyError(country)
    known = holidays.country_holidays(country, subdiv=part or None)
    kinds = ("public", "bank") if "bank" in known.supported_categories else ("public",)
    return holidays.country_holidays(country, subdiv=part or None, years=year, categories=kinds)
