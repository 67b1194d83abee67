"""Between what is held and what is sent: whoever must agree to a batch as a whole."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from django.db.models import F

from apps.core.canonical import canonical_json
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations import approvals
from apps.operations.errors import ApprovalMissing
from apps.operations.plan import Context, EventDraft, Plan, Request, Update
from apps.operations.registry import Input
from apps.payouts.facts import of_batch, of_payouts
from apps.payouts.models import Batch, BatchStatus
from apps.payouts.queries.totals import Count, count_of
from apps.payouts.services.drafting import own_batch, told
from apps.payouts.services.system import WORKER
from apps.transfers.models import Status, Transfer
from apps.transfers.services.asking import OPEN_SENDING

APPROVE: Final = "payouts.approve_batch"
ASKED: Final = (
    *("status", "content", "approval_request_id", "asked_at", "approved_at"),
    *("changed_at", "next_step_at", "ended_at", "why"),
)
MOST_SHOWN: Final = 20
LOOKED_AT_AGAIN: Final = timedelta(minutes=5)
"""When a batch is looked at that waits for people, whose word may have been lost in a crash."""


class StillReserving(DomainError):
    """Money is still to be held for some rows."""

    code = "BATCH_STILL_RESERVING"
    http_status = 409
    transient = True


class NotPending(DomainError):
    """The batch waits for nobody's approval."""

    code = "BATCH_NOT_PENDING_APPROVAL"
    http_status = 409


def plan_ask_for_approval(context: Context, *, batch: str) -> Plan:
    """All that could be held is held: ask whoever must agree, or go on."""
    found = _pending(context, batch)
    count = count_of(found)
    if count.ready:
        raise StillReserving(f"{count.ready} rows of {batch} are still to be reserved.", field="/batch")
    if found.asked_at:
        return Plan(result=told(found))
    waiting = waiting_of(found)
    if not waiting:
        return _nothing_held(context, found)
    facts, besides = _facts(context, found, waiting)
    agreed = agreed_to(found, waiting)
    found.content, found.asked_at = bytes.fromhex(agreed["content"]), context.now
    result = {**told(found), **_summed(count, waiting)}
    request = approvals.ask_for(
        context,
        APPROVE,
        {"batch": found.pk},
        facts,
        Plan(result=result, approved=agreed),
        found.makers,
        ((OPEN_SENDING, each) for each in besides),
    )
    plan = _approved(context, found, result) if request is None else _asked(context, found, request, result)
    return replace(plan, facts={APPROVE: facts}, makers=found.makers)


def plan_approve_batch(context: Context, *, batch: str) -> Plan:
    """What other people agreed to: the batch may be executed."""
    found = _pending(context, batch)
    if context.approval_request_id is None:
        raise ApprovalMissing(f"{batch} is approved by other people alone.", field="/batch")
    waiting = waiting_of(found)
    agreed = agreed_to(found, waiting)
    found.content = bytes.fromhex(agreed["content"])
    result = {**told(found), **_summed(count_of(found), waiting)}
    return replace(_approved(context, found, result), approved=agreed)


def if_rejected(data: Input) -> Request:
    """What runs when other people say no to a batch."""
    return Request(
        "payouts.reject_batch",
        {"batch": data["batch"]},
        f"{data['batch']}:rejected",
        WORKER,
        origin="approval",
    )


def plan_reject_batch(context: Context, *, batch: str) -> Plan:
    """Give back what was held for a batch to which other people said no."""
    found = own_batch(context, batch)
    if found.status != BatchStatus.PENDING_APPROVAL:
        return Plan(result=told(found))
    return plan_stop(context, found, "Other people did not agree to it.")


def plan_stop(context: Context, found: Batch, why: str) -> Plan:
    """End a batch before it is executed; the worker gives back what is held."""
    was = {"status": found.status}
    found.cancel()
    found.why, found.ended_at = why[:500], context.now
    found.changed_at = found.next_step_at = context.now
    result = {**told(found), "why": found.why}
    return Plan(
        updates=[Update(found, ASKED, was)],
        result=result,
        events=[EventDraft("payout_batch.cancelled", found.pk, result, book_id=found.book_id)],
    )


def waiting_of(batch: Batch) -> list[Transfer]:
    """The payouts of a batch that wait for it, in the order of its rows."""
    waits = Transfer.objects.filter(batch_id=batch.pk, status=Status.AWAITING_APPROVAL)
    numbered = waits.annotate(number=F("batch_row__number")).filter(number__isnull=False)
    return list(numbered.select_related("recipient").order_by("number"))


def agreed_to(batch: Batch, waiting: Sequence[Transfer]) -> dict[str, Any]:
    """What is approved: who is paid what out of where, for which fees, row by row; as a hash, for there may be thousands."""
    content = hashlib.sha256()
    for each in waiting:
        row = [
            *(each.pk, each.source_wallet_id, each.recipient_id, each.recipient and each.recipient.version),
            *(each.amount, each.currency, each.fee, each.reference),
        ]
        content.update(canonical_json(row).encode() + b"\n")
    return {"batch": batch.pk, "payouts": len(waiting), "content": content.hexdigest()}


def _pending(context: Context, batch: str) -> Batch:
    found = own_batch(context, batch)
    if found.status != BatchStatus.PENDING_APPROVAL:
        raise NotPending(f"{batch} is {found.get_status_display().lower()}.", field="/batch")
    return found


def _nothing_held(context: Context, batch: Batch) -> Plan:
    return plan_stop(context, batch, "Nothing of it could be held: every row was refused.")


def _facts(
    context: Context, batch: Batch, waiting: Sequence[Transfer]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    besides = of_payouts(batch, waiting)
    return of_batch(context, batch, _totals(waiting), besides), besides


def _asked(context: Context, batch: Batch, request: Any, result: Mapping[str, Any]) -> Plan:
    request.preview = {**request.preview, "posted": True}
    batch.approval_request_id, batch.changed_at = request.pk, context.now
    batch.next_step_at = context.now + LOOKED_AT_AGAIN
    told_of = {**_without_names(result), "approval_request": request.pk}
    event = EventDraft("payout_batch.pending_approval", batch.pk, told_of, book_id=batch.book_id)
    alarm = [approvals.no_approver(request)] if request.nobody_eligible else []
    return Plan(
        rows=[request],
        updates=[Update(batch, ASKED, {"status": BatchStatus.PENDING_APPROVAL})],
        result=told_of,
        events=[event, *alarm],
    )


def _approved(context: Context, batch: Batch, result: Mapping[str, Any]) -> Plan:
    was = {"status": batch.status}
    batch.approve()
    batch.approved_at = batch.changed_at = context.now
    batch.next_step_at = max(batch.execute_at or context.now, context.now) if batch.by_itself else None
    told_of = {**_without_names(result), **told(batch)}
    return Plan(
        updates=[Update(batch, ASKED, was)],
        result=told_of,
        events=[EventDraft("payout_batch.approved", batch.pk, told_of, book_id=batch.book_id)],
    )


def _without_names(result: Mapping[str, Any]) -> dict[str, Any]:
    """For the feed, which names recipients by their ids alone."""
    return {name: value for name, value in result.items() if name != "largest"}


def _summed(count: Count, waiting: Sequence[Transfer]) -> dict[str, Any]:
    largest = sorted(waiting, key=lambda each: -each.amount)[:MOST_SHOWN]
    return {
        "payouts": len(waiting),
        "refused": count.refused,
        "totals": _totals(waiting),
        "fees": _totals(waiting, fees=True),
        "largest": [
            {"transfer": each.pk, "to": str(each.recipient), "amount": each.money} for each in largest
        ],
    }


def _totals(waiting: Sequence[Transfer], *, fees: bool = False) -> list[Money]:
    sums: dict[str, int] = {}
    for each in waiting:
        sums[each.currency] = sums.get(each.currency, 0) + (each.fee if fees else each.amount)
    return [Money(total, currency) for currency, total in sorted(sums.items())]
