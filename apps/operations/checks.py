"""Drift between a command's serializer and its function fails `manage.py check`."""

import inspect
import re
from collections.abc import Iterable
from typing import Any

from django.core import checks

from apps.operations import facts
from apps.operations.registry import Command, all_commands


@checks.register("commands")
def check_commands(**_: Any) -> list[checks.CheckMessage]:
    """Every declared command fits its function."""
    return [message for command in all_commands() for message in _check(command)]


def _check(command: Command) -> Iterable[checks.CheckMessage]:
    wanted = set(command.input().fields)
    given = _keywords(command)
    for field in sorted(wanted - given):
        yield _error(command, f"its function takes no argument {field!r}, which the serializer gives", "E001")
    for argument in sorted(given - wanted):
        yield _error(command, f"its serializer has no field {argument!r}, which the function takes", "E002")
    for field in sorted((command.secret_fields | command.personal_fields) - wanted):
        yield _error(command, f"{field!r} is declared secret or personal, but it is no field", "E003")
    if command.facts and (command.secret_fields or command.personal_fields):
        yield _error(command, "it may wait for approval, so it may have no secret or personal fields", "E004")
    if command.facts and not command.tells:
        yield _error(
            command, "it may wait for approval, so it says in `tells` which facts policies may ask", "E009"
        )
    for name in command.tells - facts.known().keys():
        yield _error(command, f"it tells {name!r}, which is no fact", "E008")
    if "api" in command.surfaces and not (command.scope and command.path):
        yield _error(command, "it is in the API, so it needs a scope and a path", "E006")
    for name in set(re.findall(r"{(\w+)}", command.path or "")) - wanted:
        yield _error(command, f"its path has {{{name}}}, which is no field", "E007")
    if command.permission.count(".") != 1:
        yield _error(command, f"its permission {command.permission!r} is not app.name", "E005")


def _keywords(command: Command) -> set[str]:
    parameters = inspect.signature(command.function).parameters.values()
    return {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}


def _error(command: Command, what: str, number: str) -> checks.Error:
    return checks.Error(f"Command {command.name}: {what}.", id=f"operations.{number}")
