"""Columns of values as PostgreSQL array literals, to be cast where they are used: `%s::bigint[]`.

The driver's own arrays escape each element by a regular expression, which cost more than the posting itself; these
escape a whole column at once.
"""

from collections.abc import Iterable, Sequence

_BETWEEN = "\x1f"


def numbers(values: Iterable[int | None]) -> str:
    """Integers and nulls."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def texts(values: Sequence[str | None]) -> str:
    """Texts and nulls."""
    if not values:
        return "{}"
    if None in values:
        return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"
    column = _BETWEEN.join(values)  # type: ignore[arg-type]
    if column.count(_BETWEEN) >= len(values):
        return "{" + ",".join(map(_quoted, values)) + "}"  # type: ignore[arg-type]
    return "{" + _quoted(column).replace(_BETWEEN, '","') + "}"


def flags(values: Iterable[bool]) -> str:
    """Booleans."""
    return "{" + ",".join(["t" if value else "f" for value in values]) + "}"


def digests(values: Iterable[bytes]) -> str:
    """Byte strings."""
    return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in values]) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
