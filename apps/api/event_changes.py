"""What of two schemas of one event breaks those who receive it.

Additions pass: a new field, a further shape beside others, a further value of an enumeration. What was always there and may
be missing now, what is of another type, and values or shapes that come no more, do not: they need a new version.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
Published = dict[str, dict[str, Schema]]
"""Schemas without references, by name and version."""


def breaks(old: Published, new: Published) -> list[str]:
    """Each break in words."""
    return [
        found
        for name, versions in old.items()
        for version, schema in versions.items()
        for found in _of_type(f"{name} {version}", schema, new.get(name, {}).get(version))
    ]


def _of_type(where: str, old: Schema, new: Schema | None) -> Iterator[str]:
    if new is None:
        yield f"{where} was removed"
    else:
        yield from compared(where, old, new)


def compared(where: str, old: Schema, new: Schema) -> Iterator[str]:
    """What was promised of a value and is not any more."""
    if "anyOf" in old or "anyOf" in new:
        yield from _alternatives(where, old.get("anyOf", [old]), new.get("anyOf", [new]))
        return
    if _types(old) and (not _types(new) or not _types(new) <= _types(old)):
        yield f"{where}: {_said(old)} became {_said(new)}"
        return
    for limit in ("pattern", "format"):
        if limit in old and new.get(limit) != old[limit]:
            yield f"{where}: the {limit} is another"
    if "enum" in old and (gone := [each for each in old["enum"] if each not in new.get("enum", [])]):
        yield f"{where}: never {', '.join(map(str, gone))} any more"
    yield from _fields(where, old, new)
    for inner, name in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(old.get(inner), dict):
            yield from compared(f"{where}{name}", old[inner], new.get(inner) or {})


def _fields(where: str, old: Schema, new: Schema) -> Iterator[str]:
    known = new.get("properties", {})
    for name, schema in old.get("properties", {}).items():
        if name not in known:
            yield f"{where}: {name} was removed"
            continue
        if name in old.get("required", ()) and name not in new.get("required", ()):
            yield f"{where}: {name} may be missing now"
        yield from compared(f"{where}.{name}", schema, known[name])


def _alternatives(where: str, old: list[Schema], new: list[Schema]) -> Iterator[str]:
    """Each shape that there was must be there; where there was one alone, or null is among them, none may join it."""
    left = list(new)
    for number, each in enumerate(old, start=1):
        found = next((other for other in left if not list(compared(where, each, other))), None)
        if found is None:
            yield f"{where}: alternative {number} of {len(old)} was removed or is another"
        else:
            left.remove(found)
    if left and (len(old) == 1 or any(_types(each) == {"null"} for each in left)):
        yield f"{where}: it may be something else now"


def _types(schema: Schema) -> set[str]:
    named = schema.get("type")
    return set(named) if isinstance(named, list) else {named} if named else set()


def _said(schema: Schema) -> str:
    return "/".join(sorted(_types(schema))) or "anything"
