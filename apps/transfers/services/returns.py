"""What comes back after it was completed."""

from dataclasses import replace

from apps.accounts.queries.wallets import holder
from apps.core.money import Money
from apps.ledger import templates
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.providers.protocol import Reply
from apps.transfers.models import Status, Transfer
from apps.transfers.services.deposits import plan_suspend_return
from apps.transfers.services.making import balances, told
from apps.transfers.services.posting import is_closed, provider_account
from apps.transfers.services.settling import report

RETURNED = ("status", "returned", "failure_code", "failure_message", "compensation", "changed_at")


def plan_return(context: Context, transfer: Transfer, reply: Reply) -> Plan:
    """The recipient's bank sent a payout back, wholly or in part: it is the wallet's again; our fee stays.

    What came back for a wallet that was closed meanwhile stands in suspense.
    """
    paid = Money(transfer.settled or transfer.amount, transfer.currency)
    back = min(reply.returned or paid, paid) - Money(transfer.returned, transfer.currency)
    if not back.is_positive:
        return Plan(result=told(transfer))
    was = {"status": Status.COMPLETED, "returned": transfer.returned}
    _came_back(context, transfer, back, reply)
    if transfer.returned == paid.minor:
        transfer.reverse()
    booked = _suspended if is_closed(str(transfer.source_wallet_id)) else _credited
    plan = booked(context, transfer, back)
    result = {**told(transfer), "returned": back, "compensation": transfer.compensation, **plan.result}
    told_of = EventDraft("transfer.returned", transfer.pk, result, book_id=transfer.book_id)
    return replace(
        plan, updates=[Update(transfer, RETURNED, was)], result=result, events=[*plan.events, told_of]
    )


def _came_back(context: Context, transfer: Transfer, back: Money, reply: Reply) -> None:
    transfer.returned += back.minor
    transfer.failure_code = reply.code or "RETURNED"
    transfer.failure_message = reply.message or "The recipient's bank sent it back."
    transfer.changed_at = context.now
    transfer.compensation = report(
        transfer,
        amount=Money(transfer.returned, transfer.currency),
        fees=Money.zero(transfer.currency),
        came_back=context.now,
    )


def _credited(_: Context, transfer: Transfer, back: Money) -> Plan:
    source = holder(str(transfer.source_wallet_id))
    entry = templates.entry(
        "payout_return",
        {"amount": back, "source": provider_account(transfer), "wallet": source.available},
        book_id=transfer.book_id,
        reference=f"{transfer.pk}:return:{transfer.returned}",
        description=transfer.description,
        metadata={"transfer": transfer.pk},
        refusal_sticks=False,
    )
    return Plan(
        posts=[entry], result={"entry": entry.id, "in_suspense": False, "balances": balances([source])}
    )


def _suspended(context: Context, transfer: Transfer, back: Money) -> Plan:
    why = f"{transfer.pk} came back, and its wallet {transfer.source_wallet_id} is closed."
    plan = plan_suspend_return(context, transfer, back, why)
    return replace(plan, result={"entry": None, "in_suspense": True, "balances": {}})
