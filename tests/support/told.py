"""Every event as the registry says it: what must be true of what any test made happen."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
from django.db import connection

from apps.api.event_schemas import Schema, schema_of
from apps.core.errors import DomainError
from apps.operations import event_types, registry

ALL = (
    "SELECT e.type, e.version, e.data, o.command FROM operations_event e"
    " JOIN operations_operation o ON o.id = e.operation_id"
)


def assert_as_declared() -> None:
    """Fail with the first events that are not as their type says, or told by a command that it does not name."""
    with connection.cursor() as cursor:
        cursor.execute(ALL)
        wrong = [fault for row in cursor.fetchall() for fault in faults(*row)]
    assert wrong[:5] == []


def faults(name: str, version: int, data: str, command: str) -> Iterator[str]:
    """What is wrong with one event."""
    found = event_types.find(name, version)
    if found is None:
        return  # of a command of one test, which is over
    if not _is_told_by(name, version, command):
        yield f"{command} tells {name}, and is not among those that its type names"
    errors = _validator(name, version).iter_errors(json.loads(data))
    if error := jsonschema.exceptions.best_match(errors):
        yield f"{name} of {command}: {error.message}"


@cache
def _is_told_by(name: str, version: int, command: str) -> bool:
    found = event_types.find(name, version)
    try:
        return found is not None and found.is_told_by(registry.find(command))
    except DomainError:
        return True  # a command of one test


@cache
def _validator(name: str, version: int) -> Any:
    found = event_types.find(name, version)
    assert found
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(closed(schema_of(found)), format_checker=checker)


def closed(schema: Any) -> Any:
    """The same schema, which lets no field pass that it does not name: receivers bear new ones, tests do not."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found: Schema = {name: closed(value) for name, value in schema.items()}
    if found.get("type") == "object" and isinstance(found.get("properties"), dict):
        found.setdefault("additionalProperties", False)
    return found
