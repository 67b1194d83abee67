"""The way from a request to the command door: what is asked, with which key, and how the outcome is answered."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from django.conf import settings

from apps.api import problems
from apps.api.callers import Caller
from apps.api.errors import NotInBulk
from apps.api.view import Answer, Refused
from apps.core import canonical
from apps.core.errors import DomainError
from apps.operations import combiner, executor, registry
from apps.operations.errors import KeyReused
from apps.operations.models import OperationStatus
from apps.operations.plan import Request
from apps.operations.registry import Command
from apps.operations.run import Outcome

ORIGIN = "api"
REPLAYED = "Idempotent-Replayed"

_ID = re.compile(r"[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{26}\Z")


def commands() -> list[Command]:
    """The commands that have a route."""
    return [command for command in registry.all_commands() if "api" in command.surfaces and command.path]


def by_name() -> dict[str, Command]:
    """The commands that have a route by name, alias and path."""
    return {
        name: command
        for command in commands()
        for name in (command.name, str(command.path), *command.aliases)
    }


def wish(caller: Caller, command: Command, key: str, data: Mapping[str, Any]) -> Request:
    """What the door is asked."""
    return Request(command.name, data, key, caller.actor, origin=ORIGIN, book_id=caller.book)


def run(request: Request) -> Outcome:
    """Through the door, with those of other threads where the combiner is on."""
    return combiner.execute(request) if settings.API_COMBINER else executor.execute(request)


def success_status(command: Command) -> int:
    """201 where something new comes to be, which is what a path without an id says."""
    return 200 if command.path and "{" in command.path else 201


def status_of(command: Command, outcome: Outcome) -> int:
    """The status of an outcome that was not refused."""
    return 202 if outcome.status == OperationStatus.PENDING_APPROVAL else success_status(command)


def answer(command: Command, outcome: Outcome, data: Mapping[str, Any]) -> Answer:
    """The stored result as it is; Refused for a refusal."""
    headers = {REPLAYED: "true"} if outcome.replayed else {}
    if outcome.error:
        raise Refused(explained(command, outcome.error, data), outcome.operation_id, headers)
    if outcome.approval_request_id:
        headers["Location"] = f"/v1/approval-requests/{outcome.approval_request_id}"
    # The database keeps no order of names; the first answer had them sorted.
    text = canonical.encode(outcome.result, str) if outcome.replayed else outcome.result_json
    return Answer(text.encode(), status_of(command, outcome), headers, outcome.operation_id)


def explained(command: Command, error: DomainError, data: Mapping[str, Any]) -> DomainError:
    """The refusal, for a key that was used before with the resource that came of it."""
    if not isinstance(error, KeyReused):
        return error
    told = dict(error.details)
    # What another command answered may be none of this scope's business; its id says enough.
    result = told.pop("result", None)
    return KeyReused(error.message, details={**told, "resource": made(command, result, data)})


def made(command: Command, result: Any, data: Mapping[str, Any]) -> str | None:
    """Of a stored result the id of what came to be: named after the path, a transfer, or one that was not in the input."""
    if not isinstance(result, dict):
        return None
    named = result.get(str(command.path).split("/")[0].rstrip("s").replace("-", "_"))
    found = [value for value in result.values() if isinstance(value, str) and _ID.match(value)]
    new = [value for value in found if value not in data.values() and not value.startswith("ten_")]
    if named in found:
        return str(named)
    return str(result["transfer"]) if result.get("transfer") in new else next(iter(new or found), None)


def item_answer(command: Command, outcome: Outcome, data: Mapping[str, Any]) -> dict[str, Any]:
    """How one item of a bulk is answered."""
    if outcome.error:
        return refused_item(
            explained(command, outcome.error, data), outcome.operation_id, replayed=outcome.replayed
        )
    return {
        "status": status_of(command, outcome),
        "operation": outcome.operation_id,
        "replayed": outcome.replayed,
        "result": orjson.Fragment(outcome.result_json),
    }


def refused_item(error: DomainError, operation: str = "", *, replayed: bool = False) -> dict[str, Any]:
    """How an item is answered that was refused."""
    problem = problems.problem(error, "", operation=operation)
    del problem["request_id"]
    return {
        "status": error.http_status,
        "operation": operation or None,
        "replayed": replayed,
        "problem": problem,
    }


def check_bulk(command: Command) -> None:
    """Refuse what answers with a secret: in a bulk it would be kept."""
    if command.secret_results or command.secret_fields:
        raise NotInBulk(f"{command.name} answers with a secret or takes one; ask for it by itself.")
