"""Instants and spans: whole milliseconds inside, ISO 8601 and seconds outside."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST = 86_400_000


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def iso(at: int) -> str:
    """The instant as it is written in answers."""
    return (_EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant(text: str) -> int:
    """The milliseconds of an ISO 8601 instant with its offset; ValueError otherwise."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return (found - _EPOCH) // timedelta(milliseconds=1)


def span(seconds: object) -> int:
    """The milliseconds of seconds that are given as a number or a string; ValueError if that is no span."""
    try:
        found = int(Decimal(str(seconds)) * 1000)
    except (InvalidOperation, OverflowError) as error:
        raise ValueError(f"{seconds!r} is no number of seconds") from error
    if isinstance(seconds, bool) or not 0 <= found <= LONGEST:
        raise ValueError(f"{seconds!r} is no number of seconds up to a day")
    return found
