"""What a due transfer needs that asks no provider: time that ran out, and what the ledger refused before."""

from collections.abc import Callable, Mapping
from typing import Final

from apps.core.money import Money
from apps.operations.models import ApprovalRequest, ApprovalStatus
from apps.operations.plan import Context, Plan
from apps.providers.models import Action, Answer
from apps.providers.protocol import Reply
from apps.transfers.flows import Done
from apps.transfers.models import Status, Transfer
from apps.transfers.services.answers import follow, lose_track
from apps.transfers.services.making import told
from apps.transfers.services.reviews import and_overpaid
from apps.transfers.services.sending import is_another
from apps.transfers.services.settling import plan_compensate, plan_settle
from apps.transfers.services.stopping import plan_stop


def plan_move_on(context: Context, *, transfer: str, lease: int) -> Plan:
    """Do what the status asks for, unless another worker has the transfer."""
    found: Transfer = context.locked[Transfer, transfer]  # type: ignore[assignment]
    step = _STEPS.get(Status(found.status))
    if found.lease != lease or found.next_attempt_at is None or step is None:
        return Plan(result=told(found))
    return step(context, found)


def _never_answered(context: Context, transfer: Transfer) -> Plan:
    """The worker that sent it is gone: it may have been sent, or answered before that could be followed."""
    if transfer.attempt_id is None:
        return _unsent(context, transfer)
    answer = Answer.objects.filter(attempt_id=transfer.attempt_id).first()
    if answer:
        reply = Reply.of(answer.reply)
        return follow(context, transfer, reply, about=transfer.submission, asked=Action.SUBMIT)
    return lose_track(context, transfer, "NO_ANSWER", "It is not known whether the provider was reached.")


def _overdue(context: Context, transfer: Transfer) -> Plan:
    return lose_track(context, transfer, "OVERDUE", "The provider has not kept its time.")


def _settle(context: Context, transfer: Transfer) -> Plan:
    """What the ledger refused, from what was kept of it."""
    paid = transfer.amount if transfer.settled is None else transfer.settled
    received = transfer.received
    delivered = None if received is None else Money(received, transfer.received_currency)
    did = Done(Money(paid, transfer.currency), delivered)
    plan = plan_settle(context, transfer, {"status": transfer.status}, did)
    return and_overpaid(context, plan, transfer, did)


def _compensate(context: Context, transfer: Transfer) -> Plan:
    return plan_compensate(
        context, transfer, {"status": transfer.status}, transfer.failure_code, transfer.failure_message
    )


def _unsent(context: Context, transfer: Transfer) -> Plan:
    """Reserved, and not sent because whom it pays was changed."""
    if not is_another(transfer):
        return Plan(result=told(transfer))
    reason = "The recipient was changed after this was reserved: look at it, and ask anew."
    if transfer.status == Status.SENT_TO_PROVIDER:
        return plan_compensate(context, transfer, {"status": transfer.status}, "RECIPIENT_CHANGED", reason)
    return plan_stop(context, transfer, "cancelled", "RECIPIENT_CHANGED", reason)


def _unapproved(context: Context, transfer: Transfer) -> Plan:
    """Changed since, rejected without our hearing of it, or nobody decided in time."""
    if transfer.expires_at is None:
        return _unsent(context, transfer)
    request = ApprovalRequest.objects.filter(pk=transfer.approval_request_id).first()
    if request and request.status == ApprovalStatus.REJECTED:
        return plan_stop(context, transfer, "cancelled", "REJECTED", "Other people did not agree to it.")
    if transfer.expires_at <= context.now:
        return _expired(context, transfer)
    if request and request.status == ApprovalStatus.REFUSED:
        return plan_stop(context, transfer, "cancelled", "REJECTED", "What was agreed to was refused.")
    return Plan(result=told(transfer))


def _expired(context: Context, transfer: Transfer) -> Plan:
    return plan_stop(context, transfer, "expired", "EXPIRED", "Nobody agreed to it in time.")


_STEPS: Final[Mapping[str, Callable[[Context, Transfer], Plan]]] = {
    Status.INITIATED: _expired,
    Status.BALANCE_RESERVED: _unsent,
    Status.AWAITING_APPROVAL: _unapproved,
    Status.SENT_TO_PROVIDER: _never_answered,
    Status.PROVIDER_PROCESSING: _overdue,
    Status.PROVIDER_COMPLETED: _settle,
    Status.PROVIDER_FAILED: _compensate,
}
