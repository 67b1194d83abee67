"""What people move for a rule at a bank or provider: confirmed with its reference, or cancelled with a reason."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from apps.core.actor import Actor
from apps.operations.executor import execute_many
from apps.operations.plan import Context, EventDraft, Plan, Request, Update
from apps.operations.registry import Input, Target
from apps.treasury.errors import InstructionClosed
from apps.treasury.models import InstructionStatus, SweepInstruction
from apps.treasury.services.executing import entry_of
from apps.treasury.services.rules import scopes_of

WATCH: Final = Actor.system("watch", {"treasury.raise_unconfirmed_sweep"})
"""Who tells people that an instruction waits for too long."""

CLOSING: Final = ("status", "closed_at", "closed_by", "bank_reference", "reason", "entry_id")

LACKING: Final = (
    "The books have less there than was moved: book what is missing, and run this again under the same key."
)


def target(data: Input) -> Iterator[Target]:
    """The instruction, which is locked."""
    yield Target(SweepInstruction, data["instruction"])


def scopes(data: Input) -> list[tuple[str, str]]:
    """The flag scopes that are touched."""
    found = SweepInstruction.objects.filter(pk=data["instruction"]).first()
    return scopes_of(found.book_id, found.currency) if found else []


def plan_confirm_sweep(context: Context, *, instruction: str, bank_reference: str) -> Plan:
    """The money was moved: it is posted."""
    found = _open(context, instruction)
    into = found.taker == found.rule.account.address
    entry = entry_of(
        found.rule,
        found.amount if into else -found.amount,
        found.pk,
        {"sweep": found.execution_id, "bank_reference": bank_reference},
        prefunded={found.giver: LACKING},
    )
    _close(context, found, InstructionStatus.CONFIRMED)
    found.bank_reference, found.entry_id = bank_reference, entry.id
    result = {**told(found), "bank_reference": bank_reference, "entry": entry.id}
    return Plan(
        updates=[_update(found)],
        posts=[entry],
        result=result,
        events=[EventDraft("sweep.confirmed", instruction, result)],
    )


def plan_cancel_sweep(context: Context, *, instruction: str, reason: str) -> Plan:
    """The money was not moved and will not be; the rule looks again at its next due time."""
    found = _open(context, instruction)
    _close(context, found, InstructionStatus.CANCELLED)
    found.reason = reason
    result = {**told(found), "reason": reason}
    return Plan(
        updates=[_update(found)], result=result, events=[EventDraft("sweep.cancelled", instruction, result)]
    )


def plan_raise_unconfirmed_sweep(context: Context, *, instruction: str) -> Plan:
    """Tell people that an instruction is overdue, unless it is closed meanwhile."""
    found: SweepInstruction = context.locked[SweepInstruction, instruction]  # type: ignore[assignment]
    result = told(found)
    if found.status != InstructionStatus.OPEN or found.confirm_by > context.now:
        return Plan(result=result)
    data = {"reason": "sweep not confirmed", **result, "since": found.made_at, "confirm_by": found.confirm_by}
    return Plan(result=result, events=[EventDraft("alert.raised", instruction, data)])


def raise_unconfirmed(now: datetime) -> None:
    """Tell of every instruction whose time is over, once."""
    late = SweepInstruction.objects.filter(status=InstructionStatus.OPEN, confirm_by__lte=now)
    execute_many(
        [
            Request(
                "treasury.raise_unconfirmed_sweep",
                {"instruction": str(pk)},
                f"{pk}:unconfirmed",
                WATCH,
                origin="beat",
            )
            for pk in late.order_by("confirm_by").values_list("pk", flat=True)
        ]
    )


def told(instruction: SweepInstruction) -> dict[str, Any]:
    """What results and events say of an instruction."""
    return {
        "instruction": instruction.pk,
        "rule": instruction.rule_id,
        "status": instruction.status,
        "from": instruction.giver,
        "to": instruction.taker,
        "amount": instruction.money,
    }


def _open(context: Context, instruction: str) -> SweepInstruction:
    found: SweepInstruction = context.locked[SweepInstruction, instruction]  # type: ignore[assignment]
    if found.status != InstructionStatus.OPEN:
        raise InstructionClosed(
            f"{instruction} was {found.get_status_display().lower()} already.", field="/instruction"
        )
    return found


def _close(context: Context, instruction: SweepInstruction, status: InstructionStatus) -> None:
    instruction.status, instruction.closed_at = status, context.now
    instruction.closed_by = context.actor.label


def _update(instruction: SweepInstruction) -> Update:
    return Update(instruction, CLOSING, {"status": InstructionStatus.OPEN})
