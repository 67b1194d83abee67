"""Where a transfer stands in the books, and the entries that it makes there: by template only."""

from collections.abc import Sequence
from copy import copy
from typing import Any

from apps.accounts.models import Wallet, WalletStatus
from apps.accounts.queries.wallets import Holder, holder
from apps.core import ids
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger import templates
from apps.ledger.queries.accounts import is_open
from apps.ledger.services.placing import new_account, place
from apps.ledger.templates import Held
from apps.operations import books
from apps.operations.plan import Context, Entry
from apps.transfers.flows import FLOWS, Done, Places, Step, strategy
from apps.transfers.models import Kind, Transfer


def wallets_of(transfer: Transfer) -> list[Holder]:
    """The wallets of the transfer's own book that it touches."""
    wallets = dict.fromkeys([transfer.source_wallet_id, transfer.destination_wallet_id])
    return [holder(str(wallet)) for wallet in wallets if wallet]


def provider_account(transfer: Transfer) -> str:
    """The address of what the provider has of the book's money."""
    return f"provider:{transfer.provider}"


def places_of(transfer: Transfer) -> Places:
    """The accounts between which the transfer moves money."""
    wallets = wallets_of(transfer)
    taken_from = strategy(transfer) if FLOWS[transfer.kind].from_strategy else wallets[0].available
    to = wallets[-1].available
    return Places(taken_from, wallets[0].held, to, provider_account(transfer), transfer.provider)


def entry(transfer: Transfer, step: Step, name: str, places: Places) -> Entry:
    """The entry of a step. Its reference is the transfer and the step, so none is posted twice."""
    template, variables = step
    return templates.entry(
        template,
        variables,
        book_id=transfer.book_id,
        reference=f"{transfer.pk}:{name}",
        description=transfer.description,
        metadata={"transfer": transfer.pk, "hold": transfer.hold_id},
        held=Held(str(transfer.hold_id), places.held),
    )


class NotBookable(DomainError):
    """The books have no place for what would come of it."""

    code = "NOT_BOOKABLE"
    http_status = 422


def refuse_unbookable(context: Context, transfer: Transfer, provider: str) -> None:
    """NotBookable where the books could not say what a provider has done: to be known before money moves, not after.

    What comes out of a strategy comes from custody, so nothing goes in that could not be there. What is alike in a batch of
    commands is looked at once.
    """
    if transfer.destination_wallet_id and is_closed(str(transfer.destination_wallet_id)):
        raise NotBookable(
            f"{transfer.destination_wallet_id} is closed, and takes nothing any more.", field="/to_wallet"
        )
    alike = (
        "bookable",
        transfer.book_id,
        transfer.kind,
        transfer.currency,
        transfer.received_currency,
        provider,
    )
    if transfer.kind == Kind.PAYOUT and alike in context.shared:
        return
    _refuse_no_place(context, transfer, provider)
    context.shared[alike] = True


def _refuse_no_place(context: Context, transfer: Transfer, provider: str) -> None:
    done = copy(transfer)
    done.provider, done.hold_id = provider, ids.new_id("hld")
    flow, places = FLOWS[done.kind], places_of(done)
    delivered = Money(1, done.received_currency) if flow.delivers else None
    settled = entry(done, flow.settle(done, places, Done(done.money, delivered)), "settle", places)
    try:
        missing_accounts(context, settled)
        if done.kind == Kind.STRATEGY_START:
            place(f"custody:{provider}", done.currency)
    except DomainError as error:
        gets = f" for {done.received_currency}" if flow.delivers else ""
        raise NotBookable(
            f"{done.get_kind_display()} of {done.currency}{gets} is not possible: the books have no place for what comes of it.",
            field="/to_wallet" if flow.delivers and done.kind != Kind.BRIDGE else "/amount/currency",
            details={} if context.actor.book_id else {"reason": error.message},
        ) from None


def is_closed(wallet: str) -> bool:
    """Whether the wallet takes nothing any more."""
    return Wallet.objects.filter(pk=wallet, status=WalletStatus.CLOSED).exists()


def missing_accounts(context: Context, posted: Entry) -> Sequence[Any]:
    """The accounts of an entry that its book has not yet: providers', custody and fees are opened when first needed."""
    book = books.find(posted.book_id)
    touched = {
        (address, posting.amount.currency)
        for posting in posted.postings
        for address in (posting.source, posting.destination)
        if not address.startswith("wallet:")
    }
    return [
        new_account(book, address, currency, now=context.now, floor=_floor(address))
        for address, currency in sorted(touched)
        if not is_open(posted.book_id, address, currency)
    ]


def _floor(address: str) -> int | None:
    """What customers have in strategies and reserves never falls below zero, nor what must be there before it is spent: banks, pools.

    What a provider did is booked whatever it had.
    """
    return 0 if address.startswith(("strategy:", "reserve:", "bank:", "pool:")) else None
