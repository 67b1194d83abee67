"""Drift between a command's parts fails `manage.py check`."""

from dataclasses import replace
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from rest_framework import serializers

from apps.operations import registry
from apps.operations.plan import Context, Plan
from apps.operations.registry import Command, Done
from tests.support.commands import registered


class Input(serializers.Serializer[Any]):
    name = serializers.CharField()
    amount = serializers.CharField()


def plan(context: Context, *, name: str, amount: str) -> Plan:
    return Plan(result={})


def plan_without_amount(context: Context, *, name: str) -> Plan:
    return Plan(result={})


def plan_with_more(context: Context, *, name: str, amount: str, more: str) -> Plan:
    return Plan(result={})


def handler(context: Context, *, name: str, amount: str) -> Done:
    return Done({})


TELLS = {"facts": lambda context, plan, **_: {}, "tells": frozenset({"kind"})}
FITTING = Command(name="tests.fits", summary="x", input=Input, permission="tests.fits", plan=plan)


def found(command: Command) -> list[str | None]:
    """The ids of what the check says with this command registered."""
    with registered(command):
        return [message.id for message in run_checks(tags=["commands"])]


def test_the_products_own_commands_fit() -> None:
    assert run_checks(tags=["commands"]) == []
    assert found(FITTING) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"plan": plan_without_amount}, "operations.E001"),
        ({"plan": plan_with_more}, "operations.E002"),
        ({"secret_fields": frozenset({"pin"})}, "operations.E003"),
        ({"personal_fields": frozenset({"pin"})}, "operations.E003"),
        ({"secret_fields": frozenset({"name"}), **TELLS}, "operations.E004"),
        ({**TELLS, "tells": frozenset()}, "operations.E009"),
        ({**TELLS, "tells": frozenset({"weather"})}, "operations.E008"),
        ({"permission": "fits"}, "operations.E005"),
        ({"permission": "tests.fits.well"}, "operations.E005"),
    ],
)
def test_drift_is_found(change: dict[str, Any], expected: str) -> None:
    assert found(replace(FITTING, **change)) == [expected]


def test_drift_fails_the_management_command() -> None:
    with (
        registered(replace(FITTING, plan=plan_without_amount)),
        pytest.raises(CommandError, match=r"tests\.fits"),
    ):
        call_command("check")


@pytest.mark.parametrize("change", [{"plan": None}, {"handler": handler}])
def test_a_command_has_a_plan_or_a_handler_and_not_both(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either a plan or a handler"):
        registry.register(replace(FITTING, **change))


def test_a_route_says_what_it_answers() -> None:
    with pytest.raises(ValueError, match="must say what it answers"):
        registry.register(replace(FITTING, path="fits", output=None))


def test_a_name_is_taken_once() -> None:
    with registered(FITTING), pytest.raises(ValueError, match="registered twice"):
        registry.register(FITTING)


def test_an_alias_is_of_one_command() -> None:
    first = replace(FITTING, aliases=("fits",))
    second = replace(FITTING, name="tests.fits_too", aliases=("fits",))
    with registered(first):
        with pytest.raises(ValueError, match="alias of two"):
            registry.register(second)
        assert registry.find("fits") is first
        assert "tests.fits_too" not in {command.name for command in registry.all_commands()}
