"""Wallets: opened with their three accounts, and closed with them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from apps.accounts.models import Customer, Tenant, Wallet, WalletStatus
from apps.accounts.queries.tenants import checked_active, tenant_of
from apps.accounts.queries.wallets import WalletNotFound
from apps.accounts.services.customers import CustomerNotFound, ExternalIdTaken, own
from apps.core import ids
from apps.core.errors import DomainError
from apps.core.money import CurrencyMismatch, InvalidAmount, Money
from apps.ledger.models import Account, Balance
from apps.ledger.services import accounts
from apps.ledger.services.placing import new_account
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Done, Input, Target


class WalletClosed(DomainError):
    """The wallet was closed."""

    code = "WALLET_CLOSED"
    http_status = 409


class ReserveHeld(DomainError):
    """Money of the wallet is kept back in a rolling reserve, which could not be released once the wallet is closed."""

    code = "RESERVE_HELD"
    http_status = 409


_guards: list[Callable[[Wallet], None]] = []


def guard_closing(guard: Callable[[Wallet], None]) -> None:
    """A higher app in which something of a wallet may stand says so: the guard raises for such a wallet."""
    _guards.append(guard)


def owner_target(data: Input) -> Iterator[Target]:
    """The customer, so that they are not closed meanwhile."""
    if data["customer"]:
        yield Target(Customer, data["customer"])


def target(data: Input) -> Iterator[Target]:
    """The wallet, which is locked."""
    yield Target(Wallet, data["wallet"])


def plan_create_wallet(
    context: Context,
    *,
    tenant: str | None,
    customer: str | None,
    currency: str,
    purpose: str,
    category: str,
    name: str,
    external_id: str,
    low_balance: Money | None,
    metadata: Mapping[str, Any],
) -> Plan:
    """A wallet of the tenant, or of one of its customers, empty: available and held never fall below zero."""
    owner = _owner(context, tenant, customer)
    if external_id and (taken := Wallet.objects.filter(tenant=owner, external_id=external_id).first()):
        raise ExternalIdTaken(f"{taken.pk} has the external id {external_id} already.", field="/external_id")
    wallet = Wallet(
        id=ids.new_id("wal"),
        tenant=owner,
        book=owner.book,
        customer_id=customer,
        currency=currency,
        purpose=purpose,
        category=category,
        name=name,
        external_id=external_id,
        metadata=metadata,
        created_at=context.now,
    )
    if low_balance is not None:
        wallet.low_balance = _checked_low_balance(wallet, low_balance).minor
    accounts = _accounts(wallet, context)
    wallet.available_account, wallet.held_account, wallet.owed_account = accounts
    wallet.available_account.owed_account = wallet.owed_account
    result = {
        "wallet": wallet.pk,
        "tenant": owner.pk,
        "customer": customer,
        "currency": currency,
        "category": category,
        "external_id": external_id,
    }
    return Plan(
        rows=[*accounts, wallet],
        result=result,
        events=[EventDraft("wallet.created", wallet.pk, result, book_id=wallet.book_id)],
    )


def plan_update_wallet(
    context: Context,
    *,
    wallet: str,
    name: str | None,
    purpose: str | None,
    low_balance: Money | None,
    metadata: Mapping[str, Any] | None,
) -> Plan:
    """Change what is given; metadata is replaced as a whole. Its accounts keep the name that they were opened with.

    Whether less is available than is to be from now on is looked at by the next look, as after any other change.
    """
    found = _own(context, wallet)
    given = {"name": name, "purpose": purpose, "metadata": metadata}
    changes: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    changed = sorted([*changes, *(["low_balance"] if low_balance is not None else [])])
    if low_balance is not None:
        changes |= _watching(_checked_low_balance(found, low_balance))
    for field, value in changes.items():
        setattr(found, field, value)
    result = {"wallet": wallet, "changed": changed}
    return Plan(
        updates=[Update(found, tuple(changes), {"status": found.status})] if changes else [],
        result=result,
        events=[EventDraft("wallet.updated", wallet, result, book_id=found.book_id)],
    )


def close_wallet(context: Context, *, wallet: str, reason: str) -> Done:
    """Close an empty wallet for good."""
    found = _own(context, wallet)
    for account in (found.available_account, found.held_account, found.owed_account):
        accounts.close(account)
    _refuse_elsewhere(found)  # after its accounts are closed: whatever was under way has ended by then
    found.status, found.closed_at = WalletStatus.CLOSED, context.now
    found.is_low, found.low_since = False, None
    found.save(update_fields=["status", "closed_at", "is_low", "low_since"])
    result = {"wallet": wallet, "status": "closed", "reason": reason}
    return Done(result, (EventDraft("wallet.closed", wallet, result, book_id=found.book_id),))


def _refuse_elsewhere(wallet: Wallet) -> None:
    """Raise if money of the wallet stands somewhere else, and will come back to it or may."""
    reserve = Balance.objects.filter(account__book=wallet.book_id, account__address=f"reserve:{wallet.pk}")
    if reserve.exclude(balance=0).exists():
        raise ReserveHeld(
            f"Money of {wallet.pk} is kept back in a rolling reserve; release that first.", field="/wallet"
        )
    for guard in _guards:
        guard(wallet)


def _checked_low_balance(wallet: Wallet, low_balance: Money) -> Money:
    if low_balance.currency != wallet.currency:
        raise CurrencyMismatch(
            f"The wallet is in {wallet.currency}, the amount in {low_balance.currency}.",
            field="/low_balance/currency",
        )
    if low_balance.is_negative:
        raise InvalidAmount(
            f"The amount must be above zero, or zero to watch the wallet no more, not {low_balance}.",
            field="/low_balance/amount",
        )
    return low_balance


def _watching(low_balance: Money) -> dict[str, Any]:
    if low_balance.is_zero:
        return {"low_balance": None, "is_low": False, "low_since": None}
    return {"low_balance": low_balance.minor}


def _owner(context: Context, tenant: str | None, customer: str | None) -> Tenant:
    of_customer = own(context, customer).tenant if customer else None
    owner = tenant_of(context, of_customer.pk if of_customer and not tenant else tenant, locked=True)
    if of_customer and of_customer.pk != owner.pk:
        raise CustomerNotFound(f"There is no customer {customer} of {owner.pk}.", field="/customer")
    return checked_active(owner, "opens wallets")


def _accounts(wallet: Wallet, context: Context) -> list[Account]:
    name = wallet.name or wallet.purpose or wallet.pk
    return [
        new_account(wallet.book, address, wallet.currency, now=context.now, name=name, floor=floor)
        for address, floor in ((wallet.available, 0), (wallet.held, 0), (wallet.owed, 0))
    ]


def _own(context: Context, wallet: str) -> Wallet:
    found: Wallet = context.locked[Wallet, wallet]  # type: ignore[assignment]
    if context.book.tenant_id not in {None, found.tenant_id}:
        raise WalletNotFound(f"There is no wallet {wallet}.", field="/wallet")
    if found.status == WalletStatus.CLOSED:
        raise WalletClosed(f"Wallet {wallet} is closed already.", field="/wallet")
    return found
