"""What the commands about tenants, teams, customers, recipients, wallets and API keys answer."""

from typing import Any

from rest_framework import serializers

from apps.accounts.models import (
    CustomerKind,
    RecipientKind,
    TeamRole,
    TenantStatus,
    Verification,
    WalletCategory,
)
from apps.core.serializer_fields import CurrencyField, IdField


class TenantCreatedResult(serializers.Serializer[Any]):
    tenant = IdField("ten")
    test_tenant = IdField("ten", help_text="The linked tenant whose money is play money.")
    book = serializers.CharField(help_text="The name of its book.")


class TenantUpdatedResult(serializers.Serializer[Any]):
    tenant = IdField("ten")
    name = serializers.CharField(required=False, help_text="Here and below: only what was changed.")
    legal_name = serializers.CharField(required=False)
    registration_number = serializers.CharField(required=False)
    country = serializers.CharField(required=False)
    website = serializers.CharField(required=False)
    requests_per_minute = serializers.IntegerField(required=False)
    mail_about = serializers.ListField(child=serializers.CharField(), required=False)


class TenantStatusResult(serializers.Serializer[Any]):
    tenant = IdField("ten")
    status = serializers.ChoiceField(TenantStatus.choices)
    reason = serializers.CharField()


class MemberInvitedResult(serializers.Serializer[Any]):
    invitation = IdField("inv")
    tenant = IdField("ten")
    role = serializers.ChoiceField(TeamRole.choices)
    expires_at = serializers.DateTimeField()


class InvitationRevokedResult(serializers.Serializer[Any]):
    invitation = IdField("inv")
    tenant = IdField("ten")
    reason = serializers.CharField()


class MemberRoleResult(serializers.Serializer[Any]):
    tenant = IdField("ten")
    user = IdField("usr")
    role = serializers.ChoiceField(TeamRole.choices)


class MemberRemovedResult(serializers.Serializer[Any]):
    tenant = IdField("ten")
    user = IdField("usr")
    reason = serializers.CharField()


class CustomerCreatedResult(serializers.Serializer[Any]):
    customer = IdField("cus")
    tenant = IdField("ten")
    kind = serializers.ChoiceField(CustomerKind.choices)
    external_id = serializers.CharField(allow_blank=True)


class CustomerUpdatedResult(serializers.Serializer[Any]):
    customer = IdField("cus")
    changed = serializers.ListField(child=serializers.CharField(), help_text="The fields that were given.")


class CustomerClosedResult(serializers.Serializer[Any]):
    customer = IdField("cus")
    status = serializers.ChoiceField(["closed"])
    reason = serializers.CharField()


class RecipientShown(serializers.Serializer[Any]):
    display = serializers.CharField(help_text="What people recognise of it, such as DE89 … 3000.")
    country = serializers.CharField(allow_blank=True)
    bank_name = serializers.CharField(allow_blank=True, help_text="Where it is known.")
    bic = serializers.CharField(allow_blank=True, help_text="Where it is known.")
    version = serializers.IntegerField(help_text="One more whenever the name or the details change.")
    verification = serializers.ChoiceField(Verification.choices, help_text="What is known of whose it is.")


class RecipientCreatedResult(RecipientShown):
    recipient = IdField("rcp")
    tenant = IdField("ten")
    customer = IdField("cus", allow_null=True)
    kind = serializers.ChoiceField(RecipientKind.choices)
    currency = CurrencyField()
    external_id = serializers.CharField(allow_blank=True)


class RecipientUpdatedResult(RecipientShown):
    recipient = IdField("rcp")
    changed = serializers.ListField(
        child=serializers.CharField(), help_text="The fields that are others now."
    )


class RecipientClosedResult(serializers.Serializer[Any]):
    recipient = IdField("rcp")
    status = serializers.ChoiceField(["closed"])
    reason = serializers.CharField()


class RecipientVerificationResult(serializers.Serializer[Any]):
    recipient = IdField("rcp")
    version = serializers.IntegerField(help_text="Of which this is said.")
    verification = serializers.ChoiceField(
        Verification.choices,
        help_text="What is known of whose it is; a check that is still open changes it later.",
    )
    check = IdField("rvf", allow_null=True, help_text="The check that is open.")
    verified_at = serializers.DateTimeField(allow_null=True, help_text="When that was found.")
    verify_again_at = serializers.DateTimeField(
        allow_null=True, help_text="When it expires and is checked again."
    )


class RecipientVerificationResetResult(RecipientVerificationResult):
    reason = serializers.CharField()


class WalletCreatedResult(serializers.Serializer[Any]):
    wallet = IdField("wal")
    tenant = IdField("ten")
    customer = IdField("cus", allow_null=True)
    currency = CurrencyField()
    category = serializers.ChoiceField(WalletCategory.choices)
    external_id = serializers.CharField(allow_blank=True)


class WalletUpdatedResult(serializers.Serializer[Any]):
    wallet = IdField("wal")
    changed = serializers.ListField(child=serializers.CharField(), help_text="The fields that were given.")


class WalletClosedResult(serializers.Serializer[Any]):
    wallet = IdField("wal")
    status = serializers.ChoiceField(["closed"])
    reason = serializers.CharField()


class ApiKeyCreatedResult(serializers.Serializer[Any]):
    api_key = IdField("key")
    tenant = IdField("ten", allow_null=True, help_text="None for an operator's key.")
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="The part of the key that stays visible.")
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)
    secret = serializers.CharField(
        help_text="The key itself: shown this once; a replay has dots in its place."
    )


class ApiKeyRotatedResult(ApiKeyCreatedResult):
    replaces = IdField("key")
    replaced_key_ends_at = serializers.DateTimeField()


class ApiKeyRevokedResult(serializers.Serializer[Any]):
    api_key = IdField("key")
    reason = serializers.CharField()
