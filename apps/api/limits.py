"""How much each key may ask in a minute, counted in Redis for all processes together."""

import logging
import time
from dataclasses import dataclass
from functools import cache

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
        count, resets_in = _script()(keys=[f"api:requests:{caller.key.hex}"], args=[WINDOW])
    except redis.RedisError as error:
        _state.failed_at = now
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


@cache
def _script() -> "redis.commands.core.Script":
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=None)
    return client.register_script(_COUNT)
