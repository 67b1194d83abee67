"""Taking back, wholly, what was completed at once by mistake."""

from apps.core.errors import DomainError
from apps.ledger.services.entries import mirror
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.transfers.models import Kind, Status, Transfer
from apps.transfers.queries.entries import entries_of
from apps.transfers.services.making import balances, told
from apps.transfers.services.own import locked_transfer
from apps.transfers.services.posting import wallets_of

REVERSIBLE = frozenset(
    {Kind.PAY_IN, Kind.INTERNAL, Kind.CONVERSION, Kind.OTC_TRADE, Kind.POOL_TOP_UP, Kind.POOL_PAYOUT}
)
"""What happened in our books alone. What a provider did comes back by a return, or is given back by a refund."""


class NotReversible(DomainError):
    """What a provider has executed, or what is not completed, is not reversed in the books."""

    code = "NOT_REVERSIBLE"
    http_status = 409


def plan_reverse_transfer(context: Context, *, transfer: str, reason: str) -> Plan:
    """Mirror every entry of a completed transfer, linked to it, once; refused where the money is spent."""
    found = locked_transfer(context, transfer)
    if found.kind not in REVERSIBLE or found.status != Status.COMPLETED:
        raise NotReversible(
            f"{transfer} is {found.get_kind_display()}, {found.get_status_display().lower()}: only what was completed in"
            " our books alone is reversed; a payout comes back by a return, a pay-in is refunded.",
            field="/transfer",
        )
    posts = [mirror(entry, reason) for entry in entries_of(found)]
    was = {"status": found.status}
    found.reverse()
    found.changed_at = context.now
    result = {
        **told(found),
        "entries": [post.id for post in posts],
        "balances": balances(wallets_of(found)),
        "reason": reason,
    }
    return Plan(
        posts=posts,
        updates=[Update(found, ("status", "changed_at"), was)],
        result=result,
        events=_events(found, result),
    )


def _events(transfer: Transfer, result: dict[str, object]) -> list[EventDraft]:
    events = [EventDraft("transfer.reversed", transfer.pk, result, book_id=transfer.book_id)]
    if transfer.counterparty_book_id:
        other = {**told(transfer), "reference": "", "wallet": transfer.destination_wallet_id}
        events.append(
            EventDraft("transfer.reversed", transfer.pk, other, book_id=transfer.counterparty_book_id)
        )
    return events
