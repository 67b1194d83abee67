"""Tickets: how a browser listens, which cannot show a key and should not have one.

A program with the key makes one and hands it over. It is good once and for half a minute, for nothing but listening, and
perhaps only to one object. Redis keeps a hash of it.
"""

import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from uuid import UUID

import orjson
import redis
from django.conf import settings

from apps.api.errors import AuthenticationRequired, Unavailable

LIFE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Wish:
    """Which events are wanted: of types that begin so, of one subject; all without either."""

    type_prefix: str = ""
    subject: str = ""

    def wants(self, type_: str, subject: str) -> bool:
        """Whether this one is."""
        return type_.startswith(self.type_prefix) and self.subject in ("", subject)

    @property
    def lookups(self) -> dict[str, str]:
        """The same for a query of positions."""
        wanted = {"event__type__startswith": self.type_prefix, "subject": self.subject}
        return {lookup: value for lookup, value in wanted.items() if value}


@dataclass(frozen=True, slots=True)
class Ticket:
    """The key that has made it, and what it lets somebody hear."""

    key: UUID
    wish: Wish


def make(ticket: Ticket) -> str:
    """The ticket as text, which is kept nowhere."""
    text = f"tkt_{secrets.token_urlsafe(32)}"
    kept = orjson.dumps({"key": str(ticket.key), **asdict(ticket.wish)})
    try:
        _redis().set(_name(text), kept, ex=LIFE)
    except redis.RedisError as error:
        raise Unavailable("Tickets cannot be made in this moment; listen with the key itself.") from error
    return text


def take(text: str) -> Ticket:
    """Use a ticket up; AuthenticationRequired if it is unknown, used or too old."""
    try:
        kept = _redis().getdel(_name(text))
    except redis.RedisError as error:
        raise Unavailable("Tickets cannot be read in this moment; try again.") from error
    if not isinstance(kept, bytes):
        raise AuthenticationRequired("This ticket is unknown, was used, or is older than half a minute.")
    found = orjson.loads(kept)
    return Ticket(UUID(found["key"]), Wish(found["type_prefix"], found["subject"]))


def _name(text: str) -> str:
    return f"api:tickets:{sha256(text.encode()).hexdigest()}"


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
