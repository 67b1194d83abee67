"""The JSON Schema of each event: valid itself, with an example that is, and with words for every field."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from apps.api.event_schemas import schema_of
from apps.operations.event_types import EventType, Shape, all_types
from tests.support.told import closed

TYPES = [pytest.param(each, id=f"{each.name}.{each.version}") for each in all_types()]
SHAPES = [
    pytest.param(each, shape, id=f"{each.name}.{each.version}.{number}")
    for each in all_types()
    for number, shape in enumerate(each.shapes)
]


@pytest.mark.parametrize("event_type", TYPES)
def test_it_is_a_schema_of_json_schema_2020_12(event_type: EventType) -> None:
    schema = schema_of(event_type)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(("event_type", "shape"), SHAPES)
def test_every_example_is_as_its_schema_says(event_type: EventType, shape: Shape) -> None:
    assert shape.example or shape.data is None
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.validate(
        shape.example,
        closed(schema_of(event_type)),
        cls=jsonschema.Draft202012Validator,
        format_checker=checker,
    )


@pytest.mark.parametrize("event_type", TYPES)
def test_references_stay_inside(event_type: EventType) -> None:
    schema = schema_of(event_type)
    assert {found for found in references(schema)} <= {f"#/$defs/{name}" for name in schema.get("$defs", ())}


def references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
