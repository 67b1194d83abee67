"""Money that is put with us until both sides have done what they agreed, and given to who is entitled to it."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from apps.accounts.models import Wallet, WalletStatus
from apps.accounts.queries.wallets import Holder, WalletNotFound, holder
from apps.core.errors import DomainError
from apps.core.money import CurrencyMismatch, Money
from apps.ledger import templates
from apps.ledger.services.placing import new_account
from apps.operations.plan import BalanceAfter, Context, Entry, EventDraft, Plan
from apps.operations.registry import Input, Target
from apps.transfers.models import Kind, Status, Transfer
from apps.transfers.queries.escrow import address_of, left_in, open_escrows
from apps.transfers.services import reviews
from apps.transfers.services.making import (
    Named,
    balances,
    check_currency,
    completed_at_once,
    new_transfer,
    own_wallet,
    told,
)
from apps.transfers.services.own import OtherTenant, locked_transfer


class NotInEscrow(DomainError):
    """The transfer put nothing in escrow, or what it put there was taken back."""

    code = "NOT_IN_ESCROW"
    http_status = 409


class ReleaseTooLarge(DomainError):
    """More would be released than is in escrow."""

    code = "RELEASE_TOO_LARGE"
    http_status = 422


class EscrowReleased(DomainError):
    """Something of the escrow was released, and a reversal takes all of it back."""

    code = "ESCROW_RELEASED"
    http_status = 409


class EscrowOpen(DomainError):
    """Money of the wallet is in escrow, and may have to come back to it."""

    code = "ESCROW_OPEN"
    http_status = 409


def target(data: Input) -> Iterator[Target]:
    """The hold, which is locked so that no two releases give more out than is in it."""
    yield Target(Transfer, data["escrow"])


def scopes(data: Input) -> Iterable[tuple[str, str]]:
    """The flag scopes that a release touches."""
    return reviews.scopes({"transfer": data["escrow"]})


def plan_hold_in_escrow(
    context: Context,
    *,
    wallet: str,
    amount: Money,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Put money of a wallet in escrow, in an account of its own, or refuse it."""
    source = own_wallet(context, wallet, amount)
    named = Named(reference, description, metadata)
    hold = new_transfer(context, Kind.ESCROW_HOLD, source.book_id, amount, named, source_wallet_id=wallet)
    completed_at_once(hold, context)
    account = new_account(source.book, address_of(hold), amount.currency, now=context.now, floor=0)
    plan = _plan(hold, hold, _entry("escrow_hold", hold, hold, source), source)
    return dataclasses.replace(plan, own_accounts=[account])


def plan_release_escrow(
    context: Context,
    *,
    escrow: str,
    to_wallet: str,
    amount: Money | None,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Give what is in escrow, or a part of it, to a wallet of the tenant: the payee's, or the payer's again."""
    hold = locked_transfer(context, escrow, at="/escrow")
    if hold.kind != Kind.ESCROW_HOLD or hold.status != Status.COMPLETED:
        raise NotInEscrow(
            f"{escrow} is {hold.get_kind_display()}, {hold.get_status_display().lower()}: only a completed escrow hold"
            " is released.",
            field="/escrow",
        )
    part = _part(hold, amount)
    destination = _destination(context, hold, to_wallet)
    release = new_transfer(
        context,
        Kind.ESCROW_RELEASE,
        hold.book_id,
        part,
        Named(reference, description, metadata),
        destination_wallet_id=to_wallet,
        escrow=hold,
    )
    completed_at_once(release, context)
    return _plan(release, hold, _entry("escrow_release", release, hold, destination), destination)


def refuse_released(hold: Transfer) -> None:
    """Raise EscrowReleased unless all that was put in escrow is still there."""
    if hold.kind != Kind.ESCROW_HOLD or (left := left_in(hold)) == hold.money:
        return
    raise EscrowReleased(
        f"{hold.money - left} of {hold.pk} was released, and a reversal takes all of it: reverse the releases first,"
        " or release the rest to the wallet that it came from.",
        field="/transfer",
    )


def refuse_ownerless(release: Transfer) -> None:
    """Raise EscrowReleased where a release put back would leave money in the escrow of a wallet that was closed."""
    hold = release.escrow
    if hold is None or hold.source_wallet is None or hold.source_wallet.status != WalletStatus.CLOSED:
        return
    raise EscrowReleased(
        f"{hold.source_wallet_id}, from which it was put in escrow, is closed; transfer the money instead.",
        field="/transfer",
    )


def refuse_in_escrow(wallet: Wallet) -> None:
    """Raise EscrowOpen while money of the wallet is in escrow."""
    some = open_escrows(str(wallet.pk)).first()
    if some is None:
        return
    left = Money(some.left, some.currency)  # type: ignore[attr-defined]
    raise EscrowOpen(
        f"{left} of {wallet.pk} is in escrow in {some.pk}; release or reverse that first.",
        field="/wallet",
        details={"transfer": some.pk},
    )


def _part(hold: Transfer, amount: Money | None) -> Money:
    """What is asked for, or all that is left."""
    left = left_in(hold)
    if amount and amount.currency != hold.currency:
        raise CurrencyMismatch(f"{hold.pk} is in {hold.currency}.", field="/amount/currency")
    if not left.is_positive or (amount and amount > left):
        raise ReleaseTooLarge(f"Of {hold.money} there is {left} left in escrow.", field="/amount")
    return amount or left


def _destination(context: Context, hold: Transfer, to_wallet: str) -> Holder:
    """A wallet of the tenant in the currency of the escrow."""
    found = holder(to_wallet, field="/to_wallet")
    if found.book_id != hold.book_id:
        if context.actor.book_id is not None:
            raise WalletNotFound(f"There is no wallet {to_wallet}.", field="/to_wallet")
        raise OtherTenant(
            "Release it to a wallet of its own tenant, and transfer from there.", field="/to_wallet"
        )
    check_currency(found, hold.money, field="/to_wallet")
    return found


def _entry(template: str, transfer: Transfer, hold: Transfer, wallet: Holder) -> Entry:
    return templates.entry(
        template,
        {"amount": transfer.money, "escrow": hold.pk, "wallet": wallet.available},
        book_id=transfer.book_id,
        reference=transfer.pk,
        description=transfer.description,
        metadata={"transfer": transfer.pk},
    )


def _plan(transfer: Transfer, hold: Transfer, entry: Entry, wallet: Holder) -> Plan:
    result = {
        **told(transfer),
        "escrow": hold.pk,
        "left": BalanceAfter(address_of(hold), hold.currency),
        "entry": entry.id,
        "balances": balances([wallet]),
    }
    return Plan(
        rows=[transfer],
        posts=[entry],
        result=result,
        events=[EventDraft("transfer.completed", transfer.pk, result, book_id=transfer.book_id)],
    )
