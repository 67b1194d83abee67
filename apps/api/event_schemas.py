"""The JSON Schemas of events, made from the registry: for the document, for the docs page, and to hold payloads to them."""

import re
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
_COMPONENTS = "#/components/schemas/"


class _NoView(APIView):
    """Nobody asks for an event: what the generator wants of a view."""

    def get_serializer_context(self) -> Schema:
        """No request."""
        return {}


def schema_of(event_type: EventType) -> Schema:
    """The JSON Schema of the payload of a type, by itself."""
    shapes = [_of(shape.data) for shape in event_type.shapes]
    found = [_without_definitions(each) for each in shapes]
    definitions: Schema = {}
    for each in shapes:
        definitions |= each.get("$defs", {})
    schema: Schema = found[0] if len(found) == 1 else {"anyOf": found}
    return {"$schema": DIALECT, **schema, **({"$defs": definitions} if definitions else {})}


def _without_definitions(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if name != "$defs"}


@cache
def _of(data: type[Serializer[Any]] | None) -> Schema:
    """The schema of a serializer, with what it refers to in `$defs`."""
    if data is None:
        return NOTHING
    maker = AutoSchema()
    maker.registry, maker.view, maker.path, maker.method = ComponentRegistry(), _NoView(), "", "GET"
    top = maker.resolve_serializer(data, "response").name
    found = plain(maker.registry.build({})["schemas"])
    own = _local(found.pop(top))
    return {**own, "$defs": _local(found)} if found else dict(own)


def _local(value: Any) -> Any:
    """With references that stay inside the schema."""
    if isinstance(value, list):
        return [_local(item) for item in value]
    if isinstance(value, dict):
        return {name: _local(item) for name, item in value.items()}
    return re.sub(rf"^{_COMPONENTS}", "#/$defs/", value) if isinstance(value, str) else value
