"""Answers as bytes."""

from typing import Any

import orjson

from apps.core import canonical

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def as_json(value: Any) -> bytes:
    """JSON in the order in which it is said. Money, instants and days become texts as everywhere else."""
    try:
        return orjson.dumps(value, canonical.represent, _OPTIONS)
    except orjson.JSONEncodeError:  # integers beyond 64 bits, which a caller's own notes may have
        return canonical.encode(value, canonical.represent).encode()
