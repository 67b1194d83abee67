"""What every kind of transfer is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.accounts.queries.wallets import Holder, WalletNotFound, holder
from apps.core import ids
from apps.core.money import CurrencyMismatch, Money
from apps.operations.plan import BalanceAfter, Context, EventDraft
from apps.transfers.models import Kind, Transfer
from apps.transfers.words import PUBLIC_STATUS, TYPE


@dataclass(frozen=True, slots=True)
class Named:
    """What whoever asks for a transfer says of it."""

    reference: str = ""
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


def own_wallet(context: Context, wallet: str, amount: Money | None = None, *, at: str = "/wallet") -> Holder:
    """A wallet that the caller may move money of, in the currency of the amount."""
    found = holder(wallet, field=at)
    if context.actor.book_id not in {None, found.book_id}:
        raise WalletNotFound(f"There is no wallet {wallet}.", field=at)
    check_currency(found, amount)
    return found


def check_currency(wallet: Holder, amount: Money | None, *, field: str = "/amount/currency") -> None:
    """CurrencyMismatch unless the wallet holds the currency of the amount."""
    if amount and amount.currency != wallet.currency:
        raise CurrencyMismatch(
            f"{wallet.id} is in {wallet.currency}, the amount in {amount.currency}.", field=field
        )


def new_transfer(
    context: Context, kind: str, book_id: int, amount: Money, named: Named, **more: Any
) -> Transfer:
    """A transfer that was just asked for, and is still to be written."""
    made: Transfer = Transfer(
        id=ids.new_id("trf"),
        book_id=book_id,
        kind=kind,
        amount=amount.minor,
        currency=amount.currency,
        reference=named.reference,
        description=named.description,
        metadata=named.metadata,
        operation_id=context.operation_id,
        created_at=context.now,
        changed_at=context.now,
        **more,
    )
    return made


def ended(transfer: Transfer, context: Context) -> Transfer:
    """The transfer, whose end is now."""
    transfer.ended_at = transfer.changed_at = context.now
    return transfer


def completed_at_once(transfer: Transfer, context: Context) -> Transfer:
    """The transfer, which nobody else executes."""
    transfer.validate()
    transfer.complete()
    return ended(transfer, context)


def balances(wallets: Iterable[Holder]) -> dict[str, BalanceAfter]:
    """What is available in wallets after the plan was posted."""
    return {wallet.id: BalanceAfter(wallet.available, wallet.currency) for wallet in wallets}


def completed(transfer: Transfer, result: Mapping[str, Any]) -> list[EventDraft]:
    """That a transfer was completed; of a refund also that what had come from outside went back there."""
    names = ["transfer.completed"]
    if transfer.kind == Kind.REFUND:
        names.append("transfer.inflow.compensated")
    return [EventDraft(name, transfer.pk, result, book_id=transfer.book_id) for name in names]


def told(transfer: Transfer) -> dict[str, Any]:
    """What a command answers of a transfer."""
    return {
        "transfer": transfer.pk,
        "kind": transfer.kind,
        "type": TYPE[transfer.kind],
        "status": PUBLIC_STATUS[transfer.status],
        "amount": transfer.money,
        "reference": transfer.reference,
    }
