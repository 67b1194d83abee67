"""When a message is sent again, when an endpoint is left in peace, and how many go to it at once. Times in, times out."""

from datetime import datetime, timedelta
from random import SystemRandom
from typing import Final

from django.conf import settings

LADDER: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
)
"""After the first attempt at once: how long after the attempt before."""
ATTEMPTS: Final = len(LADDER) + 1
JITTER: Final = 0.1
"""Up to this part is added, so that not all come back at once."""
LONGEST_WISH: Final = timedelta(hours=2)
"""An endpoint that asks by Retry-After to be left alone for longer is asked again after this."""

SILENCE: Final = timedelta(hours=24)
"""An endpoint at which all has failed for so long is disabled."""
ENOUGH: Final = 10
"""Failures in a row at least, for little may be sent in a day."""
TOLERATED: Final = 5
"""Failures in a row, after which one message at a time is tried."""
FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(minutes=5)

ALARMS_APART: Final = timedelta(hours=1)
"""That messages for an endpoint have failed for good is told at most so often."""

_random = SystemRandom()

QUICK: Final = 1.0
"""Seconds within which an answer is a good one, and another message more may go to the endpoint at once."""


def next_attempt(attempts: int, now: datetime, wish: timedelta | None = None) -> datetime | None:
    """When it is tried again that has failed so many times; None if it has failed for good.

    A wish for more time is heard up to a bound; one for less is not.
    """
    if attempts >= ATTEMPTS:
        return None
    pause = max(LADDER[attempts - 1], min(wish or timedelta(), LONGEST_WISH))
    return now + scaled(pause * (1 + _random.uniform(0, JITTER)))


def paused_until(failures: int, now: datetime, wish: timedelta | None = None) -> datetime | None:
    """Until when an endpoint is left in peace that has failed so many times in a row, or asks for it; None if it is not."""
    pause = min(wish or timedelta(), LONGEST_PAUSE)
    if failures >= TOLERATED:
        doubled = FIRST_PAUSE * 2 ** min(failures - TOLERATED, 10)
        pause = max(pause, min(doubled, LONGEST_PAUSE))
    return now + scaled(pause) if pause else None


def is_dead(failing_since: datetime | None, failures: int, now: datetime) -> bool:
    """Whether all has failed for so long, and often enough, that the endpoint is disabled."""
    if failing_since is None or failures < ENOUGH:
        return False
    return now - failing_since >= scaled(SILENCE)


def window(before: int, most: int, *, accepted: bool, seconds: float) -> int:
    """How many messages may be on their way at once, after one was answered: one more while all is well, else half.

    So a slow or dead endpoint holds one place of a worker, and a quick one all that it is allowed.
    """
    if accepted and seconds <= QUICK:
        return min(before + 1, most)
    return max(1, min(before, most) // 2)


def scaled(pause: timedelta) -> timedelta:
    """The pause of this installation: tests of hours take seconds."""
    return pause / float(settings.WEBHOOKS_HASTE)
