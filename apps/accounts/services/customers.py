"""Customers of tenants."""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.accounts.models import Customer, CustomerStatus, Wallet, WalletStatus
from apps.accounts.queries.tenants import active_tenant_of
from apps.core import ids
from apps.core.errors import DomainError
from apps.operations import books
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target


class CustomerNotFound(DomainError):
    """There is no such customer, as far as the caller may know."""

    code = "CUSTOMER_NOT_FOUND"
    http_status = 404


class CustomerClosed(DomainError):
    """The customer was closed."""

    code = "CUSTOMER_CLOSED"
    http_status = 409


class CustomerHasWallets(DomainError):
    """A customer whose wallets are open cannot be closed."""

    code = "CUSTOMER_HAS_WALLETS"
    http_status = 409


class ExternalIdTaken(DomainError):
    """Something else of the tenant has this external id."""

    code = "EXTERNAL_ID_TAKEN"
    http_status = 409


def target(data: Input) -> Iterator[Target]:
    """The customer, which is locked."""
    yield Target(Customer, data["customer"])


def plan_create_customer(
    context: Context,
    *,
    tenant: str | None,
    kind: str,
    name: str,
    email: str,
    external_id: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """A person or a business that the tenant serves."""
    owner = active_tenant_of(context, tenant, "takes customers")
    if external_id and (taken := Customer.objects.filter(tenant=owner, external_id=external_id).first()):
        raise ExternalIdTaken(f"{taken.pk} has the external id {external_id} already.", field="/external_id")
    customer = Customer(
        id=ids.new_id("cus"),
        tenant=owner,
        kind=kind,
        name=name,
        email=email,
        external_id=external_id,
        metadata=metadata,
        created_at=context.now,
    )
    result = {"customer": customer.pk, "tenant": owner.pk, "kind": kind, "external_id": external_id}
    return Plan(rows=[customer], result=result, events=[_told("customer.created", customer, result)])


def plan_update_customer(
    context: Context,
    *,
    customer: str,
    name: str | None,
    email: str | None,
    metadata: Mapping[str, Any] | None,
) -> Plan:
    """Change what is given; metadata is replaced as a whole."""
    found = own(context, customer)
    given = {"name": name, "email": email, "metadata": metadata}
    changes = {field: value for field, value in given.items() if value is not None}
    for field, value in changes.items():
        setattr(found, field, value)
    result = {"customer": customer, "changed": sorted(changes)}
    return Plan(
        updates=[Update(found, tuple(changes), {"status": found.status})] if changes else [],
        result=result,
        events=[_told("customer.updated", found, result)],
    )


def plan_close_customer(context: Context, *, customer: str, reason: str) -> Plan:
    """No more wallets for this customer; all of theirs must be closed."""
    found = own(context, customer)
    if Wallet.objects.filter(customer=found, status=WalletStatus.OPEN).exists():
        raise CustomerHasWallets("Close this customer's wallets first.", field="/customer")
    found.status = CustomerStatus.CLOSED
    result = {"customer": customer, "status": "closed", "reason": reason}
    return Plan(
        updates=[Update(found, ("status",), {"status": CustomerStatus.ACTIVE})],
        result=result,
        events=[_told("customer.closed", found, result)],
    )


def own(context: Context, customer: str) -> Customer:
    """The locked customer, of the caller's tenant unless an operator asks, and not closed."""
    found: Customer = context.locked[Customer, customer]  # type: ignore[assignment]
    if context.book.tenant_id not in {None, found.tenant_id}:
        raise CustomerNotFound(f"There is no customer {customer}.", field="/customer")
    if found.status == CustomerStatus.CLOSED:
        raise CustomerClosed(f"Customer {customer} is closed.", field="/customer")
    return found


def _told(event: str, customer: Customer, result: Mapping[str, Any]) -> EventDraft:
    """In the feed of the tenant whose customer it is, whoever did it."""
    return EventDraft(event, customer.pk, result, book_id=books.id_of_tenant(customer.tenant_id))
