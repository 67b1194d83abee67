"""Batches that are approved: executed, ended, called off."""

from datetime import datetime
from typing import Any, Final

from django.db.models import F

from apps.core.errors import DomainError
from apps.operations.plan import Context, EventDraft, Plan, Request, Update
from apps.payouts.models import Batch, BatchStatus, RowStatus
from apps.payouts.models.batches import BEFORE_EXECUTION
from apps.payouts.queries.totals import progress_of
from apps.payouts.services.approving import plan_stop, waiting_of
from apps.payouts.services.drafting import own_batch, refuse_too_late, told
from apps.payouts.services.system import WORKER
from apps.transfers.models import Status, Transfer

EXECUTED: Final = (
    "status",
    "execute_at",
    "by_itself",
    "executed_at",
    "changed_at",
    "next_step_at",
    "ended_at",
)


class NotApproved(DomainError):
    """The batch is not there yet, or no more."""

    code = "BATCH_NOT_APPROVED"
    http_status = 409


class TooLateToCancelBatch(DomainError):
    """Its payouts are sent, or it has ended."""

    code = "BATCH_TOO_LATE_TO_CANCEL"
    http_status = 409


class NotYet(DomainError):
    """Somebody has said that it is sent at another time."""

    code = "BATCH_NOT_YET"
    http_status = 409
    transient = True


class NotEnded(DomainError):
    """The batch was not executed, or is under way."""

    code = "BATCH_NOT_ENDED"
    http_status = 409


class StillOpen(DomainError):
    """Payouts of the batch have not ended."""

    code = "BATCH_STILL_OPEN"
    http_status = 409
    transient = True


def plan_execute_batch(context: Context, *, batch: str, execute_at: datetime | None) -> Plan:
    """Send an approved batch now, or at another time, whatever it said before; as soon as providers have the money."""
    found = own_batch(context, batch)
    _refuse_unapproved(found)
    refuse_too_late(execute_at, found.submitted_at or context.now)
    was = {"status": found.status}
    found.execute_at, found.by_itself, found.changed_at = execute_at, True, context.now
    found.next_step_at = max(execute_at or context.now, context.now)
    result = {**told(found), "execute_at": found.execute_at, "short": found.short}
    return Plan(updates=[Update(found, EXECUTED, was)], result=result)


def plan_begin_batch(context: Context, *, batch: str) -> Plan:
    """Its payouts are sent from now on."""
    found = own_batch(context, batch)
    _refuse_unapproved(found)
    if not found.by_itself or (found.execute_at and found.execute_at > context.now):
        raise NotYet(f"{batch} is to be sent at another time.", field="/batch")
    if not waiting_of(found):
        return plan_stop(context, found, "What was held for it was given back meanwhile.")
    was = {"status": found.status}
    found.execute()
    found.executed_at = found.changed_at = found.next_step_at = context.now
    return _moved(context, found, was, "payout_batch.executing")


def plan_end_batch(context: Context, *, batch: str) -> Plan:
    """Every payout has ended: the batch is completed, or completed in part."""
    found = own_batch(context, batch)
    if found.status != BatchStatus.EXECUTING:
        return Plan(result=told(found))
    progress = progress_of(found)
    if progress.open:
        raise StillOpen(f"{progress.open} payouts of {batch} have not ended.", field="/batch")
    was = {"status": found.status}
    found.complete() if _is_whole(found) else found.complete_in_part()
    found.ended_at = found.changed_at = found.next_step_at = context.now
    more = {"completed": progress.completed, "payouts": progress.payouts, "paid": list(progress.paid)}
    return _moved(context, found, was, f"payout_batch.{found.status}", **more)


def plan_compare_batch(context: Context, *, batch: str) -> Plan:
    """Let providers say anew what they executed of it."""
    found = own_batch(context, batch)
    if found.executed_at is None or found.status == BatchStatus.EXECUTING:
        raise NotEnded(
            f"{batch} is {found.get_status_display().lower()}; it is compared when it has ended.",
            field="/batch",
        )
    found.next_step_at = context.now
    return Plan(updates=[Update(found, ("next_step_at",), {"status": found.status})], result=told(found))


def plan_cancel_batch(context: Context, *, batch: str, reason: str) -> Plan:
    """Call a batch off of which nothing was sent; what is held is given back."""
    found = own_batch(context, batch)
    if found.status not in BEFORE_EXECUTION:
        raise TooLateToCancelBatch(
            f"{batch} is {found.get_status_display().lower()}: only what was not executed can be cancelled.",
            field="/batch",
        )
    request = found.approval_request_id if found.status == BatchStatus.PENDING_APPROVAL else None
    plan = plan_stop(context, found, reason)
    if request is None:
        return plan
    data = {"request": request, "reason": "The batch is cancelled."}
    close = Request("operations.withdraw_request", data, f"{request}:withdrawn", WORKER, origin="worker")
    return Plan(updates=plan.updates, result=plan.result, events=plan.events, follow_ups=[close])


def _is_whole(batch: Batch) -> bool:
    """Whether each row was paid, all of it."""
    paid = Transfer.objects.filter(
        batch_id=batch.pk, status=Status.COMPLETED, settled=F("amount"), returned=0
    )
    return bool(paid.count() == batch.rows.exclude(status=RowStatus.DROPPED).count())


def _refuse_unapproved(batch: Batch) -> None:
    if batch.status != BatchStatus.APPROVED:
        waits = " It waits for other people." if batch.status == BatchStatus.PENDING_APPROVAL else ""
        raise NotApproved(
            f"{batch.pk} is {batch.get_status_display().lower()}; only an approved batch is executed.{waits}",
            field="/batch",
        )


def _moved(context: Context, batch: Batch, was: dict[str, Any], event: str, **more: Any) -> Plan:
    result = {**told(batch), **more}
    return Plan(
        updates=[Update(batch, EXECUTED, was)],
        result=result,
        events=[EventDraft(event, batch.pk, result, book_id=batch.book_id)],
    )
