"""From wallet to wallet: in one book, or between two as an entry group."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from apps.accounts.queries.tenants import is_test
from apps.accounts.queries.wallets import Holder, holder, holders
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger import templates
from apps.ledger.services.placing import new_account
from apps.ledger.templates import Variables
from apps.operations.plan import Context, Entry, EventDraft, Plan
from apps.operations.registry import Input
from apps.transfers.models import Kind
from apps.transfers.services.making import (
    Named,
    balances,
    check_currency,
    ended,
    new_transfer,
    own_wallet,
    told,
)


class SameWallet(DomainError):
    """Source and destination are one wallet."""

    code = "SAME_WALLET"
    http_status = 422


class TestAndLive(DomainError):
    """Money of a test environment is play money: it stays among test environments, as real money among real tenants."""

    code = "TEST_AND_LIVE"
    http_status = 422


def parties(data: Input) -> list[int]:
    """The book of the wallet that is paid, so that a tenant's transfer may reach it."""
    return [wallet.book_id for wallet in holders([data["to_wallet"]]).values()]


def scopes(data: Input) -> list[tuple[str, str]]:
    """The flag scopes that a transfer touches: both tenants count."""
    wallets = [holder(data[name], field=f"/{name}") for name in ("from_wallet", "to_wallet")]
    tenants = dict.fromkeys(("tenant", wallet.tenant_id) for wallet in wallets)
    return [*tenants, ("currency", wallets[0].currency)]


def plan_create_transfer(
    context: Context,
    *,
    from_wallet: str,
    to_wallet: str,
    amount: Money,
    reference: str,
    description: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Move money from one wallet to another at once, or refuse it."""
    source = own_wallet(context, from_wallet, amount, at="/from_wallet")
    destination = holder(to_wallet, field="/to_wallet")
    if source == destination:
        raise SameWallet("A transfer goes from one wallet to another.", field="/to_wallet")
    check_currency(destination, amount)
    across = destination.book_id != source.book_id
    if across and is_test(source.tenant_id) != is_test(destination.tenant_id):
        raise TestAndLive(
            "One of the wallets is a test environment's, and its money play money.", field="/to_wallet"
        )
    transfer = new_transfer(
        context,
        Kind.INTERNAL,
        source.book_id,
        amount,
        Named(reference, description, metadata),
        source_wallet_id=from_wallet,
        destination_wallet_id=to_wallet,
        counterparty_book_id=destination.book_id if across else None,
    )
    transfer.validate()
    transfer.complete()
    ended(transfer, context)
    variables: Variables = {"amount": amount, "from": source.available, "to": destination.available}
    posts = (
        _group(transfer.pk, source, destination, amount, description)
        if across
        else [_entry("internal_transfer", variables, source.book_id, transfer.pk, description)]
    )
    said = told(transfer)
    shown = [source] if across and context.actor.book_id is not None else [source, destination]
    result = {**said, "entries": [entry.id for entry in posts], "balances": balances(shown)}
    events = [EventDraft("transfer.completed", transfer.pk, result, book_id=source.book_id)]
    if across:
        received = {**said, "reference": "", "wallet": to_wallet}
        events.append(EventDraft("transfer.received", transfer.pk, received, book_id=destination.book_id))
    return Plan(
        rows=[transfer],
        posts=posts,
        accounts=_between(context, source, destination, amount.currency) if across else (),
        result=result,
        events=events,
    )


def _group(
    transfer: str, source: Holder, destination: Holder, amount: Money, description: str
) -> list[Entry]:
    """The two halves: what one book owes the other and what is due to it from there stay the same."""
    out: Variables = {"amount": amount, "from": source.available, "other": destination.book.slug}
    into: Variables = {"amount": amount, "to": destination.available, "other": source.book.slug}
    return [
        _entry("book_transfer_out", out, source.book_id, transfer, description),
        # What the payer says of it is for the payer, and what stops the payee leaves the payer's key free.
        replace(_entry("book_transfer_in", into, destination.book_id, transfer, ""), refusal_sticks=False),
    ]


def _entry(template: str, variables: Variables, book_id: int, transfer: str, description: str) -> Entry:
    return templates.entry(
        template,
        variables,
        book_id=book_id,
        reference=transfer,
        kind="internal_transfer",
        description=description,
        metadata={"transfer": transfer},
    )


def _between(context: Context, source: Holder, destination: Holder, currency: str) -> list[Any]:
    """The accounts in which two books keep what they owe each other; opened when first needed."""
    return [
        new_account(source.book, f"due_to:{destination.book.slug}", currency, now=context.now),
        new_account(destination.book, f"due_from:{source.book.slug}", currency, now=context.now),
    ]
