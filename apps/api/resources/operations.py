"""What was asked and what became of it: operations, approval requests, events, idempotency keys."""

from typing import Any

from django.db.models import Q
from rest_framework import serializers

from apps.api.problems import DOCUMENTATION
from apps.api.resources.base import Computed, Filter, Resource, Rows, declare
from apps.api.resources.outputs import Output, anything, instant, number, text, yes_or_no
from apps.core.errors import DomainError
from apps.core.serializer_fields import IdField, InstantField, TextField
from apps.operations import inputs, registry
from apps.operations.models import (
    ApprovalRequest,
    ApprovalStatus,
    Event,
    EventPosition,
    KeyReset,
    Operation,
    OperationStatus,
)

COMMAND = Filter("command", TextField(max_length=80), "The command's name, such as accounts.create_wallet.")
KEY = Filter("key", TextField(max_length=255, pattern=r"[\x20-\x7e]+"), "The idempotency key.")
RECORDED = {
    "recorded_from": Filter("recorded_at__gte", InstantField(), "Recorded at this moment or later."),
    "recorded_before": Filter("recorded_at__lt", InstantField(), "Recorded before this moment."),
}


class RefusalOutput(Output):
    code = text()
    detail = text(help_text="What was wrong, where, and what to do.")
    pointer = text(allow_null=True)
    transient = yes_or_no(help_text="Whether the same request may succeed later.")
    key_is_free = yes_or_no(help_text="Whether the same idempotency key may be used again.")
    details = anything()
    documentation = text()


class ActorOutput(Output):
    kind = serializers.ChoiceField(["user", "api_key", "system"])
    id = text()
    label = text()  # type: ignore[assignment]


class OperationOutput(Output):
    id = IdField("op")
    command = text()
    status = serializers.ChoiceField(OperationStatus.choices)
    idempotency_key = text(source="key")
    generation = number()
    actor = ActorOutput()
    origin = text()
    input = anything(help_text="As it was understood; secrets are left out.")
    result = anything(allow_null=True)
    refusal = RefusalOutput(allow_null=True)
    approval_request = IdField("apr", source="approval_request_id", allow_null=True)
    recorded_at = instant()


def _refusal(refusal: dict[str, Any] | None, holds_key: bool) -> dict[str, Any] | None:
    """Why it was refused."""
    if refusal is None:
        return None
    return {
        "code": refusal["code"],
        "detail": refusal["message"],
        "pointer": refusal.get("field"),
        "transient": refusal.get("transient", False),
        "key_is_free": not holds_key,
        "details": refusal.get("details") or {},
        "documentation": f"{DOCUMENTATION}#{refusal['code']}",
    }


def readable(command: str, stored: Any) -> Any:
    """Stored input with its personal fields in clear, for those whose operation it is."""
    try:
        return inputs.readable(registry.find(command), stored)
    except (DomainError, TypeError, ValueError, AttributeError):
        return stored  # of a command that is no more, or input that never was valid


def _actor(kind: str, actor_id: str, label: str) -> dict[str, str]:
    return {"kind": kind, "id": actor_id, "label": label}


declare(
    Resource(
        path="operations",
        name="operation",
        summary="Operations: each run of a command, with its result or why it was refused",
        model=Operation,
        output=OperationOutput,
        scope="operations:read",
        owner="book_id",
        key_prefix="op",
        filters={
            "command": COMMAND,
            "status": Filter("status", serializers.ChoiceField(OperationStatus.choices)),
            "idempotency_key": KEY,
            "code": Filter("refusal__code", TextField(max_length=60), "The code of its refusal."),
            "actor": Filter("actor_id", TextField(max_length=60)),
            **RECORDED,
        },
        computed={
            "actor": Computed(("actor_kind", "actor_id", "actor_label"), _actor),
            "input": Computed(("command", "input"), readable),
            "refusal": Computed(("refusal", "holds_key"), _refusal),
        },
    )
)


class EventOutput(Output):
    position = number(help_text="Its place in the book's feed: dense, and never changed.")
    id = IdField("evt", source="event_id")
    type = text(source="event.type", help_text="What happened; the document's webhooks list them all.")
    version = number(source="event.version", help_text="Of the schema of `data`.")
    subject = text(help_text="What it happened to.")
    sequence = number(
        source="object_sequence",
        help_text="Which event of its subject this is in the book: 1, 2, 3 and so on.",
    )
    data = anything(source="event.data")  # type: ignore[assignment]
    operation = IdField("op", source="event.operation_id")
    recorded_at = instant(source="event.recorded_at")


declare(
    Resource(
        path="events",
        name="event",
        summary="The feed: every event by position",
        description="Dense and in order: keep the last `next`, ask again with it, and miss nothing.",
        model=EventPosition,
        output=EventOutput,
        scope="operations:read",
        owner="book_id",
        key=None,
        by_book=True,
        orders=("position", "-position"),
        filters={
            "type": Filter("event__type", TextField(max_length=80)),
            "subject": Filter("subject", TextField(max_length=60)),
            "after": Filter(
                "position__gt",
                serializers.IntegerField(min_value=0, max_value=2**62),
                "Beyond this position.",
            ),
        },
    )
)


class SingleEventOutput(EventOutput):
    position = number(allow_null=True)
    sequence = number(allow_null=True)


EVENT = Resource(
    path="events",
    name="event",
    summary="One event",
    model=Event,
    output=SingleEventOutput,
    scope="operations:read",
    owner="book_id",
    key_prefix="evt",
    computed={
        name: Computed((column,), lambda value: value)
        for name, column in {
            "position": "place__position",
            "id": "id",
            "type": "type",
            "version": "version",
            "subject": "subject",
            "sequence": "place__object_sequence",
            "data": "data",
            "operation": "operation_id",
            "recorded_at": "recorded_at",
        }.items()
    },
)


class StepOutput(Output):
    role = text(help_text="Whose people.")
    people = number(help_text="How many of them.")


class ApprovalRequestOutput(Output):
    id = IdField("apr")
    command = text()
    status = serializers.ChoiceField(ApprovalStatus.choices)
    input = anything()
    preview = anything(help_text="What it would do.")
    approvers_needed = number()
    steps = serializers.ListField(
        child=StepOutput(), help_text="Who must agree: different people in all steps."
    )
    in_sequence = yes_or_no(help_text="Whether a step opens only when the one before it is done.")
    nobody_eligible = yes_or_no()
    maker = ActorOutput()
    created_at = instant()
    decided_at = instant(allow_null=True)


declare(
    Resource(
        path="approval-requests",
        name="approval request",
        summary="Commands that wait for people",
        model=ApprovalRequest,
        output=ApprovalRequestOutput,
        scope="operations:read",
        owner="book_id",
        key_prefix="apr",
        filters={
            "command": COMMAND,
            "status": Filter("status", serializers.ChoiceField(ApprovalStatus.choices)),
        },
        computed={"maker": Computed(("maker_kind", "maker_id", "maker_label"), _actor)},
    )
)


class ResetOutput(Output):
    reason = text()
    actor_id = text()
    created_at = instant()


class IdempotencyKeyOutput(Output):
    key = text()
    generation = number()
    operation = IdField("op", source="id")
    tenant = IdField("ten", source="book.tenant_id", allow_null=True)
    command = text()
    status = serializers.ChoiceField(OperationStatus.choices)
    resettable = yes_or_no(help_text="Whether it is held by a refusal, and was not freed yet.")
    reset = ResetOutput(allow_null=True)
    recorded_at = instant()


def add_resets(rows: Rows) -> None:
    """Who freed which of these keys, and why."""
    resets = KeyReset.objects.filter(operation__in=[row["operation"] for row in rows])
    columns = ("operation_id", "reason", "actor_id", "created_at")
    found = {row.pop("operation_id"): row for row in resets.values(*columns)}
    for row in rows:
        row["reset"] = found.get(row["operation"])
        row["resettable"] = row["status"] == OperationStatus.REFUSED and row["reset"] is None


declare(
    Resource(
        path="idempotency-keys",
        name="idempotency key",
        summary="Idempotency keys and the operations that hold them",
        model=Operation,
        output=IdempotencyKeyOutput,
        scope="platform:read",
        owner="book_id",
        key_name="operation",
        key_prefix="op",
        only=Q(holds_key=True),
        filters={"key": KEY, "status": Filter("status", serializers.ChoiceField(OperationStatus.choices))},
        extend=add_resets,
        extended=frozenset({"resettable", "reset"}),
    )
)
