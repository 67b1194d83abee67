"""One request on its way through the door."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from hashlib import blake2b
from typing import Any

from apps.core import ids
from apps.core.errors import DomainError
from apps.operations import books, inputs, registry
from apps.operations.errors import KeyInvalid, KeyMissing, PermissionDenied
from apps.operations.models import ApprovalRequest, OperationStatus
from apps.operations.plan import Plan, Request
from apps.operations.posting import Posted
from apps.operations.registry import Command, Done, Target

LONGEST_KEY = 255
FROM_OUTSIDE = frozenset({"api", "cli", "console"})

# Such as apr_…:apply. Whoever took such a key first would keep what was approved from ever being applied.
_OURS = re.compile(rf"(?:[a-z]{{2,4}}_[{ids.CROCKFORD}]{{{ids.LENGTH}}}|rates):")


@dataclass(frozen=True)
class Outcome:
    """What became of a request. `result_json` is the stored result; `error` says why it was refused.

    `operation_id` is empty where there was no run: the key or the command's name itself was wrong.
    """

    status: str
    operation_id: str = ""
    result_json: str = "null"
    error: DomainError | None = None
    replayed: bool = False
    approval_request_id: str | None = None

    @cached_property
    def result(self) -> Any:
        """The result as JSON values."""
        return json.loads(self.result_json)

    @property
    def accepted(self) -> bool:
        """The command ran, now or when its key was first used."""
        return self.status == OperationStatus.ACCEPTED

    def or_raise(self) -> "Outcome":
        """Itself, unless it was refused."""
        if self.error:
            raise self.error
        return self


@dataclass(slots=True)
class Run:
    """A request with what is learnt of it, step by step. `error` ends it; so does `outcome`.

    `unfit` is what was wrong with the request itself, which no further try changes. `held_back` is why another
    tenant cannot take part, told only to who has asked for what they may ask.
    """

    request: Request
    command: Command
    book_id: int
    input: Mapping[str, Any] = field(default_factory=dict)
    stored_input: str = "{}"
    input_hash: bytes = b""
    operation_id: str = field(default_factory=partial(ids.new_id, "op"))
    generation: int = 0
    error: DomainError | None = None
    held_back: DomainError | None = None
    error_sticks: bool = False
    unfit: DomainError | None = None
    outcome: Outcome | None = None
    plan: Plan | None = None
    done: Done | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    posted: list[Posted] = field(default_factory=list)
    asks: ApprovalRequest | None = None
    applies: ApprovalRequest | None = None
    targets: Sequence[Target] = ()
    """What it works on, as it was named when that was locked."""

    @property
    def open(self) -> bool:
        """Still on its way."""
        return self.error is None and self.outcome is None

    @property
    def tenant_book(self) -> int | None:
        """The book of the tenant for whom this runs and to whom it is confined; None for whoever reaches all."""
        return self.request.actor.book_id

    @property
    def lock(self) -> int:
        """The advisory lock that stands for the key: 64 bits, signed."""
        name = f"{self.book_id}:{self.request.key}".encode()
        return int.from_bytes(blake2b(name, digest_size=8).digest(), signed=True)

    def anew(self) -> "Run":
        """The same request as it was before the database was asked."""
        again = Run(self.request, self.command, self.book_id, self.input, self.stored_input, self.input_hash)
        again.error = again.unfit = self.unfit
        return again


def prepare(request: Request) -> Run | Outcome:
    """All that needs no database: the key, the command, the permission, the input."""
    try:
        _check_key(request)
        command = registry.find(request.command)
        book_id = request.book_id or request.actor.book_id or books.platform_id()
    except DomainError as error:
        return Outcome(OperationStatus.REFUSED, error=error)
    run = Run(request, command, book_id)
    try:
        _check_permission(run)
        run.input = inputs.validate(command, request.input)
        run.stored_input, run.input_hash = inputs.canonical(command, run.input)
    except DomainError as error:
        run.error = run.unfit = error
        run.stored_input = inputs.raw(_without_secrets(command, request.input))
    return run


def _check_key(request: Request) -> None:
    key = request.key
    if not key:
        raise KeyMissing(
            "A command needs an idempotency key: make one for each new wish, repeat it to retry."
        )
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise KeyInvalid(
            f"An idempotency key has at most {LONGEST_KEY} printable ASCII characters; this one has {len(key)}."
        )
    if request.origin in FROM_OUTSIDE and _OURS.match(key):
        raise KeyInvalid("Keys that begin with an id and a colon are our own; put something before it.")


def _check_permission(run: Run) -> None:
    if not run.request.actor.can(run.command.permission):
        raise PermissionDenied(
            f"{run.request.actor.label} may not {run.command.name}: it needs {run.command.permission}.",
            details={"permission": run.command.permission},
        )


def _without_secrets(command: Command, data: Any) -> Any:
    """Neither the hidden fields nor, beside such, fields that do not exist: a secret may be misspelt."""
    hidden = command.secret_fields | command.personal_fields
    if not hidden or not isinstance(data, Mapping):
        return data if not hidden else {}
    known = command.input().fields.keys() - hidden
    return {name: value if name in known else inputs.REDACTED for name, value in data.items()}
