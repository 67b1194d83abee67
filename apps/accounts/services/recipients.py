"""Recipients: where payouts of a tenant go."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from apps.accounts.destinations import Destination, destination_of
from apps.accounts.destinations.crypto import CARRIES
from apps.accounts.destinations.schemes import of_country
from apps.accounts.models import (
    VERIFICATION,
    Customer,
    Recipient,
    RecipientKind,
    RecipientStatus,
    Tenant,
    Verification,
)
from apps.accounts.queries.tenants import checked_active, tenant_of
from apps.accounts.services.customers import CustomerNotFound, ExternalIdTaken
from apps.accounts.services.customers import own as own_customer
from apps.core import ids
from apps.core.currencies import currency as find_currency
from apps.core.errors import DomainError
from apps.operations import books
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target

SENT = frozenset({"name", "details"})
"""What a provider is told; a change of it is a new version."""

CHANGEABLE = (
    "name",
    "metadata",
    "details",
    "display",
    "country",
    "bank_name",
    "bic",
    "version",
    "changed_at",
    *VERIFICATION,
)


class RecipientNotFound(DomainError):
    """There is no such recipient, as far as the caller may know."""

    code = "RECIPIENT_NOT_FOUND"
    http_status = 404


class RecipientClosed(DomainError):
    """The recipient was closed."""

    code = "RECIPIENT_CLOSED"
    http_status = 409


class DetailsUnfit(DomainError):
    """The details are right by themselves and do not fit the rest of the recipient."""

    code = "DETAILS_UNFIT"


def owner_target(data: Input) -> Iterator[Target]:
    """The customer, so that they are not closed meanwhile."""
    if data["customer"]:
        yield Target(Customer, data["customer"])


def target(data: Input) -> Iterator[Target]:
    """The recipient, which is locked."""
    yield Target(Recipient, data["recipient"])


def plan_create_recipient(
    context: Context,
    *,
    tenant: str | None,
    customer: str | None,
    kind: str,
    name: str,
    country: str,
    currency: str,
    details: Mapping[str, str],
    external_id: str,
    metadata: Mapping[str, Any],
) -> Plan:
    """Somebody whom the tenant, or a customer of its, pays."""
    owner = _owner(context, tenant, customer)
    if external_id and (taken := Recipient.objects.filter(tenant=owner, external_id=external_id).first()):
        raise ExternalIdTaken(f"{taken.pk} has the external id {external_id} already.", field="/external_id")
    recipient = Recipient(
        id=ids.new_id("rcp"),
        tenant=owner,
        customer_id=customer,
        kind=kind,
        name=name,
        country=country,
        currency=currency,
        external_id=external_id,
        metadata=metadata,
        created_at=context.now,
        changed_at=context.now,
    )
    _lead(recipient, destination_of(details))
    result = {
        "recipient": recipient.pk,
        "tenant": owner.pk,
        "customer": customer,
        "kind": kind,
        "currency": currency,
        "external_id": external_id,
        **_shown(recipient),
    }
    return Plan(rows=[recipient], result=result, events=[_told("recipient.created", recipient, result)])


def plan_update_recipient(
    context: Context,
    *,
    recipient: str,
    name: str | None,
    details: Mapping[str, str] | None,
    metadata: Mapping[str, Any] | None,
) -> Plan:
    """Change what is given; another name or other details are a new version, which approvals name."""
    found = own(context, recipient)
    was = {"status": found.status, "version": found.version}
    to = of_country(destination_of(details), found.country) if details else None
    given = {"name": name, "metadata": metadata, "details": to and to.details}
    before = {"name": found.name, "metadata": found.metadata, "details": found.where}
    changed = {field for field, value in given.items() if value is not None and value != before[field]}
    found.name = found.name if name is None else name
    found.metadata = found.metadata if metadata is None else metadata
    if to and "details" in changed:
        _lead(found, to)
    if changed & SENT:
        found.version, found.changed_at = found.version + 1, context.now
        if found.verification != Verification.UNVERIFIED:
            found.forget()
    result = {"recipient": recipient, "changed": sorted(changed), **_shown(found)}
    return Plan(
        updates=[Update(found, CHANGEABLE, was)] if changed else [],
        result=result,
        events=[_told("recipient.updated", found, result)] if changed else [],
    )


def plan_close_recipient(context: Context, *, recipient: str, reason: str) -> Plan:
    """No more payouts to this recipient; what was reserved goes its way."""
    found = own(context, recipient)
    found.status, found.verify_again_at = RecipientStatus.CLOSED, None
    if found.verification == Verification.PENDING:
        found.forget()
    found.end_check()
    result = {"recipient": recipient, "status": "closed", "reason": reason}
    return Plan(
        updates=[Update(found, ("status", *VERIFICATION), {"status": RecipientStatus.ACTIVE})],
        result=result,
        events=[_told("recipient.closed", found, result)],
    )


def own(context: Context, recipient: str) -> Recipient:
    """The locked recipient, of the caller's tenant unless an operator asks, and not closed."""
    found: Recipient = context.locked[Recipient, recipient]  # type: ignore[assignment]
    if context.book.tenant_id not in {None, found.tenant_id}:
        raise RecipientNotFound(f"There is no recipient {recipient}.", field="/recipient")
    if found.status == RecipientStatus.CLOSED:
        raise RecipientClosed(f"Recipient {recipient} is closed; make another.", field="/recipient")
    return found


def _owner(context: Context, tenant: str | None, customer: str | None) -> Tenant:
    of_customer = own_customer(context, customer).tenant if customer else None
    owner = tenant_of(context, of_customer.pk if of_customer and not tenant else tenant, locked=True)
    if of_customer and of_customer.pk != owner.pk:
        raise CustomerNotFound(f"There is no customer {customer} of {owner.pk}.", field="/customer")
    return checked_active(owner, "gets recipients")


def _lead(recipient: Recipient, to: Destination) -> None:
    """Let a recipient lead to a destination that fits what is known of it."""
    _check(recipient, to)
    to = of_country(to, to.country or recipient.country)
    recipient.details = json.dumps(to.details, separators=(",", ":"))
    recipient.display, recipient.bank_name, recipient.bic = to.display, to.bank_name, to.bic
    recipient.country = to.country or recipient.country


def _check(recipient: Recipient, to: Destination) -> None:
    if to.kind != recipient.kind:
        wanted = RecipientKind(recipient.kind).label
        raise DetailsUnfit(
            f"These are the details of a {to.kind.label.lower()}, not of a {wanted.lower()}.",
            field="/details",
        )
    is_new = not recipient.details
    if is_new and to.country and recipient.country not in {"", to.country}:
        raise DetailsUnfit(
            f"The account is in {to.country}, not in {recipient.country}; the country may be left out.",
            field="/country",
        )
    if to.kind == RecipientKind.BANK_ACCOUNT and not (to.country or recipient.country):
        raise DetailsUnfit("Say in which country the account is.", field="/country")
    check_currency(recipient.currency, to, field="/currency" if is_new else "/details")


def check_currency(currency: str, to: Destination, *, field: str) -> None:
    """DetailsUnfit unless the currency can go to the destination."""
    if to.kind == RecipientKind.CRYPTO_ADDRESS:
        network = to.details["network"]
        if currency not in CARRIES[network]:
            raise DetailsUnfit(
                f"{network} carries {' and '.join(CARRIES[network])}, not {currency}.", field=field
            )
    elif find_currency(currency).kind != "fiat":
        raise DetailsUnfit(
            f"{currency} goes to a crypto address, not to a {to.kind.label.lower()}.", field=field
        )


def _shown(recipient: Recipient) -> dict[str, Any]:
    """What may be shown of where it leads."""
    return {
        "display": recipient.display,
        "country": recipient.country,
        "bank_name": recipient.bank_name,
        "bic": recipient.bic,
        "version": recipient.version,
        "verification": recipient.verification,
    }


def _told(event: str, recipient: Recipient, result: Mapping[str, Any]) -> EventDraft:
    """In the feed of the tenant whose recipient it is, whoever did it."""
    return EventDraft(event, recipient.pk, result, book_id=books.id_of_tenant(recipient.tenant_id))
