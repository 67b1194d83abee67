"""Every type of event that is told, declared once. Schemas, the document of the API and the docs page are made from this."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from rest_framework.serializers import Serializer

from apps.operations.registry import Command

NAME = re.compile(r"[a-z_]+(\.[a-z_]+)+")


class EventTypeUnknown(AssertionError):
    """A command tells what the registry does not know: a defect of the command, not of what was asked."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a payload looks like: its fields, none of them if there is no serializer, and a payload such as that."""

    data: type[Serializer[Any]] | None
    example: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventType:
    """One version of what is told under a name. `by` are the commands that tell it.

    `others` are further shapes, of which higher apps may add some with `widen`. `by_asking` says that it is told besides
    by whatever command other people must agree to.
    """

    name: str
    version: int
    summary: str | Promise
    data: type[Serializer[Any]] | None
    example: Mapping[str, Any]
    by: tuple[str, ...]
    others: tuple[Shape, ...] = field(default=())
    by_asking: bool = False

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """All shapes that its payload may have, most often one."""
        return (Shape(self.data, self.example), *self.others)

    def is_told_by(self, command: Command) -> bool:
        """Whether a command may tell it."""
        asks = command.facts is not None or command.asks_for is not None
        return command.name in self.by or (self.by_asking and asks)


_types: dict[tuple[str, int], EventType] = {}


def register(*types: EventType) -> None:
    """Declare types; a name that is no dotted name, or that is declared twice, is a defect and raises."""
    for each in types:
        if not NAME.fullmatch(each.name):
            raise ValueError(f"{each.name!r} is no dotted name, such as transfer.completed.")
        if (each.name, each.version) in _types:
            raise ValueError(f"{each.name} {each.version} is declared twice.")
        _types[each.name, each.version] = each


def widen(name: str, shape: Shape, by: tuple[str, ...], *, version: int = 1) -> None:
    """Add a shape to a type of a lower app, and the commands that tell it so."""
    found = _types[name, version]
    all_by = tuple(dict.fromkeys((*found.by, *by)))
    _types[name, version] = replace(found, others=(*found.others, shape), by=all_by)


class Declaring:
    """Declares the types of one app. Their examples stand by name in `event_examples.json` beside its `events.py`."""

    def __init__(self, events_py: str) -> None:
        found = Path(events_py).with_name("event_examples.json")
        self.examples: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))

    def told(
        self,
        name: str,
        summary: str | Promise,
        data: type[Serializer[Any]] | None,
        *by: str,
        version: int = 1,
        by_asking: bool = False,
    ) -> None:
        """A type, and the commands that tell it. The example of a later version stands by the name and the version."""
        example = self.examples[name if version == 1 else f"{name} {version}"]
        register(EventType(name, version, summary, data, example, by, by_asking=by_asking))

    def also(self, name: str, label: str, data: type[Serializer[Any]], *by: str) -> None:
        """A further shape of a type; its example stands by the name and the label."""
        widen(name, Shape(data, self.examples[f"{name}: {label}"]), by)

    def alarm(self, reason: str, data: type[Serializer[Any]], *by: str) -> None:
        """A reason for which people are alarmed."""
        self.also("alert.raised", reason, data, *by)


def find(name: str, version: int | None = None) -> EventType | None:
    """The type of this name, the latest version unless one is given; None if there is none."""
    if version is not None:
        return _types.get((name, version))
    versions = [each for each in _types.values() if each.name == name]
    return max(versions, key=lambda each: each.version, default=None)


def all_types() -> tuple[EventType, ...]:
    """Every version of every type, by name."""
    return tuple(_types[key] for key in sorted(_types))


def refuse_unknown(name: str, version: int) -> None:
    """Raise EventTypeUnknown unless there is such a type."""
    if (name, version) not in _types:
        raise EventTypeUnknown(
            f"No app declares the event {name} in version {version}: add it to events.py of the app that tells it."
        )
