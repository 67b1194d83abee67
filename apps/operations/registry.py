"""Every command of the product, declared once. Routes, forms and the command line are made from this."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db.models import Model
from django.utils.functional import Promise
from rest_framework.serializers import Serializer

from apps.operations.errors import CommandUnknown
from apps.operations.plan import EventDraft, Plan, Request

Surface = Literal["api", "console", "cli"]
Input = Mapping[str, Any]

BY_OPERATORS: frozenset[Surface] = frozenset({"console", "cli"})
"""Where operators work."""

EVERYWHERE: frozenset[Surface] = frozenset({"api", "console", "cli"})
"""Where tenants' programs ask, too."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a handler did: its result and the events that tell of it."""

    result: Mapping[str, Any]
    events: tuple[EventDraft, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """A row that a command works on; it is locked before planning, and refused if it is not there.

    What is never changed, such as evidence, is only fetched: `lock` is off.
    """

    model: type[Model]
    id: str
    lock: bool = True


@dataclass(frozen=True, kw_only=True)
class Command:
    """One declared operation that changes money or state.

    `plan(context, **input)` returns a Plan and writes nothing; `handler(context, **input)` is for commands that
    move no money: it writes by itself, alone in its batch. `targets(input)` names the rows to lock. `facts`
    gives the approval policies what they may look at, `tells` are the names of that.
    `scopes(input)` names the flag scopes beside the caller's tenant.
    `secret_results` are shown to the first caller and stored nowhere: a replay has them redacted. `path` is the
    route below `/v1/`, such as `wallets/{wallet}/close`, whose parts in braces are fields of the input.
    `parties(input)` are the books of the counterparties that an input names, which a tenant's command may reach.
    `asks_for` names the command whose approval this one's plan may ask for (`approvals.ask_for`); `if_rejected(input)`
    is what runs when other people say no. `alone` in its batch is a handler, and a plan with `own_accounts`.
    One that tells whether a guess is right has no `previews`, which would be guesses that nobody counts.
    A `completion` finishes what was begun, so a freeze lets it pass unless completions are gated.
    """

    name: str
    summary: str | Promise
    input: type[Serializer[Any]]
    permission: str
    plan: Callable[..., Plan] | None = None
    handler: Callable[..., Done] | None = None
    targets: Callable[[Input], Iterable[Target]] | None = None
    facts: Callable[..., Mapping[str, Any]] | None = None
    tells: frozenset[str] = frozenset()
    scopes: Callable[[Input], Iterable[tuple[str, str]]] | None = None
    output: type[Serializer[Any]] | None = None
    scope: str | None = None
    flag: str | None = None
    completion: bool = False
    surfaces: frozenset[Surface] = frozenset({"cli"})
    alone: bool = False
    previews: bool = True
    version: int = 1
    secret_fields: frozenset[str] = frozenset()
    personal_fields: frozenset[str] = frozenset()
    secret_results: frozenset[str] = frozenset()
    path: str | None = None
    parties: Callable[[Input], Iterable[int]] | None = None
    asks_for: str | None = None
    if_rejected: Callable[[Input], Request] | None = None
    aliases: tuple[str, ...] = field(default=())

    @property
    def function(self) -> Callable[..., Any]:
        """The one function behind the entry."""
        return self.plan or self.handler  # type: ignore[return-value]

    @property
    def shares_batches(self) -> bool:
        """Whether others may be run and committed with it."""
        return self.handler is None and not self.alone


_commands: dict[str, Command] = {}
_aliases: dict[str, str] = {}


def register(command: Command) -> None:
    """Declare a command; a name, alias or half-declared entry that clashes is a defect and raises."""
    if (command.plan is None) == (command.handler is None):
        raise ValueError(f"{command.name} needs either a plan or a handler.")
    if command.path and command.output is None:
        raise ValueError(f"{command.name} has a route and must say what it answers.")
    if command.name in _commands:
        raise ValueError(f"{command.name} is registered twice.")
    for alias in command.aliases:
        if _aliases.get(alias, command.name) != command.name:
            raise ValueError(f"{alias} is an alias of two commands.")
    _commands[command.name] = command
    _aliases.update(dict.fromkeys(command.aliases, command.name))


def find(name: str) -> Command:
    """The command of this name or alias."""
    command = _commands.get(name) or _commands.get(_aliases.get(name, ""))
    if command is None:
        raise CommandUnknown(f"There is no command {name!r}; `op --list` shows them all.")
    return command


def all_commands() -> list[Command]:
    """All commands by name."""
    return [_commands[name] for name in sorted(_commands)]
