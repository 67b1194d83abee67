"""The JSON Schemas of events, made from the registry: for the document, for the docs page, and to hold payloads to them."""

from functools import cache
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from apps.api.schema import Schema, plain
from apps.operations.event_types import EventType

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NOTHING: Schema = {"type": "object", "properties": {}}
COMPONENTS = "#/components/schemas/"
WORDS = frozenset({"$schema", "title", "description", "examples"})


class _NoView(APIView):
    """Nobody asks for an event: what the generator wants of a view."""

    def get_serializer_context(self) -> Schema:
        """No request."""
        return {}


def schema_of(event_type: EventType) -> Schema:
    """The JSON Schema of the payload of a type, by itself."""
    schema, definitions = with_definitions(event_type)
    return {"$schema": DIALECT, **schema, **({"$defs": definitions} if definitions else {})}


def with_definitions(event_type: EventType, prefix: str = "#/$defs/") -> tuple[Schema, Schema]:
    """The schema of a payload, and what it refers to, by names below the prefix."""
    parts = [_of(shape.data) for shape in event_type.shapes]
    definitions = {name: schema for _, found in parts for name, schema in found.items()}
    alternatives = [{"$ref": COMPONENTS + top} if top else NOTHING for top, _ in parts]
    schema = alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}
    return _moved(schema, prefix), _moved(definitions, prefix)


def in_full(event_type: EventType) -> Schema:
    """The schema of a payload without references and words: what receivers rely on."""
    schema, definitions = with_definitions(event_type)
    found: Schema = _filled_in(schema, definitions)
    return found


@cache
def _of(data: type[Serializer[Any]] | None) -> tuple[str, Schema]:
    """The name of a serializer's schema, and all schemas that it takes to say it."""
    if data is None:
        return "", {}
    maker = AutoSchema()
    maker.registry, maker.view, maker.path, maker.method = ComponentRegistry(), _NoView(), "", "GET"
    top = maker.resolve_serializer(data, "response").name
    return top, plain(maker.registry.build({})["schemas"])


def _moved(value: Any, prefix: str) -> Any:
    """With references to somewhere else."""
    if isinstance(value, list):
        return [_moved(item, prefix) for item in value]
    if not isinstance(value, dict):
        return value
    moved = {name: _moved(item, prefix) for name, item in value.items()}
    if isinstance(found := moved.get("$ref"), str):
        moved["$ref"] = prefix + found.removeprefix(COMPONENTS)
    return moved


def _filled_in(value: Any, definitions: Schema) -> Any:
    if isinstance(value, list):
        return [_filled_in(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    found = dict(value)
    if isinstance(found.get("$ref"), str):
        found = definitions[found.pop("$ref").rpartition("/")[2]] | found
    return {
        name: {key: _filled_in(each, definitions) for key, each in item.items()}
        if name == "properties"
        else _filled_in(item, definitions)
        for name, item in found.items()
        if name not in WORDS
    }
