"""Bodies of requests: JSON that every reader reads alike, of bounded size and depth."""

import json
import re
from typing import Any

import orjson
from django.http import HttpRequest

from apps.api.errors import BodyInvalid, BodyTooLarge, LengthRequired, MediaTypeUnsupported

DEEPEST = 64
"""Levels of nesting."""

_JSON = re.compile(r'application/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?\Z', re.IGNORECASE)


def read_object(request: HttpRequest, *, limit: int) -> dict[str, Any]:
    """The body as a JSON object; it is read no further than `limit` bytes."""
    if not _JSON.match(request.META.get("CONTENT_TYPE", "")):
        raise MediaTypeUnsupported("Send JSON: the header Content-Type: application/json is missing.")
    value = parsed(_bytes(request, limit))
    if not isinstance(value, dict):
        raise BodyInvalid("The body must be a JSON object, such as {}.")
    return value


def parsed(data: bytes) -> Any:
    """JSON in UTF-8, without names that come twice, numbers that are none, or nesting without end."""
    try:
        value = orjson.loads(data)  # refuses NaN, Infinity, what is no UTF-8, and a thousand levels
    except orjson.JSONDecodeError as error:
        raise BodyInvalid(
            f"The body is no JSON in UTF-8: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    # A name that comes twice leaves fewer members than there are colons. A colon in a text only costs time.
    if data.count(b":") != _members(value, 0):
        json.loads(data, object_pairs_hook=_once)
    return value


def _bytes(request: HttpRequest, limit: int) -> bytes:
    if not request.META.get("CONTENT_LENGTH") and request.META.get("HTTP_TRANSFER_ENCODING"):
        raise LengthRequired("Send the body with a Content-Length, not in chunks.")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit():
        raise BodyInvalid("Content-Length is no number.")
    if int(length) > limit:
        raise BodyTooLarge(f"The body has {length} bytes; this route reads at most {limit}.")
    return request.read(limit + 1)


def _members(value: Any, depth: int) -> int:
    """How many members all objects in it have; refuses what nests too deep."""
    if type(value) is dict:
        inner: Any = value.values()
        count = len(value)
    elif type(value) is list:
        inner, count = value, 0
    else:
        return 0
    if depth == DEEPEST:
        raise BodyInvalid(f"The body nests deeper than {DEEPEST} levels.")
    for item in inner:
        if type(item) is dict or type(item) is list:
            count += _members(item, depth + 1)
    return count


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BodyInvalid(
            f"The name {twice[:80]!r} comes twice in one object, so nobody can say which is meant."
        )
    return found
