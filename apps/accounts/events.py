"""What is told of users, tenants with their teams, API keys, customers, recipients and wallets."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.accounts import outputs
from apps.accounts.models import Method, TeamRole
from apps.core.serializer_fields import CurrencyField, IdField, MoneyField
from apps.operations.event_types import Declaring


class UserRolesEvent(serializers.Serializer[Any]):
    user = IdField("usr", help_text=_("Who has them."))
    role_names = serializers.ListField(
        child=serializers.CharField(), help_text=_("All roles that they have.")
    )


class TenantActivatedEvent(serializers.Serializer[Any]):
    tenant = IdField("ten", help_text=_("It has its books, and may be used."))
    test_tenant = IdField("ten", help_text=_("The linked tenant whose money is play money."))
    invitation = IdField("inv", allow_null=True, help_text=_("Of its owner, if one was named."))


class MemberInvitedEvent(serializers.Serializer[Any]):
    invitation = IdField("inv", help_text=_("The invitation."))
    role = serializers.ChoiceField(TeamRole.choices, help_text=_("Which they will have."))


class ApiKeyCreatedEvent(serializers.Serializer[Any]):
    api_key = IdField("key", help_text=_("The key; its secret is told nobody."))
    tenant = IdField("ten", allow_null=True, help_text=_("None for an operator's key."))
    name = serializers.CharField(help_text=_("What it is called."))
    prefix = serializers.CharField(help_text=_("The part of the key that stays visible."))
    scopes = serializers.ListField(child=serializers.CharField(), help_text=_("What it may do."))
    expires_at = serializers.DateTimeField(allow_null=True, help_text=_("Until when; none is for ever."))


class ApiKeyRotatedEvent(serializers.Serializer[Any]):
    api_key = IdField("key", help_text=_("The new key. The subject is the one in whose place it is."))
    ends_at = serializers.DateTimeField(help_text=_("Until when the old one goes on beside it."))


class RecipientFoundOutEvent(outputs.RecipientVerificationResult):
    method = serializers.ChoiceField(Method.choices, help_text=_("How it was found out."))
    code = serializers.CharField(allow_blank=True, help_text=_("Stable."))
    why = serializers.CharField(allow_blank=True, help_text=_("What was found, in words."))


class WalletBalanceEvent(serializers.Serializer[Any]):
    wallet = IdField("wal")
    tenant = IdField("ten")
    customer = IdField("cus", allow_null=True, help_text=_("Whose it is, if not the tenant's own."))
    external_id = serializers.CharField(allow_blank=True)
    currency = CurrencyField()
    available = MoneyField(help_text=_("What could be spent when it was looked at."))
    low_balance = MoneyField(help_text=_("What should be available at least, as it was set then."))
    low_since = serializers.DateTimeField(help_text=_("When it was first seen to be low."))


FINDING = ("accounts.record_payee_check", "transfers.prove_micro_deposits")

declare = Declaring(__file__)
declare.told(
    "user.created",
    _("Somebody may use the console."),
    UserRolesEvent,
    "accounts.create_user",
    "accounts.create_first_admin",
)
declare.told("user.roles_changed", _("Somebody's roles are others."), UserRolesEvent, "accounts.set_roles")
declare.told(
    "tenant.created",
    _("A tenant was asked for, and is being set up."),
    outputs.TenantCreatedResult,
    "accounts.create_tenant",
)
declare.told(
    "tenant.activated", _("A tenant has its books."), TenantActivatedEvent, "accounts.provision_tenant"
)
declare.told(
    "tenant.updated", _("A tenant's data changed."), outputs.TenantUpdatedResult, "accounts.update_tenant"
)
declare.told(
    "tenant.suspended",
    _("Nothing of a tenant transacts until it is resumed."),
    outputs.TenantStatusResult,
    "accounts.suspend_tenant",
)
declare.told(
    "tenant.resumed", _("A tenant transacts again."), outputs.TenantStatusResult, "accounts.resume_tenant"
)
declare.told(
    "tenant.closed",
    _("A tenant has ended."),
    outputs.TenantStatusResult,
    "accounts.close_tenant",
    "accounts.abandon_tenant",
)
declare.told(
    "team.invited",
    _("Somebody was asked into the team."),
    MemberInvitedEvent,
    "accounts.invite_member",
    "accounts.provision_tenant",
)
declare.told(
    "team.invitation_revoked",
    _("An invitation opens nothing any more."),
    outputs.InvitationRevokedResult,
    "accounts.revoke_invitation",
)
declare.told(
    "team.joined",
    _("Somebody took their invitation."),
    outputs.MemberRoleResult,
    "accounts.accept_invitation",
)
declare.told(
    "team.role_changed",
    _("A member has another role."),
    outputs.MemberRoleResult,
    "accounts.change_member_role",
)
declare.told(
    "team.left", _("Somebody is no member any more."), outputs.MemberRemovedResult, "accounts.remove_member"
)
declare.told(
    "api_key.created",
    _("A key was made."),
    ApiKeyCreatedEvent,
    "accounts.create_api_key",
    "accounts.create_operator_key",
)
declare.told(
    "api_key.rotated",
    _("A key was made in the place of another."),
    ApiKeyRotatedEvent,
    "accounts.rotate_api_key",
)
declare.told(
    "api_key.revoked",
    _("A key lets nobody in any more."),
    outputs.ApiKeyRevokedResult,
    "accounts.revoke_api_key",
)
declare.told(
    "customer.created",
    _("A customer was entered."),
    outputs.CustomerCreatedResult,
    "accounts.create_customer",
)
declare.told(
    "customer.updated",
    _("A customer's data changed."),
    outputs.CustomerUpdatedResult,
    "accounts.update_customer",
)
declare.told(
    "customer.closed",
    _("A customer has ended."),
    outputs.CustomerClosedResult,
    "accounts.close_customer",
)
declare.told(
    "recipient.created",
    _("Somebody may be paid."),
    outputs.RecipientCreatedResult,
    "accounts.create_recipient",
)
declare.told(
    "recipient.updated",
    _("Who is paid, or where, is another."),
    outputs.RecipientUpdatedResult,
    "accounts.update_recipient",
)
declare.told(
    "recipient.closed",
    _("A recipient is paid no more."),
    outputs.RecipientClosedResult,
    "accounts.close_recipient",
)
declare.told(
    "recipient.verification_started",
    _("A provider is asked whose account it is."),
    outputs.RecipientVerificationResult,
    "accounts.verify_recipient",
)
declare.told(
    "recipient.verified",
    _("The account is the named one's, or almost."),
    RecipientFoundOutEvent,
    *FINDING,
)
declare.told(
    "recipient.verification_failed",
    _("The account is not the named one's."),
    RecipientFoundOutEvent,
    *FINDING,
)
declare.told(
    "recipient.verification_not_possible",
    _("Whose account it is could not be found out."),
    RecipientFoundOutEvent,
    "accounts.record_payee_check",
    "transfers.expire_micro_deposits",
)
declare.told(
    "recipient.verification_reset",
    _("What was found out about an account counts no more."),
    outputs.RecipientVerificationResetResult,
    "accounts.reset_recipient_verification",
)
declare.told(
    "wallet.created",
    _("A wallet was opened."),
    outputs.WalletCreatedResult,
    "accounts.create_wallet",
)
declare.told(
    "wallet.updated",
    _("A wallet's name or notes changed."),
    outputs.WalletUpdatedResult,
    "accounts.update_wallet",
)
declare.told(
    "wallet.closed",
    _("A wallet was closed."),
    outputs.WalletClosedResult,
    "accounts.close_wallet",
)
declare.told(
    "wallet.balance.low",
    _("Less is available in a wallet than its low_balance; told once, until it has recovered."),
    WalletBalanceEvent,
    "accounts.tell_balance",
)
declare.told(
    "wallet.balance.recovered",
    _("A wallet that was low has its low_balance available again, or more."),
    WalletBalanceEvent,
    "accounts.tell_balance",
)
