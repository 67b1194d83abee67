"""Events in the documents: the webhooks of OpenAPI, docs/events.md, and the schemas that receivers rely on."""

import json
import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from apps.api.event_changes import Published
from apps.api.event_schemas import COMPONENTS, in_full, with_definitions
from apps.api.examples import SAMPLE
from apps.api.schema import Schema
from apps.operations.event_types import EventType, all_types, find

ENVELOPE: Schema = {
    "type": "object",
    "description": "What goes around every event. Receivers bear fields, types and values that they do not know.",
    "required": ["id", "type", "version", "timestamp", "position", "subject", "sequence", "data"],
    "properties": {
        "id": {"type": "string", "pattern": "^evt_", "description": "The event's own: the same each time."},
        "type": {"type": "string", "description": "What happened."},
        "version": {"type": "integer", "description": "Of the schema of `data`."},
        "timestamp": {"type": "string", "format": "date-time", "description": "When it was recorded."},
        "position": {"type": "integer", "description": "Its place in the book's feed: dense, never changed."},
        "subject": {"type": "string", "description": "The object that it happened to."},
        "sequence": {
            "type": "integer",
            "minimum": 1,
            "description": "Which event of its subject this is in the book: 1, 2, 3 and so on.",
        },
        "data": {"description": "What is told of it."},
    },
}
HEADING = """# Events

What happened, as `GET /v1/events`, the stream and webhooks tell it. Made from the code by `script/manage api_docs`; the schemas
are in the `webhooks` of `docs/openapi.yaml` and, without words, in `docs/openapi/events.json`.

Around each payload stands the same envelope: `id` (the same each time it is told), `type`, `version` (of the payload's
schema), `timestamp`, `position` (its place in the book's feed), `subject` (the object that it happened to), `sequence` (the
object's own version in the book: 1, 2, 3 …, one more with each event that is told of it) and `data`, the payload shown here.

Bear what you do not know: fields, types and values may be added at any time. What is removed or becomes something else comes as
a new `version`, and the old one's schema stays published.
"""


def webhooks() -> Schema:
    """An entry for each version of each type; the latest has the plain name."""
    return {_name_of(each): {"post": _told(each)} for each in all_types()}


def components() -> Schema:
    """All schemas that the webhooks refer to."""
    found: Schema = {"EventEnvelope": ENVELOPE}
    for each in all_types():
        found |= with_definitions(each, COMPONENTS)[1]
    return found


def published() -> Published:
    """What receivers rely on, by name and version."""
    found: Published = {}
    for each in all_types():
        found.setdefault(each.name, {})[str(each.version)] = in_full(each)
    return found


def as_json(schemas: Published) -> str:
    """The schemas as docs/openapi/events.json."""
    return json.dumps(schemas, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def as_markdown() -> str:
    """The page as docs/events.md."""
    by_app = sorted(all_types(), key=lambda each: (each.by[0].partition(".")[0], each.name, each.version))
    parts = groupby(by_app, key=lambda each: each.by[0].partition(".")[0])
    return HEADING + "".join(_section(app, types) for app, types in parts)


def _section(app: str, types: Iterable[EventType]) -> str:
    return f"\n## {app.capitalize()}\n" + "".join(_entry(each) for each in types)


def _entry(told: EventType) -> str:
    by = [f"`{name}`" for name in told.by]
    if told.by_asking:
        by.append("whatever other people must agree to")
    examples = "".join(
        f"```json\n{json.dumps(shape.example, ensure_ascii=False)}\n```\n" for shape in told.shapes
    )
    said = f"{told.summary} Version {told.version}. Told by {', '.join(by)}."
    return f"\n### {told.name}\n\n{said}\n\n{examples}"


def _name_of(told: EventType) -> str:
    return told.name if find(told.name) == told else f"{told.name}.v{told.version}"


def _told(told: EventType) -> Schema:
    data = with_definitions(told, COMPONENTS)[0]
    fixed = {"type": {"const": told.name}, "version": {"const": told.version}, "data": data}
    schema = {"allOf": [{"$ref": f"{COMPONENTS}EventEnvelope"}, {"type": "object", "properties": fixed}]}
    examples = {
        f"example{number}": {"value": _example(told, shape.example)}
        for number, shape in enumerate(told.shapes, start=1)
    }
    return {
        "operationId": re.sub(r"\W", "_", f"event_{_name_of(told)}"),
        "summary": str(told.summary),
        "tags": ["webhooks"],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "examples": examples}},
        },
        "responses": {"2XX": {"description": "It was taken."}},
        "security": [],
    }


def _example(told: EventType, data: Any) -> Schema:
    ids = [value for value in data.values() if re.fullmatch(r"[a-z]{2,4}_[0-9a-z]{26}", str(value))]
    return {
        "id": f"evt_{SAMPLE}",
        "type": told.name,
        "version": told.version,
        "timestamp": "2026-11-22T12:00:00.000000Z",
        "position": 1042,
        "subject": ids[0] if ids else told.name.partition(".")[0],
        "sequence": 3,
        "data": data,
    }
