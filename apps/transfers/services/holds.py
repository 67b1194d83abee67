"""Holding a wallet's money, paying it out to another wallet, giving it back."""

from apps.accounts.queries.wallets import Holder, WalletNotFound, holder
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger.models import Hold
from apps.ledger.services import holds
from apps.ledger.services.lookups import HoldUnknown, find_hold
from apps.operations.plan import Context, Plan
from apps.operations.registry import Input
from apps.transfers.services.making import check_currency, own_wallet


class OtherBook(DomainError):
    """What is held for one tenant cannot be settled to another."""

    code = "OTHER_BOOK"
    http_status = 409


class HoldNotOnWallet(DomainError):
    """The hold is on an account that is no wallet's."""

    code = "HOLD_NOT_ON_WALLET"
    http_status = 409


def scopes(data: Input) -> list[tuple[str, str]]:
    """The flag scopes that holding touches."""
    wallet = holder(data["wallet"])
    return [("tenant", wallet.tenant_id), ("currency", wallet.currency)]


def plan_place_hold(context: Context, *, wallet: str, amount: Money, reason: str) -> Plan:
    """Reserve an amount of a wallet: still its owner's, who cannot spend it."""
    found = own_wallet(context, wallet, amount)
    return holds.plan_place_hold(
        context,
        book=found.book.slug,
        account=found.available,
        held_account=found.held,
        amount=amount,
        reason=reason,
    )


def plan_settle_hold(
    context: Context, *, hold: str, to_wallet: str, amount: Money | None, release_rest: bool, reason: str
) -> Plan:
    """Pay what is held, or a part of it, to another wallet of the tenant."""
    source = _source(context, hold)
    destination = holder(to_wallet, field="/to_wallet")
    if destination.book_id != source.book_id:
        if context.actor.book_id is not None:
            raise WalletNotFound(f"There is no wallet {to_wallet}.", field="/to_wallet")
        raise OtherBook("Release the hold, and transfer to the other tenant.", field="/to_wallet")
    check_currency(destination, amount or Money.zero(source.currency))
    return holds.plan_settle_hold(
        context,
        hold=hold,
        destination=destination.available,
        amount=amount,
        release_rest=release_rest,
        reason=reason,
    )


def plan_release_hold(context: Context, *, hold: str, amount: Money | None, reason: str) -> Plan:
    """Give what is held, or a part of it, back to its wallet."""
    _source(context, hold)
    return holds.plan_release_hold(context, hold=hold, amount=amount, reason=reason)


def _source(context: Context, hold: str) -> Holder:
    """The wallet on which the hold is, which must be the caller's: a batch may see the books of its counterparties."""
    found = find_hold(hold)
    if context.actor.book_id not in {None, found.book_id}:
        raise HoldUnknown(f"There is no hold {hold}.", field="/hold")
    return wallet_of(found)


def wallet_of(hold: Hold) -> Holder:
    """The wallet on which a hold is."""
    segments = hold.account.address.split(":")
    if len(segments) != 3 or segments[0] != "wallet" or not segments[1].startswith("wal_"):
        raise HoldNotOnWallet(f"{hold.pk} is on {hold.account.address}, which is no wallet's.", field="/hold")
    return holder(segments[1])
