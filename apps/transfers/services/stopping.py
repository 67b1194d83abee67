"""Stopping what was not sent yet: cancelled, rejected or expired, the hold is given back."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from apps.core.errors import DomainError
from apps.operations.plan import Context, EventDraft, Plan, Request, Update
from apps.operations.registry import Input, Target
from apps.providers.models import PaymentStatus, RailPayment
from apps.providers.services.providers import refuse_while_catching_up
from apps.transfers.models import BEFORE_SENDING, WITH_PROVIDER, Status, Transfer
from apps.transfers.queries.filed import filed
from apps.transfers.services.making import balances, ended, told
from apps.transfers.services.own import locked_transfer
from apps.transfers.services.posting import wallets_of
from apps.transfers.services.sending import WORKER
from apps.transfers.services.settling import plan_compensate, release_entry

STOPPED = ("status", "failure_code", "failure_message", "next_attempt_at", "changed_at", "ended_at")

CANCELLED = "CANCELLED"


class TooLateToCancel(DomainError):
    """The transfer was sent, or has ended."""

    code = "TOO_LATE_TO_CANCEL"
    http_status = 409


def targets(data: Input) -> Iterator[Target]:
    """The transfer and, of one that leaves in a file, its payment: no file is cut with it meanwhile."""
    yield Target(Transfer, data["transfer"])
    found = Transfer.objects.filter(pk=data["transfer"]).first()
    if found and (payment := filed(found)):
        yield Target(RailPayment, str(payment.pk))


def plan_cancel(context: Context, *, transfer: str, reason: str) -> Plan:
    """Call a transfer off that was not sent yet, waits for a cut-off, or provably was accepted by no provider; what was held
    is available again."""
    found = locked_transfer(context, transfer)
    if found.status == Status.SENT_TO_PROVIDER and found.attempt_id is None:
        refuse_while_catching_up()
        return plan_compensate(
            context, found, {"status": found.status, "attempt_id": None}, CANCELLED, reason
        )
    if payment := _payment(context, found):
        return _taken_out(context, found, payment, reason)
    if found.status not in BEFORE_SENDING:
        raise TooLateToCancel(
            f"{transfer} is {found.get_status_display().lower()}: only what was not sent can be cancelled.",
            field="/transfer",
        )
    return plan_stop(context, found, "cancelled", CANCELLED, reason)


def _payment(context: Context, transfer: Transfer) -> RailPayment | None:
    """The locked payment of the submission that counts."""
    if transfer.attempt_id is None or transfer.status not in WITH_PROVIDER:
        return None
    locked = (row for row in context.locked.values() if isinstance(row, RailPayment))
    return next((row for row in locked if row.reference == transfer.submission), None)


def _taken_out(context: Context, transfer: Transfer, payment: RailPayment, reason: str) -> Plan:
    """It waits for a cut-off and never comes into a file; also where the ledger gives the hold back only later."""
    refuse_while_catching_up()
    if payment.status != PaymentStatus.WAITING:
        raise TooLateToCancel(
            f"{transfer.pk} is in a file for the bank: ask for a recall instead.", field="/transfer"
        )
    was = {"status": transfer.status, "attempt_id": transfer.attempt_id}
    plan = plan_compensate(context, transfer, was, CANCELLED, reason)
    payment.status, payment.changed_at = PaymentStatus.CANCELLED, context.now
    out = Update(payment, ("status", "changed_at"), {"status": PaymentStatus.WAITING})
    refused = plan.if_refused or Plan(result={})
    return replace(
        plan,
        updates=[*plan.updates, out],
        if_refused=replace(refused, updates=[*refused.updates, out]),
    )


def plan_stop(
    context: Context, transfer: Transfer, how: Literal["cancelled", "expired"], code: str, reason: str
) -> Plan:
    """End a transfer before it was sent; whatever is held for it goes back."""
    refuse_while_catching_up()
    was = {"status": transfer.status, "attempt_id": transfer.attempt_id}
    transfer.cancel() if how == "cancelled" else transfer.expire()
    ended(transfer, context)
    transfer.failure_code, transfer.failure_message = code, reason[:500]
    transfer.next_attempt_at = None
    posts = [release_entry(transfer)] if transfer.hold_id else []
    result = {
        **told(transfer),
        "entry": posts[0].id if posts else None,
        "balances": balances(wallets_of(transfer)) if posts else {},
    }
    return Plan(
        updates=[Update(transfer, STOPPED, was)],
        posts=posts,
        result=result,
        events=[EventDraft(f"transfer.{how}", transfer.pk, result, book_id=transfer.book_id)],
        follow_ups=_nothing_to_decide(transfer, f"The transfer is {how}."),
    )


def _nothing_to_decide(transfer: Transfer, reason: str) -> list[Request]:
    """Closes the request that waits for other people, if there is one: a command of its own, as it may be in another book."""
    request = transfer.approval_request_id
    if request is None:
        return []
    data = {"request": request, "reason": reason}
    return [Request("operations.withdraw_request", data, f"{request}:withdrawn", WORKER, origin="worker")]


def if_rejected(data: Input) -> Request:
    """What runs when other people say no to the sending."""
    return Request(
        "transfers.cancel_rejected",
        {"transfer": data["transfer"]},
        f"{data['transfer']}:rejected",
        WORKER,
        origin="approval",
    )


def plan_cancel_rejected(context: Context, *, transfer: str) -> Plan:
    """Give back what was held for a transfer to which other people said no."""
    found: Transfer = context.locked[Transfer, transfer]  # type: ignore[assignment]
    if found.status not in BEFORE_SENDING:
        return Plan(result=told(found))
    return plan_stop(context, found, "cancelled", "REJECTED", "Other people did not agree to it.")
