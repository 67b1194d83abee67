"""Virtual accounts: asked for by a command, given by the provider, whom a worker asks."""

from collections.abc import Iterator
from typing import Any

from apps.accounts.queries.tenants import is_test
from apps.core import ids
from apps.core.errors import DomainError
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.providers.queries import routing
from apps.transfers.arrivals import NumberStatus, VirtualAccount
from apps.transfers.services.making import own_wallet


class NoVirtualAccounts(DomainError):
    """No provider gives numbers for deposits in the currency of the wallet."""

    code = "NO_VIRTUAL_ACCOUNTS"
    http_status = 422


class NumberKnown(DomainError):
    """The virtual account has its number already."""

    code = "VIRTUAL_ACCOUNT_ACTIVE"
    http_status = 409


def target(data: Input) -> Iterator[Target]:
    """The virtual account, which is locked."""
    yield Target(VirtualAccount, data["virtual_account"])


def plan_request_virtual_account(context: Context, *, wallet: str) -> Plan:
    """Ask for a number under which deposits are a wallet's; the one that it has, if there is one."""
    found = own_wallet(context, wallet)
    provider = routing.with_virtual_accounts(found.currency, play=is_test(found.tenant_id))
    if provider is None:
        raise NoVirtualAccounts(f"No provider gives numbers for {found.currency}.", field="/wallet")
    known = VirtualAccount.objects.filter(wallet_id=wallet, provider=provider).first()
    if known:
        return Plan(result=told(known))
    row = VirtualAccount(
        id=ids.new_id("vac"),
        book_id=found.book_id,
        wallet_id=wallet,
        provider=provider,
        requested_at=context.now,
        next_attempt_at=context.now,
    )
    return Plan(rows=[row], result=told(row))


def plan_record_virtual_account(context: Context, *, virtual_account: str, number: str) -> Plan:
    """The provider has given the number."""
    found: VirtualAccount = context.locked[VirtualAccount, virtual_account]  # type: ignore[assignment]
    if found.status != NumberStatus.REQUESTED:
        raise NumberKnown(f"{virtual_account} is {found.number}.", field="/virtual_account")
    found.status, found.number, found.active_at = NumberStatus.ACTIVE, number, context.now
    found.next_attempt_at, found.failure = None, ""
    written = ("status", "number", "active_at", "next_attempt_at", "failure")
    result = told(found)
    return Plan(
        updates=[Update(found, written, {"status": NumberStatus.REQUESTED})],
        result=result,
        events=[EventDraft("virtual_account.active", found.pk, result, book_id=found.book_id)],
    )


def told(row: VirtualAccount) -> dict[str, Any]:
    """What is told of a virtual account."""
    return {
        "virtual_account": row.pk,
        "wallet": row.wallet_id,
        "status": row.status,
        "number": row.number or None,
    }
