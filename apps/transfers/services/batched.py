"""Payouts of a batch: reserved one by one, approved and sent together. What a batch is, a higher app knows."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from apps.accounts.models import Recipient
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.transfers.facts import facts_of
from apps.transfers.models import Status, Transfer
from apps.transfers.services.asking import OPEN_SENDING, look_for_route, told_reserved
from apps.transfers.services.asking import hold_all as hold
from apps.transfers.services.making import Named, own_wallet, told
from apps.transfers.services.payouts import new_payout
from apps.transfers.services.posting import missing_accounts
from apps.transfers.services.sending import RecipientChanged

HELD_FOR: Final = timedelta(days=30)
"""How long money is held for a batch that nobody approves or executes."""

OPENED: Final = ("next_attempt_at", "expires_at", "changed_at")


class NotInBatch(DomainError):
    """The transfer does not wait for that batch."""

    code = "TRANSFER_NOT_IN_BATCH"
    http_status = 409


def recipient_target(data: Input) -> Iterator[Target]:
    """The recipient, fetched with those of the whole batch and not locked: another version is never sent."""
    yield Target(Recipient, data["recipient"], lock=False)


def plan_reserve_batched(
    context: Context,
    *,
    batch: str,
    wallet: str,
    recipient: str,
    recipient_version: int,
    amount: Money,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Hold amount and fees of one payout of a batch, with which it waits. What policies may see of it is kept."""
    source = own_wallet(context, wallet, amount)
    to: Recipient = context.locked[Recipient, recipient]  # type: ignore[assignment]
    if to.version != recipient_version:
        raise RecipientChanged(
            f"Recipient {recipient} was changed since the row was checked: look at it, and pay it anew.",
            field="/recipient",
        )
    transfer = new_payout(context, source, recipient, to, amount, Named(reference, description, metadata))
    transfer.batch_id = batch
    look_for_route(context, transfer, to)
    posted = hold(context, transfer, to)
    transfer.await_approval()
    transfer.next_attempt_at = transfer.expires_at = context.now + HELD_FOR
    result = told_reserved(transfer, posted)
    return Plan(
        rows=[transfer],
        posts=[posted],
        accounts=missing_accounts(context, posted),
        result=result,
        events=[EventDraft("transfer.reserved", transfer.pk, result, book_id=transfer.book_id)],
        facts={OPEN_SENDING: facts_of(context, transfer, to)},
    )


def plan_open_batched(context: Context, *, transfer: str, batch: str) -> Plan:
    """Let a payout of an approved batch be sent."""
    found: Transfer = context.locked[Transfer, transfer]  # type: ignore[assignment]
    if found.batch_id != batch or found.status != Status.AWAITING_APPROVAL or found.expires_at is None:
        raise NotInBatch(f"{transfer} does not wait for {batch}.", field="/transfer")
    was = {"status": found.status, "expires_at": found.expires_at}
    found.next_attempt_at, found.expires_at, found.changed_at = context.now, None, context.now
    result = told(found)
    return Plan(
        updates=[Update(found, OPENED, was)],
        result=result,
        events=[EventDraft("transfer.approved", transfer, result, book_id=found.book_id)],
    )
