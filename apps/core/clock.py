"""The one place that reads the clock; services are given `now`."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, tzinfo

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def by_this_machine() -> datetime:
    """What the clock of this machine shows, frozen or not."""
    return datetime.now(UTC)


def now(by: Callable[[], datetime] = by_this_machine) -> datetime:
    """The present instant, in UTC, by this machine's clock or another one."""
    return _frozen.get() or by()


def unix_milliseconds() -> int:
    """Milliseconds since 1970 for ids; it runs on while `now` is frozen, so that ids stay sortable."""
    return time.time_ns() // 1_000_000


def today_in(tz: tzinfo, now: datetime) -> date:
    """The date that people in this time zone write at this instant."""
    return _aware(now).astimezone(tz).date()


def written(instant: datetime) -> str:
    """An instant as text, in UTC and to the microsecond: 2026-03-01T12:00:00.000000Z."""
    return f"{_aware(instant).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


@contextmanager
def frozen(at: datetime) -> Iterator[datetime]:
    """Let `now` stand still at this instant; for tests."""
    instant = _aware(at).astimezone(UTC)
    token = _frozen.set(instant)
    try:
        yield instant
    finally:
        _frozen.reset(token)


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone; an instant needs one.")
    return instant
