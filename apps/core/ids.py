"""Ids: time-ordered UUIDs in storage, `je_01jd…` for people; the text sorts as the UUID does."""

import os
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from threading import Lock

from apps.core import clock
from apps.core.errors import DomainError

LENGTH = 26
"""Characters after the prefix and its underscore."""

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"

_PAIRS = [high + low for high in CROCKFORD for low in CROCKFORD]
# Crockford's digits to those that int() reads; every other byte becomes one that int() refuses.
_INT_DIGITS = bytes(
    ord("0123456789abcdefghijklmnopqrstuv"[CROCKFORD.index(chr(byte))])
    if chr(byte) in CROCKFORD
    else ord("!")
    for byte in range(256)
)

_TAIL_BITS = 74
_LOW_40_BITS = (1 << 40) - 1
_LOW_62_BITS = (1 << 62) - 1
_VERSION_AND_VARIANT = 7 << 76 | 2 << 62


class InvalidId(DomainError):
    """The text is no id of the expected prefix."""

    code = "INVALID_ID"


class _Source:
    """Hands out ever greater numbers: 48 bits of milliseconds, then a tail that starts at random in each."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.last = 0
        self.step = 1

    def next(self) -> int:
        """The next UUID as a number."""
        with self.lock:
            start = clock.unix_milliseconds() << _TAIL_BITS
            if start > self.last:
                self._begin(start)
            else:
                # A clock that stands still or steps back must not disturb the order.
                self.last += self.step
            number = self.last
        head, tail = number >> _TAIL_BITS << 80, number >> 62 & 0xFFF
        return head | tail << 64 | number & _LOW_62_BITS | _VERSION_AND_VARIANT

    def _begin(self, start: int) -> None:
        entropy = int.from_bytes(os.urandom(14))
        self.last = start | entropy >> 40
        self.step = 1 + (entropy & _LOW_40_BITS)


_source = _Source()


def _start_anew() -> None:
    global _source
    _source = _Source()


# A forked child would otherwise continue its parent's tail, and perhaps inherit a held lock.
os.register_at_fork(after_in_child=_start_anew)


def new_uuid() -> uuid.UUID:
    """A UUID of version 7, greater than every one this process made before."""
    return uuid.UUID(int=_source.next())


def new_id(prefix: str) -> str:
    """A new id for people and for models."""
    return _text(prefix, _source.next())


def encode(prefix: str, value: uuid.UUID) -> str:
    """The id that people see for a stored UUID."""
    return _text(prefix, value.int)


def decode(prefix: str, text: str) -> uuid.UUID:
    """The stored UUID of an id; InvalidId unless it is spelled as `encode` spells it, with this prefix."""
    return uuid.UUID(int=_decoded(prefix, text))


def first_at(prefix: str, at: datetime) -> str:
    """The least id that could have been made at an instant: ids begin with their milliseconds."""
    return _text(prefix, int(at.timestamp() * 1_000) << 80)


def made_at(prefix: str, text: str) -> datetime:
    """The instant in which an id was made, to the millisecond."""
    return datetime.fromtimestamp((_decoded(prefix, text) >> 80) / 1_000, UTC)


def stored(prefix: str, text: str) -> str:
    """The same as the 32 hex digits that PostgreSQL reads, at a third of the price."""
    return f"{_decoded(prefix, text):032x}"


@lru_cache(maxsize=10_000)  # an operation's id is stored with each of its rows
def _decoded(prefix: str, text: str) -> int:
    if not isinstance(text, str) or not text.startswith(f"{prefix}_"):
        raise InvalidId(f"{_shown(text)} is not the id that is expected here, which starts with {prefix}_.")
    number = _number(text[len(prefix) + 1 :])
    if number is None:
        raise InvalidId(
            f"{_shown(text)} is malformed; after {prefix}_ come {LENGTH} characters of {CROCKFORD}."
        )
    return number


def _number(body: str) -> int | None:
    if len(body) != LENGTH or not "0" <= body[0] <= "7":
        return None
    try:
        return int(body.encode("ascii").translate(_INT_DIGITS), 32)
    except ValueError:
        return None


def _text(prefix: str, value: int) -> str:
    # 130 bits as thirteen pairs of characters, in two halves because small ints shift faster.
    high, low = value >> 60, value & 0xFFFFFFFFFFFFFFF
    pairs = _PAIRS
    return (
        f"{prefix}_{pairs[high >> 60]}{pairs[high >> 50 & 1023]}{pairs[high >> 40 & 1023]}"
        f"{pairs[high >> 30 & 1023]}{pairs[high >> 20 & 1023]}{pairs[high >> 10 & 1023]}{pairs[high & 1023]}"
        f"{pairs[low >> 50]}{pairs[low >> 40 & 1023]}{pairs[low >> 30 & 1023]}"
        f"{pairs[low >> 20 & 1023]}{pairs[low >> 10 & 1023]}{pairs[low & 1023]}"
    )


def _shown(text: object) -> str:
    return repr(text)[:80]
