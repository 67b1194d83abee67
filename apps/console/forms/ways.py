"""Which commands a user may run here, and the links that lead to their forms, filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise

from apps.operations.registry import Command, all_commands

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Doing:
    """A link to the form of a command."""

    command: str
    title: Text
    url: str


def may_run(request: HttpRequest, command: Command) -> bool:
    """Whether the console offers a command to this user. The door asks again."""
    return "console" in command.surfaces and request.user.has_perm(command.permission)


def runnable(request: HttpRequest) -> list[Command]:
    """Every command that this user may run here, by name."""
    return [command for command in all_commands() if may_run(request, command)]


def doings(request: HttpRequest, *wanted: tuple[str, Mapping[str, object]]) -> list[Doing]:
    """Links to these commands, each with what is known of its input, as far as the user may run them."""
    known = {command.name: command for command in runnable(request)}
    return [
        Doing(name, known[name].summary, form_url(name, given)) for name, given in wanted if name in known
    ]


def form_url(name: str, given: Mapping[str, object] | None = None) -> str:
    """The form of a command; `given` is text by the name of a control, such as `amount.currency`."""
    told = {key: value for key, value in (given or {}).items() if value is not None and value != ""}
    return reverse("console:do", args=[name]) + (f"?{urlencode(told, doseq=True)}" if told else "")
