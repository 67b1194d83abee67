"""Tenants, their teams, customers, recipients, wallets and API keys."""

from datetime import datetime

from rest_framework.serializers import BooleanField, ChoiceField

from apps.accounts.deposit_references import reference_of
from apps.accounts.models import (
    ApiKey,
    Customer,
    CustomerKind,
    CustomerStatus,
    Invitation,
    Membership,
    Method,
    Recipient,
    RecipientKind,
    RecipientStatus,
    RecipientVerification,
    TeamRole,
    Tenant,
    TenantStatus,
    Verification,
    Wallet,
    WalletCategory,
    WalletStatus,
)
from apps.api.resources.base import Computed, Filter, Resource, declare
from apps.api.resources.outputs import Output, instant, notes, number, text, texts, yes_or_no
from apps.core import clock
from apps.core.money import Money
from apps.core.serializer_fields import CurrencyField, IdField, InstantField, MoneyField, TextField

EXTERNAL_ID = Filter("external_id", TextField(max_length=120), "Your own name for it.")
CREATED = {
    "created_from": Filter("created_at__gte", InstantField(), "Made at this moment or later."),
    "created_before": Filter("created_at__lt", InstantField(), "Made before this moment."),
}


class TenantOutput(Output):
    id = IdField("ten")
    slug = text()
    name = text()
    legal_name = text(allow_blank=True)
    registration_number = text(allow_blank=True)
    country = text(allow_blank=True)
    website = text(allow_blank=True)
    status = ChoiceField(TenantStatus.choices)
    base_currency = CurrencyField()
    time_zone = text()
    requests_per_minute = number()
    mail_about = texts(help_text="Milestones of transfers of which its team is told by mail.")
    test_of = IdField("ten", source="test_of_id", allow_null=True)
    created_at = instant()


declare(
    Resource(
        path="tenants",
        name="tenant",
        summary="All tenants",
        model=Tenant,
        output=TenantOutput,
        scope="platform:read",
        owner=None,
        key_prefix="ten",
        filters={
            "status": Filter("status", ChoiceField(TenantStatus.choices)),
            "slug": Filter("slug", TextField(max_length=60)),
        },
    )
)


class MemberOutput(Output):
    id = IdField("mem")
    user = IdField("usr", source="user_id")
    email = text(source="user.email")
    name = text(source="user.name", allow_blank=True)
    role = ChoiceField(TeamRole.choices)
    joined_at = instant()


declare(
    Resource(
        path="team/members",
        name="member",
        summary="The team",
        description="Of a live tenant; its test tenant has the same team, and lists none of its own.",
        model=Membership,
        output=MemberOutput,
        scope="team:read",
        owner="tenant_id",
        key_prefix="mem",
        filters={"role": Filter("role", ChoiceField(TeamRole.choices))},
    )
)


def _invitation_status(accepted: datetime | None, revoked: datetime | None, expires: datetime) -> str:
    if accepted:
        return "accepted"
    if revoked:
        return "revoked"
    return "open" if clock.now() < expires else "expired"


class InvitationOutput(Output):
    id = IdField("inv")
    email = text()
    role = ChoiceField(TeamRole.choices)
    status = ChoiceField(["open", "accepted", "revoked", "expired"])
    invited_by = text()
    created_at = instant()
    expires_at = instant()


declare(
    Resource(
        path="team/invitations",
        name="invitation",
        summary="Invitations into the team",
        model=Invitation,
        output=InvitationOutput,
        scope="team:read",
        owner="tenant_id",
        key_prefix="inv",
        computed={"status": Computed(("accepted_at", "revoked_at", "expires_at"), _invitation_status)},
    )
)


def _key_status(revoked: datetime | None, expires: datetime | None) -> str:
    if revoked:
        return "revoked"
    return "active" if expires is None or clock.now() < expires else "expired"


class ApiKeyOutput(Output):
    id = IdField("key")
    tenant = IdField("ten", source="tenant_id", allow_null=True)
    name = text()
    prefix = text(help_text="How the key begins. The rest was shown once.")
    status = ChoiceField(["active", "expired", "revoked"])
    scopes = texts()
    networks = texts()
    created_by = text()
    created_at = instant()
    expires_at = instant(allow_null=True)
    revoked_at = instant(allow_null=True)
    last_used_at = instant(allow_null=True, help_text="To the minute.")
    replaces = IdField("key", source="replaces_id", allow_null=True)


declare(
    Resource(
        path="api-keys",
        name="API key",
        summary="API keys, without their secrets",
        model=ApiKey,
        output=ApiKeyOutput,
        scope="keys:read",
        owner="tenant_id",
        key_prefix="key",
        filters={"prefix": Filter("prefix", TextField(max_length=30))},
        computed={"status": Computed(("revoked_at", "expires_at"), _key_status)},
    )
)


class CustomerOutput(Output):
    id = IdField("cus")
    tenant = IdField("ten", source="tenant_id")
    kind = ChoiceField(CustomerKind.choices)
    name = text()
    email = text(allow_blank=True)
    external_id = text(allow_blank=True)
    metadata = notes()
    status = ChoiceField(CustomerStatus.choices)
    created_at = instant()


declare(
    Resource(
        path="customers",
        name="customer",
        summary="Customers",
        model=Customer,
        output=CustomerOutput,
        scope="customers:read",
        owner="tenant_id",
        key_prefix="cus",
        filters={
            "external_id": EXTERNAL_ID,
            "kind": Filter("kind", ChoiceField(CustomerKind.choices)),
            "status": Filter("status", ChoiceField(CustomerStatus.choices)),
            **CREATED,
        },
    )
)


class RecipientOutput(Output):
    id = IdField("rcp")
    tenant = IdField("ten", source="tenant_id")
    customer = IdField("cus", source="customer_id", allow_null=True)
    kind = ChoiceField(RecipientKind.choices)
    name = text()
    country = text(allow_blank=True)
    currency = CurrencyField()
    display = text(help_text="What people recognise of it, such as DE89 … 3000; the rest is never told.")
    bank_name = text(allow_blank=True)
    bic = text(allow_blank=True)
    external_id = text(allow_blank=True)
    metadata = notes()
    version = number(help_text="One more whenever the name or the details change.")
    status = ChoiceField(RecipientStatus.choices)
    created_at = instant()
    changed_at = instant(help_text="When this version was made.")
    verification = ChoiceField(
        Verification.choices, help_text="What is known of whose the account of this version is."
    )
    verified_at = instant(allow_null=True, help_text="When that was found.")
    verify_again_at = instant(allow_null=True, help_text="When it expires and is checked again.")


declare(
    Resource(
        path="recipients",
        name="recipient",
        summary="Recipients",
        model=Recipient,
        output=RecipientOutput,
        scope="recipients:read",
        owner="tenant_id",
        key_prefix="rcp",
        filters={
            "customer": Filter("customer_id", IdField("cus")),
            "kind": Filter("kind", ChoiceField(RecipientKind.choices)),
            "currency": Filter("currency", CurrencyField()),
            "status": Filter("status", ChoiceField(RecipientStatus.choices)),
            "verification": Filter("verification", ChoiceField(Verification.choices)),
            "external_id": EXTERNAL_ID,
            **CREATED,
        },
    )
)


class RecipientVerificationOutput(Output):
    id = IdField("rvf", help_text="The id of the check that it answers.")
    recipient = IdField("rcp", source="recipient_id")
    version = number(help_text="Of the recipient; what was found of another says nothing of this one.")
    method = ChoiceField(Method.choices)
    result = ChoiceField(Verification.choices, help_text="Unverified is a reset by an operator.")
    code = text(help_text="Why, as a code that stays.")
    why = text()
    recorded_at = instant()


declare(
    Resource(
        path="recipient-verifications",
        name="recipient verification",
        summary="What was found of whose the accounts of recipients are",
        model=RecipientVerification,
        output=RecipientVerificationOutput,
        scope="recipients:read",
        owner="tenant_id",
        key_prefix="rvf",
        filters={
            "recipient": Filter("recipient_id", IdField("rcp")),
            "result": Filter("result", ChoiceField(Verification.choices)),
        },
    )
)


def _low_balance(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)


class WalletOutput(Output):
    id = IdField("wal")
    tenant = IdField("ten", source="tenant_id")
    customer = IdField("cus", source="customer_id", allow_null=True)
    currency = CurrencyField()
    category = ChoiceField(WalletCategory.choices)
    purpose = text(allow_blank=True)
    name = text(allow_blank=True)
    external_id = text(allow_blank=True)
    deposit_reference = text(
        help_text="What is written on a bank transfer so that it finds the wallet: a creditor reference by ISO 11649."
    )
    low_balance = MoneyField(
        allow_null=True, help_text="When less is available, wallet.balance.low is told; null is never."
    )
    is_low = yes_or_no(help_text="Whether that was told, and wallet.balance.recovered was not yet.")
    low_since = instant(allow_null=True, help_text="When it was first seen to be low.")
    metadata = notes()
    status = ChoiceField(WalletStatus.choices)
    created_at = instant()
    closed_at = instant(allow_null=True)


declare(
    Resource(
        path="wallets",
        name="wallet",
        summary="Wallets",
        model=Wallet,
        output=WalletOutput,
        scope="wallets:read",
        owner="tenant_id",
        key_prefix="wal",
        filters={
            "customer": Filter("customer_id", IdField("cus")),
            "currency": Filter("currency", CurrencyField()),
            "category": Filter("category", ChoiceField(WalletCategory.choices)),
            "status": Filter("status", ChoiceField(WalletStatus.choices)),
            "is_low": Filter("is_low", BooleanField()),
            "external_id": EXTERNAL_ID,
            **CREATED,
        },
        computed={
            "deposit_reference": Computed(("id",), reference_of),
            "low_balance": Computed(("low_balance", "currency"), _low_balance),
        },
    )
)
