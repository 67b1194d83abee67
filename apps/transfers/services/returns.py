"""What comes back after it was completed."""

from apps.accounts.queries.wallets import holder
from apps.core.money import Money
from apps.ledger import templates
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.providers.protocol import Reply
from apps.transfers.models import Status, Transfer
from apps.transfers.services.making import balances, told
from apps.transfers.services.posting import provider_account
from apps.transfers.services.settling import report

RETURNED = ("status", "returned", "failure_code", "failure_message", "compensation", "changed_at")


def plan_return(context: Context, transfer: Transfer, reply: Reply) -> Plan:
    """The recipient's bank sent a payout back, wholly or in part: it is the wallet's again; our fee stays."""
    paid = Money(transfer.settled or transfer.amount, transfer.currency)
    back = min(reply.returned or paid, paid) - Money(transfer.returned, transfer.currency)
    if not back.is_positive:
        return Plan(result=told(transfer))
    was = {"status": Status.COMPLETED, "returned": transfer.returned}
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
    if transfer.returned == paid.minor:
        transfer.reverse()
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
    result = {
        **told(transfer),
        "returned": back,
        "compensation": transfer.compensation,
        "entry": entry.id,
        "balances": balances([source]),
    }
    return Plan(
        updates=[Update(transfer, RETURNED, was)],
        posts=[entry],
        result=result,
        events=[EventDraft("transfer.returned", transfer.pk, result, book_id=transfer.book_id)],
    )
