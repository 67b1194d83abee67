"""The first round trip of a batch: claim the keys, look for what they did before, read flags and approval policies."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from apps.core import arrays, ids
from apps.core.canonical import differing_fields
from apps.core.errors import DomainError, all_error_codes
from apps.operations import inputs
from apps.operations.errors import KeyInFlight, KeyReused
from apps.operations.flags import Flags
from apps.operations.isolation import Circle
from apps.operations.models import ApprovalPolicy, OperationStatus, PolicyStatus
from apps.operations.roles import ROLE
from apps.operations.run import Outcome, Run

CLAIM = (
    "SELECT * FROM operations_claim(%s, %s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[],"
    " %s::bigint[], %s::uuid[])"
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the platform says of a batch: feature flags, and the stored approval policies that are in force."""

    flags: Flags = field(default_factory=dict)
    policies: Sequence[ApprovalPolicy] = ()


def claim(
    runs: Sequence[Run],
    *,
    flag_names: Sequence[str] = (),
    governed: Sequence[str] = (),
    circle: Circle | None = None,
) -> Rules:
    """Take the application's role and the keys; end the runs whose key is in use or has its answer.

    What follows in the transaction is bound to the circle. Answers the flags of these names and the policies for the
    commands that are governed: of policies a tenant's transaction sees no more than this.
    """
    parameters = [
        ROLE,
        arrays.numbers(run.book_id for run in runs),
        arrays.texts([run.request.key for run in runs]),
        arrays.numbers(run.lock for run in runs),
        arrays.texts(flag_names),
        arrays.texts(governed),
        *(circle.parameters if circle else (None, None)),
    ]
    rules = Rules()
    for flags, policies, i, in_use, *earlier in _query(CLAIM, parameters):
        if i is None:
            found = {(name, scope, of): on for name, scope, of, on in json.loads(flags or "[]")}
            rules = Rules(found, _policies(policies or "[]"))
        elif in_use:
            runs[i - 1].outcome = _in_flight()
        else:
            _answer(runs[i - 1], *earlier)
    return rules


@lru_cache(maxsize=256)
def _policies(written: str) -> tuple[ApprovalPolicy, ...]:
    """The policies as they were read, which nobody changes: while they stay the same they are the same objects."""
    return tuple(
        ApprovalPolicy(
            id=ids.encode("pol", UUID(pk)),
            name=name,
            version=version,
            command=command,
            blocks=blocks,
            steps=steps,
            in_sequence=in_sequence,
            status=PolicyStatus.ACTIVE,
        )
        for pk, name, version, command, blocks, steps, in_sequence in json.loads(written)
    )


def _query(statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    return psycopg.Cursor(raw).execute(statement, parameters, prepare=True).fetchall()


def _in_flight() -> Outcome:
    error = KeyInFlight("This key is being used at this moment; wait for that answer, or repeat to get it.")
    return Outcome(OperationStatus.REFUSED, error=error)


def _answer(
    run: Run,
    operation: Any,
    command: str,
    status: str,
    stored_input: str,
    input_hash: bytes,
    result: str | None,
    refusal: str | None,
    approval: Any,
    generation: int,
) -> None:
    """Answer a replay with what the first run gave; refuse another input under the same key."""
    run.generation = generation
    if operation is None or run.outcome is not None or run.unfit is not None:
        return
    operation_id = ids.encode("op", operation)
    if bytes(input_hash) != run.input_hash or command != run.command.name:
        run.outcome = _reused(run, operation_id, command, json.loads(stored_input), result)
        return
    run.outcome = Outcome(
        status,
        operation_id,
        result or "null",
        error=_stored_error(json.loads(refusal)) if refusal else None,
        replayed=True,
        approval_request_id=ids.encode("apr", approval) if approval else None,
    )


def _reused(run: Run, operation_id: str, command: str, before: Any, result: str | None) -> Outcome:
    if command != run.command.name:
        fields = ["command"]
    else:
        now = inputs.readable(run.command, json.loads(run.stored_input))
        fields = differing_fields(inputs.readable(run.command, before), now)
    error = KeyReused(
        f"This key was used with another input (it differs in {', '.join(fields) or 'a secret'}); take a new key.",
        details={"fields": list(fields), "operation": operation_id, "result": json.loads(result or "null")},
    )
    return Outcome(OperationStatus.REFUSED, operation_id, error=error)


def _stored_error(refusal: dict[str, Any]) -> DomainError:
    """The refusal as it was first given, of the class of its code."""
    return all_error_codes().get(refusal["code"], DomainError)(
        refusal["message"], field=refusal["field"], details=refusal["details"]
    )
