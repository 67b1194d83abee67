"""Texts as the schema takes them: without what XML cannot hold, and never longer than it allows."""

import hashlib
import re
from collections.abc import Iterator

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STRANGER = "\N{REPLACEMENT CHARACTER}"
_HASHED = 18
_MARK = "~"


def readable(text: str, limit: int) -> str:
    """For people: what XML cannot hold is replaced, and what is too long ends in an ellipsis."""
    clean = _NOT_XML.sub(_STRANGER, text)
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"


def pieces(text: str, limit: int) -> Iterator[str]:
    """The whole text, cut into pieces."""
    clean = _NOT_XML.sub(_STRANGER, text)
    return (clean[start : start + limit] for start in range(0, len(clean), limit))


def identifier(text: str, limit: int) -> str:
    """For programs: different texts never become the same. What does not fit ends in `~` and a part of its SHA-256."""
    if text and len(text) <= limit and _MARK not in text and not _NOT_XML.search(text):
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_HASHED]
    return f"{_NOT_XML.sub(_STRANGER, text)[: limit - _HASHED - 1]}{_MARK}{digest}"
