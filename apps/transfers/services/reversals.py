"""Taking back, wholly, what was completed at once by mistake."""

from collections.abc import Iterator

from apps.core.errors import DomainError
from apps.ledger.services.entries import mirror
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.transfers.arrivals import Chargeback, Deposit
from apps.transfers.models import AT_ONCE, Kind, Status, Transfer
from apps.transfers.queries.entries import entries_of
from apps.transfers.queries.given_back import refunded
from apps.transfers.reserves import ReserveStatus, RollingReserve
from apps.transfers.services.deposits import plan_suspend_again
from apps.transfers.services.escrow import refuse_ownerless, refuse_released
from apps.transfers.services.making import balances, told
from apps.transfers.services.own import locked_transfer
from apps.transfers.services.posting import wallets_of
from apps.transfers.services.reserves import plan_let_go

REVERSIBLE = frozenset(
    {
        Kind.PAY_IN,
        Kind.INTERNAL,
        Kind.CONVERSION,
        Kind.OTC_TRADE,
        Kind.POOL_TOP_UP,
        Kind.POOL_PAYOUT,
        *AT_ONCE,
    }
)
"""What happened in our books alone. What a provider did comes back by a return, or is given back by a refund."""


class NotReversible(DomainError):
    """What a provider has executed, or what is not completed, is not reversed in the books."""

    code = "NOT_REVERSIBLE"
    http_status = 409


class PayInGivenBack(DomainError):
    """Something of the pay-in went back already, and a reversal takes all of it."""

    code = "PAY_IN_GIVEN_BACK"
    http_status = 409


def targets(data: Input) -> Iterator[Target]:
    """The transfer; of a pay-in also the deposit that it is of, and what is kept back of it."""
    yield Target(Transfer, data["transfer"])
    for deposit in Deposit.objects.filter(transfer=data["transfer"]).values_list("pk", flat=True):
        yield Target(Deposit, str(deposit))
    held = RollingReserve.objects.filter(transfer=data["transfer"], status=ReserveStatus.HELD)
    for reserve in held.values_list("pk", flat=True):
        yield Target(RollingReserve, str(reserve))


def plan_reverse_transfer(context: Context, *, transfer: str, reason: str) -> Plan:
    """Mirror every entry of a completed transfer, linked to it, once; refused where the money is spent.

    The deposit of a pay-in stands in suspense afterwards: its money is still with the provider.
    """
    found = locked_transfer(context, transfer)
    if found.kind not in REVERSIBLE or found.status != Status.COMPLETED:
        raise NotReversible(
            f"{transfer} is {found.get_kind_display()}, {found.get_status_display().lower()}: only what was completed in"
            " our books alone is reversed; a payout comes back by a return, a pay-in is refunded.",
            field="/transfer",
        )
    deposit = next((row for row in context.locked.values() if isinstance(row, Deposit)), None)
    _refuse_given_back(found, deposit)
    refuse_released(found)
    refuse_ownerless(found)
    freed = plan_let_go(context, found)
    mirrored = [mirror(entry, reason) for entry in entries_of(found)]
    again = plan_suspend_again(context, deposit, reason) if deposit else Plan(result={})
    was = {"status": found.status}
    found.reverse()
    found.changed_at = context.now
    result = {
        **told(found),
        "entries": [post.id for post in mirrored],
        "balances": balances(wallets_of(found)),
        "reason": reason,
    }
    return Plan(
        posts=[*freed.posts, *mirrored, *again.posts],
        accounts=again.accounts,
        updates=[Update(found, ("status", "changed_at"), was), *freed.updates, *again.updates],
        result=result,
        events=[*freed.events, *_events(found, result), *again.events],
    )


def _refuse_given_back(transfer: Transfer, deposit: Deposit | None) -> None:
    """Raise PayInGivenBack if a refund or a chargeback gave something of a pay-in back, or may still."""
    back = refunded(transfer)
    if back.is_positive:
        raise PayInGivenBack(
            f"{back} of {transfer.pk} was refunded, and a reversal takes all of it: refund the rest instead.",
            field="/transfer",
        )
    if deposit is None:
        return
    if waits := Chargeback.open_of(deposit).first():
        raise PayInGivenBack(
            f"{waits.pk} takes {waits.money} of {deposit.pk} back: post or close that first.",
            field="/transfer",
            details={"chargeback": waits.pk},
        )
    if deposit.charged_back:
        raise PayInGivenBack(
            f"Of {deposit.pk} something was charged back, and a reversal takes all of it: refund or correct the rest.",
            field="/transfer",
        )


def _events(transfer: Transfer, result: dict[str, object]) -> list[EventDraft]:
    events = [EventDraft("transfer.reversed", transfer.pk, result, book_id=transfer.book_id)]
    if transfer.counterparty_book_id:
        other = {**told(transfer), "reference": "", "wallet": transfer.destination_wallet_id}
        events.append(
            EventDraft("transfer.reversed", transfer.pk, other, book_id=transfer.counterparty_book_id)
        )
    return events
