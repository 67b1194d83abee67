"""Every field of every command, given what it cannot be: a refusal that names the field, never a defect."""

from typing import Any

import pytest

from apps.api.examples import example_of
from apps.operations import inputs
from apps.operations.errors import InputInvalid
from apps.operations.registry import all_commands

STRANGE: list[Any] = [
    None, [], [1], [None], [[]], [{}], {}, {"a": [{}]}, {"amount": [], "currency": {}}, {"amount": "1", "currency": []},
    True, 0, -1, 2**70, 1.5, float("nan"), "", " ", "\x00", "\ud800", "x" * 100_000, "9" * 100_000, b"x",
]  # fmt: skip
FIELDS = [
    pytest.param(command.name, name, id=f"{command.name}.{name}")
    for command in all_commands()
    for name in command.input().fields
]


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_a_field_of_another_type_is_accepted_or_named(name: str, field: str) -> None:
    command = next(each for each in all_commands() if each.name == name)
    given = example_of(command.input())
    for value in STRANGE:
        try:
            valid = inputs.validate(command, {**given, field: value})
        except InputInvalid as error:
            assert error.details["fields"], value  # noqa: PT017 (either is right)
        else:
            assert field in valid
