"""How much each key may ask in a minute, counted in Redis for all processes together."""

import logging
import threading
import time
from dataclasses import dataclass

import redis
from django.conf import settings

from apps.api.callers import Caller
from apps.api.errors import RateLimited

logger = logging.getLogger(__name__)

WINDOW = 60
"""Seconds, from the first request in them on."""

WITHOUT_REDIS = 5
"""Seconds in which Redis is not asked again after it failed."""

_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('TTL', KEYS[1])}
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key has asked in its minute, and in how many seconds the next begins."""

    limit: int
    asked: int
    resets_in: int

    @property
    def is_exceeded(self) -> bool:
        """This request was one too many."""
        return self.asked > self.limit

    def headers(self) -> dict[str, str]:
        """As the IETF's draft says it."""
        return {
            "RateLimit-Policy": f'"minute";q={self.limit};w={WINDOW}',
            "RateLimit": f'"minute";r={max(self.limit - self.asked, 0)};t={self.resets_in}',
        }


@dataclass(slots=True)
class _Redis:
    failed_at: int = -WITHOUT_REDIS


_state = _Redis()


def spend(caller: Caller) -> Allowance | None:
    """Count a request. None while Redis is away: a payment is worth more than a limit, so it is let through."""
    now = int(time.monotonic())
    if now - _state.failed_at < WITHOUT_REDIS:
        return None
    try:
        count, resets_in = _count(f"api:requests:{caller.key.hex}")
    except (redis.RedisError, OSError) as error:
        _state.failed_at = now
        forget_connection()
        logger.warning("Rate limits are not held: Redis failed with %s.", type(error).__name__)
        return None
    return Allowance(caller.requests_per_minute, count, max(resets_in, 1))


def refusal(allowance: Allowance) -> RateLimited:
    """What is said to whoever asks too much."""
    return RateLimited(
        f"This key has asked {allowance.limit} times in a minute; ask again in {allowance.resets_in} s.",
        details={"retry_after": allowance.resets_in, "violated_policies": ["minute"]},
    )


def forget() -> None:
    """Ask Redis again at once; for whoever has just started it."""
    _state.failed_at = -WITHOUT_REDIS


def forget_connection() -> None:
    """Connect anew with the next request of this thread."""
    found = _own.__dict__.pop("connection", None)
    if found is not None:
        found.disconnect()


def _count(key: str) -> tuple[int, int]:
    """Ask by a connection of the thread's own, with a command that is packed already: half of what a client costs."""
    found = _own.__dict__.get("connection")
    if found is None:
        pool = redis.ConnectionPool.from_url(
            settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=None
        )
        found = _own.connection = pool.make_connection()
        found.connect()  # type: ignore[no-untyped-call]
    name = key.encode()
    found.send_packed_command([_COMMAND % (len(name), name)], check_health=False)
    count, resets_in = found.read_response()
    return int(count), int(resets_in)


_own = threading.local()
_COMMAND = b"*5\r\n$4\r\nEVAL\r\n$%d\r\n%s\r\n$1\r\n1\r\n$%%d\r\n%%s\r\n$%d\r\n%d\r\n" % (
    len(_COUNT),
    _COUNT.encode(),
    len(str(WINDOW)),
    WINDOW,
)
