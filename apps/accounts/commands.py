"""The commands about people, tenants, their teams, customers, recipients, wallets and API keys."""

from django.utils.translation import gettext_lazy as _

from apps.accounts import outputs, serializers
from apps.accounts.services import (
    customers,
    keys,
    people,
    provisioning,
    recipients,
    team,
    tenants,
    unprovisioned,
    verifications,
    wallets,
    watching,
)
from apps.operations import approvals
from apps.operations.registry import BY_OPERATORS, EVERYWHERE, Command, register

register(
    Command(
        name="accounts.create_first_admin",
        summary=_("Make the first admin"),
        handler=people.create_first_admin,
        input=serializers.FirstAdminInput,
        permission="accounts.create_first_admin",
        secret_fields=frozenset({"password"}),
        personal_fields=frozenset({"email", "name"}),
    )
)
register(
    Command(
        name="accounts.create_user",
        summary=_("Create a user"),
        handler=people.create_user,
        input=serializers.CreateUserInput,
        permission="accounts.create_user",
        secret_fields=frozenset({"password"}),
        personal_fields=frozenset({"email", "name"}),
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="accounts.set_roles",
        summary=_("Set a user's roles"),
        handler=people.set_roles,
        input=serializers.SetRolesInput,
        facts=people.facts_of_roles,
        tells=frozenset({"changes_say", "other_approvers"}),
        permission="accounts.set_roles",
        surfaces=BY_OPERATORS,
    )
)
approvals.build_in(
    "Changes of who decides",
    "accounts.set_roles",
    {"fact": "changes_say", "op": "eq", "value": True},
    {"fact": "other_approvers", "op": "gte", "value": 1},
)

register(
    Command(
        name="accounts.create_tenant",
        summary=_("Create a tenant"),
        plan=tenants.plan_create_tenant,
        input=serializers.CreateTenantInput,
        output=outputs.TenantCreatedResult,
        permission="accounts.create_tenant",
        scope="platform:write",
        path="tenants",
        personal_fields=frozenset({"owner_email"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.provision_tenant",
        summary=_("Provision a tenant"),
        plan=provisioning.plan_provision_tenant,
        targets=provisioning.target,
        input=serializers.ProvisionTenantInput,
        permission="accounts.provision_tenant",
    )
)
register(
    Command(
        name="accounts.retry_provisioning",
        summary=_("Provision a tenant again"),
        plan=unprovisioned.plan_retry_provisioning,
        targets=tenants.target,
        input=serializers.TenantReasonInput,
        permission="accounts.create_tenant",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="accounts.abandon_tenant",
        summary=_("Give up a tenant that could not be provisioned"),
        plan=unprovisioned.plan_abandon_tenant,
        targets=tenants.target,
        input=serializers.TenantReasonInput,
        permission="accounts.create_tenant",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="accounts.update_tenant",
        summary=_("Change a tenant's profile and settings"),
        plan=tenants.plan_update_tenant,
        targets=tenants.target,
        input=serializers.UpdateTenantInput,
        output=outputs.TenantUpdatedResult,
        permission="accounts.update_tenant",
        scope="platform:write",
        path="tenants/{tenant}/update",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.suspend_tenant",
        summary=_("Suspend a tenant"),
        handler=tenants.suspend_tenant,
        targets=tenants.target,
        input=serializers.TenantReasonInput,
        output=outputs.TenantStatusResult,
        permission="accounts.suspend_tenant",
        scope="platform:write",
        path="tenants/{tenant}/suspend",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.resume_tenant",
        summary=_("Resume a tenant"),
        handler=tenants.resume_tenant,
        targets=tenants.target,
        input=serializers.TenantReasonInput,
        output=outputs.TenantStatusResult,
        permission="accounts.suspend_tenant",
        scope="platform:write",
        path="tenants/{tenant}/resume",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.close_tenant",
        summary=_("Close a tenant"),
        handler=tenants.close_tenant,
        targets=tenants.target,
        input=serializers.TenantReasonInput,
        output=outputs.TenantStatusResult,
        permission="accounts.close_tenant",
        scope="platform:write",
        path="tenants/{tenant}/close",
        surfaces=EVERYWHERE,
    )
)

register(
    Command(
        name="accounts.invite_member",
        summary=_("Invite somebody into a team"),
        handler=team.invite_member,
        input=serializers.InviteMemberInput,
        output=outputs.MemberInvitedResult,
        permission="accounts.manage_team",
        scope="team:write",
        path="team/invitations",
        personal_fields=frozenset({"email"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.revoke_invitation",
        summary=_("Revoke an invitation"),
        handler=team.revoke_invitation,
        input=serializers.RevokeInvitationInput,
        output=outputs.InvitationRevokedResult,
        permission="accounts.manage_team",
        scope="team:write",
        path="team/invitations/{invitation}/revoke",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.accept_invitation",
        summary=_("Accept an invitation"),
        handler=team.accept_invitation,
        input=serializers.AcceptInvitationInput,
        permission="accounts.accept_invitation",
        secret_fields=frozenset({"password", "token"}),
        personal_fields=frozenset({"name"}),
    )
)
register(
    Command(
        name="accounts.change_member_role",
        summary=_("Change a member's role"),
        handler=team.change_member_role,
        input=serializers.ChangeMemberRoleInput,
        output=outputs.MemberRoleResult,
        permission="accounts.manage_team",
        scope="team:write",
        path="team/members/{user}/role",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.remove_member",
        summary=_("Remove a member from a team"),
        handler=team.remove_member,
        input=serializers.RemoveMemberInput,
        output=outputs.MemberRemovedResult,
        permission="accounts.manage_team",
        scope="team:write",
        path="team/members/{user}/remove",
        surfaces=EVERYWHERE,
    )
)

register(
    Command(
        name="accounts.create_customer",
        summary=_("Create a customer"),
        plan=customers.plan_create_customer,
        input=serializers.CreateCustomerInput,
        output=outputs.CustomerCreatedResult,
        permission="accounts.create_customer",
        scope="customers:write",
        path="customers",
        personal_fields=frozenset({"email"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.update_customer",
        summary=_("Change a customer"),
        plan=customers.plan_update_customer,
        targets=customers.target,
        input=serializers.UpdateCustomerInput,
        output=outputs.CustomerUpdatedResult,
        permission="accounts.update_customer",
        scope="customers:write",
        path="customers/{customer}/update",
        personal_fields=frozenset({"email"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.close_customer",
        summary=_("Close a customer"),
        plan=customers.plan_close_customer,
        targets=customers.target,
        input=serializers.CloseCustomerInput,
        output=outputs.CustomerClosedResult,
        permission="accounts.close_customer",
        scope="customers:write",
        path="customers/{customer}/close",
        surfaces=EVERYWHERE,
    )
)

register(
    Command(
        name="accounts.create_recipient",
        summary=_("Create a recipient"),
        plan=recipients.plan_create_recipient,
        targets=recipients.owner_target,
        input=serializers.CreateRecipientInput,
        output=outputs.RecipientCreatedResult,
        permission="accounts.create_recipient",
        scope="recipients:write",
        path="recipients",
        personal_fields=frozenset({"details"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.update_recipient",
        summary=_("Change a recipient"),
        plan=recipients.plan_update_recipient,
        targets=recipients.target,
        input=serializers.UpdateRecipientInput,
        output=outputs.RecipientUpdatedResult,
        permission="accounts.update_recipient",
        scope="recipients:write",
        path="recipients/{recipient}/update",
        personal_fields=frozenset({"details"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.close_recipient",
        summary=_("Close a recipient"),
        plan=recipients.plan_close_recipient,
        targets=recipients.target,
        input=serializers.CloseRecipientInput,
        output=outputs.RecipientClosedResult,
        permission="accounts.close_recipient",
        scope="recipients:write",
        path="recipients/{recipient}/close",
        surfaces=EVERYWHERE,
    )
)

register(
    Command(
        name="accounts.verify_recipient",
        summary=_("Verify a recipient"),
        plan=verifications.plan_verify_recipient,
        targets=recipients.target,
        input=serializers.VerifyRecipientInput,
        output=outputs.RecipientVerificationResult,
        permission="accounts.verify_recipient",
        scope="recipients:write",
        path="recipients/{recipient}/verify",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.reset_recipient_verification",
        summary=_("Reset the verification of a recipient"),
        plan=verifications.plan_reset_recipient_verification,
        targets=recipients.target,
        input=serializers.ResetRecipientVerificationInput,
        output=outputs.RecipientVerificationResetResult,
        permission="accounts.reset_recipient_verification",
        scope="platform:write",
        path="recipients/{recipient}/reset-verification",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.record_payee_check",
        summary=_("Record whose an account is"),
        plan=verifications.plan_record_payee_check,
        targets=recipients.target,
        input=serializers.RecordPayeeCheckInput,
        permission="accounts.record_payee_check",
        personal_fields=frozenset({"told"}),
    )
)

register(
    Command(
        name="accounts.create_wallet",
        summary=_("Create a wallet"),
        plan=wallets.plan_create_wallet,
        targets=wallets.owner_target,
        input=serializers.CreateWalletInput,
        output=outputs.WalletCreatedResult,
        permission="accounts.create_wallet",
        scope="wallets:write",
        path="wallets",
        flag="core_wallet_enabled",
        surfaces=EVERYWHERE,
        aliases=("createWallet",),
    )
)
register(
    Command(
        name="accounts.update_wallet",
        summary=_("Change a wallet"),
        plan=wallets.plan_update_wallet,
        targets=wallets.target,
        input=serializers.UpdateWalletInput,
        output=outputs.WalletUpdatedResult,
        permission="accounts.update_wallet",
        scope="wallets:write",
        path="wallets/{wallet}/update",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.close_wallet",
        summary=_("Close a wallet"),
        handler=wallets.close_wallet,
        targets=wallets.target,
        input=serializers.CloseWalletInput,
        output=outputs.WalletClosedResult,
        permission="accounts.close_wallet",
        scope="wallets:write",
        path="wallets/{wallet}/close",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.tell_balance",
        summary=_("Tell that a wallet has too little, or enough again"),
        plan=watching.plan_tell_balance,
        targets=wallets.target,
        input=serializers.TellBalanceInput,
        permission="accounts.tell_balance",
    )
)

register(
    Command(
        name="accounts.create_api_key",
        summary=_("Create an API key"),
        plan=keys.plan_create_api_key,
        input=serializers.CreateApiKeyInput,
        output=outputs.ApiKeyCreatedResult,
        permission="accounts.create_api_key",
        scope="keys:write",
        path="api-keys",
        secret_results=frozenset({"secret"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.create_operator_key",
        summary=_("Create an operator's API key"),
        plan=keys.plan_create_operator_key,
        input=serializers.CreateOperatorKeyInput,
        output=outputs.ApiKeyCreatedResult,
        permission="accounts.create_operator_key",
        secret_results=frozenset({"secret"}),
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="accounts.rotate_api_key",
        summary=_("Rotate an API key"),
        plan=keys.plan_rotate_api_key,
        targets=keys.target,
        input=serializers.RotateApiKeyInput,
        output=outputs.ApiKeyRotatedResult,
        permission="accounts.rotate_api_key",
        scope="keys:write",
        path="api-keys/{api_key}/rotate",
        secret_results=frozenset({"secret"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="accounts.revoke_api_key",
        summary=_("Revoke an API key"),
        plan=keys.plan_revoke_api_key,
        targets=keys.target,
        input=serializers.RevokeApiKeyInput,
        output=outputs.ApiKeyRevokedResult,
        permission="accounts.revoke_api_key",
        scope="keys:write",
        path="api-keys/{api_key}/revoke",
        surfaces=EVERYWHERE,
    )
)
