"""Opaque cursors: where a list goes on. Signed, so that nobody can ask with one for what no list has shown."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any

import orjson
from django.conf import settings

from apps.api.errors import CursorInvalid
from apps.core import canonical

_SIGNATURE = 9
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """After (or before) the row with these values, in the order of a list."""

    values: tuple[Any, ...]
    before: bool = False


def written(cursor: Cursor, name: str) -> str:
    """The cursor as text, good for the list of this name alone."""
    body = orjson.dumps([cursor.before, *cursor.values], canonical.represent)
    return urlsafe_b64encode(_signature(name, body) + body).decode().rstrip("=")


def read(text: str, name: str, width: int) -> Cursor:
    """A cursor that was written for this list, with so many values; CursorInvalid otherwise."""
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        signature, body = data[:_SIGNATURE], data[_SIGNATURE:]
        if hmac.compare_digest(signature, _signature(name, body)):
            before, *values = orjson.loads(body)
            if len(values) == width:
                return Cursor(tuple(values), bool(before))
    except (ValueError, TypeError):
        pass
    raise CursorInvalid("This cursor was not given by this list in this order; begin again without one.")


def _signature(name: str, body: bytes) -> bytes:
    return blake2b(
        name.encode() + b"\x00" + body, key=_key(settings.SECRET_KEY), digest_size=_SIGNATURE
    ).digest()


@cache
def _key(secret: str) -> bytes:
    return blake2b(b"cursors" + secret.encode(), digest_size=32).digest()
