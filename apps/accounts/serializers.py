"""Input of the commands about people, tenants, customers, wallets and API keys."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import empty

from apps.accounts.destinations import destination_of
from apps.accounts.destinations.crypto import NETWORKS
from apps.accounts.models import (
    ANSWERS,
    CONSOLE_ROLES,
    CustomerKind,
    Milestone,
    RecipientKind,
    TeamRole,
    WalletCategory,
)
from apps.accounts.scopes import OF_OPERATORS, SCOPES
from apps.core.errors import DomainError
from apps.core.serializer_fields import (
    CountryField,
    CurrencyField,
    IdField,
    InstantField,
    MetadataField,
    MoneyField,
    NetworkField,
    TextField,
    TimeZoneField,
)

OWN_TENANT = _("An operator names the tenant; a tenant leaves it out.")


class FirstAdminInput(serializers.Serializer[Any]):
    email = serializers.EmailField(help_text=_("What they sign in with."))
    name = TextField(max_length=120, default="", allow_blank=True, help_text=_("What people call them."))
    password = serializers.CharField(
        max_length=200, trim_whitespace=False, help_text=_("At least 12 characters, and no common one.")
    )


class CreateUserInput(FirstAdminInput):
    role_names = serializers.ListField(
        child=serializers.ChoiceField(sorted(CONSOLE_ROLES)),
        allow_empty=False,
        label=_("Roles"),
        help_text=_("At least one."),
    )


class SetRolesInput(serializers.Serializer[Any]):
    user = IdField("usr", help_text=_("Whose roles are set; the start of an e-mail address finds them."))
    role_names = serializers.ListField(
        child=serializers.ChoiceField(sorted(CONSOLE_ROLES)),
        label=_("Roles"),
        help_text=_("These and no others. None at all keeps them out."),
    )


UNCHANGED = _("Empty leaves it as it is.")
ROLE = _("What they may do in the team.")
SCOPES_HELP = _("What it may do, and nothing else.")
REASON = _("Why, for whoever asks later.")


class CreateTenantInput(serializers.Serializer[Any]):
    name = TextField(max_length=120, help_text=_("The name that people know the business by."))
    slug = TextField(
        max_length=50,
        pattern=r"[A-Za-z0-9_-]+\Z",
        help_text=_("The name of its book: letters, digits, - and _."),
    )
    base_currency = CurrencyField(help_text=_("The currency in which totals are shown."))
    time_zone = TimeZoneField(default="UTC", help_text=_("Where its days begin and end."))
    legal_name = TextField(max_length=200, default="", allow_blank=True, help_text=_("As in the register."))
    country = CountryField(default="", allow_blank=True)
    owner_email = serializers.EmailField(
        default="", allow_blank=True, help_text=_("Who is invited as the first owner of its team.")
    )


class UpdateTenantInput(serializers.Serializer[Any]):
    tenant = IdField("ten")
    name = TextField(max_length=120, default=None, allow_null=True, help_text=UNCHANGED)
    legal_name = TextField(max_length=200, default=None, allow_null=True, help_text=UNCHANGED)
    registration_number = TextField(max_length=60, default=None, allow_null=True, help_text=UNCHANGED)
    country = CountryField(default=None, allow_null=True)
    website = serializers.URLField(max_length=200, default=None, allow_null=True, help_text=UNCHANGED)
    requests_per_minute = serializers.IntegerField(
        min_value=1,
        max_value=1_000_000,
        default=None,
        allow_null=True,
        help_text=_("How much each of its API keys may ask."),
    )
    mail_about = serializers.ListField(
        child=serializers.ChoiceField(Milestone.choices),
        default=None,
        allow_null=True,
        max_length=len(Milestone.values),
        help_text=_("Milestones of transfers of which its owners, admins and finance are told by mail."),
    )


class TenantReasonInput(serializers.Serializer[Any]):
    tenant = IdField("ten")
    reason = TextField(max_length=500, help_text=REASON)


class ProvisionTenantInput(serializers.Serializer[Any]):
    provisioning = IdField("pvg")


class InviteMemberInput(serializers.Serializer[Any]):
    tenant = IdField("ten", default=None, allow_null=True, help_text=OWN_TENANT)
    email = serializers.EmailField(help_text=_("Where the invitation goes."))
    role = serializers.ChoiceField(TeamRole.choices, help_text=ROLE)


class RevokeInvitationInput(serializers.Serializer[Any]):
    invitation = IdField("inv")
    reason = TextField(max_length=500, help_text=REASON)


class AcceptInvitationInput(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=200)
    name = TextField(max_length=120, default="", allow_blank=True)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class ChangeMemberRoleInput(serializers.Serializer[Any]):
    tenant = IdField("ten", default=None, allow_null=True, help_text=OWN_TENANT)
    user = IdField("usr")
    role = serializers.ChoiceField(TeamRole.choices, help_text=ROLE)


class RemoveMemberInput(serializers.Serializer[Any]):
    tenant = IdField("ten", default=None, allow_null=True, help_text=OWN_TENANT)
    user = IdField("usr")
    reason = TextField(max_length=500, help_text=REASON)


class CreateCustomerInput(serializers.Serializer[Any]):
    tenant = IdField("ten", default=None, allow_null=True, help_text=OWN_TENANT)
    kind = serializers.ChoiceField(CustomerKind.choices, help_text=_("A person or a business."))
    name = TextField(max_length=200, help_text=_("What people call them."))
    email = serializers.EmailField(default="", allow_blank=True, help_text=_("Kept encrypted."))
    external_id = TextField(
        max_length=120,
        default="",
        allow_blank=True,
        help_text=_("Your own name for them, which is yours alone."),
    )
    metadata = MetadataField(default=dict)


class UpdateCustomerInput(serializers.Serializer[Any]):
    customer = IdField("cus")
    name = TextField(max_length=200, default=None, allow_null=True, help_text=UNCHANGED)
    email = serializers.EmailField(default=None, allow_null=True, help_text=UNCHANGED)
    metadata = MetadataField(default=None, allow_null=True)


class CloseCustomerInput(serializers.Serializer[Any]):
    customer = IdField("cus")
    reason = TextField(max_length=500, help_text=REASON)


class RecipientDetails(serializers.Serializer[Any]):
    """One destination, told by its iban; its account_number, bank_code and perhaps bic; its network and address; or its token."""

    iban = TextField(
        max_length=60, required=False, label="IBAN", help_text=_("Of a bank account, with or without blanks.")
    )
    account_number = TextField(
        max_length=34,
        pattern="[A-Za-z0-9][A-Za-z0-9 -]{2,33}",
        required=False,
        help_text=_("Of a bank account in a country without IBANs."),
    )
    bank_code = TextField(
        max_length=20,
        pattern="[A-Za-z0-9][A-Za-z0-9 -]{1,19}",
        required=False,
        help_text=_("Beside the account number: a routing number, sort code or clearing code."),
    )
    bic = TextField(
        max_length=11, required=False, label="BIC", help_text=_("Beside the account number, where known.")
    )
    network = serializers.ChoiceField(sorted(NETWORKS), required=False, help_text=_("Of a crypto address."))
    address = TextField(max_length=100, required=False, help_text=_("On that network."))
    token = TextField(
        max_length=200,
        pattern="[!-~]{8,200}",
        required=False,
        help_text=_("A provider's token for a card; never the card's number."),
    )

    example = {"iban": "DE89370400440532013000"}

    def to_internal_value(self, data: Any) -> Any:
        """The fields, of which none may be unknown."""
        for name in data if isinstance(data, Mapping) else ():
            if name not in self.fields:
                raise serializers.ValidationError({str(name)[:60]: ["Details have no such field."]})
        return super().to_internal_value(data)

    def run_validation(self, data: Any = empty) -> Any:
        """The destination that the fields tell of, in its canonical spelling."""
        found = super().run_validation(data)
        try:
            return None if found is None else destination_of(found).details
        except DomainError as error:
            reasons = [ErrorDetail(error.message, error.code)]
            at = error.field and error.field.strip("/")
            raise serializers.ValidationError({at: reasons} if at else reasons) from None


class CreateRecipientInput(serializers.Serializer[Any]):
    tenant = IdField("ten", default=None, allow_null=True, help_text=OWN_TENANT)
    customer = IdField("cus", default=None, allow_null=True, help_text=_("Whom it belongs to, if not you."))
    kind = serializers.ChoiceField(RecipientKind.choices, help_text=_("What the details are of."))
    name = TextField(max_length=140, help_text=_("Who is paid, as their bank knows them."))
    country = CountryField(
        default="",
        allow_blank=True,
        help_text=_("Where the account is: two letters, such as DE. An IBAN says so itself."),
    )
    currency = CurrencyField(help_text=_("What they are paid in."))
    details = RecipientDetails(
        help_text=_("Where the money goes, by one way. Kept encrypted, and shown masked from then on.")
    )
    external_id = TextField(
        max_length=120,
        default="",
        allow_blank=True,
        help_text=_("Your own name for it, which is yours alone."),
    )
    metadata = MetadataField(default=dict)


class UpdateRecipientInput(serializers.Serializer[Any]):
    recipient = IdField("rcp")
    name = TextField(max_length=140, default=None, allow_null=True, help_text=UNCHANGED)
    details = RecipientDetails(
        default=None, allow_null=True, help_text=_("All of them anew. Empty leaves them as they are.")
    )
    metadata = MetadataField(default=None, allow_null=True)


class CloseRecipientInput(serializers.Serializer[Any]):
    recipient = IdField("rcp")
    reason = TextField(max_length=500, help_text=REASON)


class VerifyRecipientInput(serializers.Serializer[Any]):
    recipient = IdField("rcp", help_text=_("Whose name is compared with that of the account."))


class RecordPayeeCheckInput(serializers.Serializer[Any]):
    recipient = IdField("rcp", help_text=_("Of which it was asked."))
    check = IdField(
        "rvf", help_text=_("Which check it answers; another is open if it was changed meanwhile.")
    )
    result = serializers.ChoiceField([str(each) for each in ANSWERS], help_text=_("What was found."))
    code = TextField(max_length=60, help_text=_("Why, as a code that stays."))
    why = TextField(max_length=500, help_text=_("Why, in words."))
    told = TextField(
        max_length=140, default="", allow_blank=True, help_text=_("The name that the account has, if told.")
    )
    provider = TextField(
        max_length=40, default="", allow_blank=True, help_text=_("Who was asked, if anybody was.")
    )


class ResetRecipientVerificationInput(serializers.Serializer[Any]):
    recipient = IdField("rcp", help_text=_("Of which nothing found so far is to count."))
    reason = TextField(max_length=500, help_text=REASON)


class CreateWalletInput(serializers.Serializer[Any]):
    tenant = IdField("ten", default=None, allow_null=True, help_text=OWN_TENANT)
    customer = IdField("cus", default=None, allow_null=True, help_text=_("Whose it is, if not your own."))
    currency = CurrencyField(help_text=_("A wallet holds one currency."))
    purpose = TextField(max_length=60, default="", allow_blank=True, help_text=_("What it is for."))
    category = serializers.ChoiceField(
        WalletCategory.choices,
        default=WalletCategory.BANKING.value,
        help_text=_("Under which heading it is added up."),
    )
    name = TextField(max_length=120, default="", allow_blank=True, help_text=_("What people call it."))
    external_id = TextField(
        max_length=120,
        default="",
        allow_blank=True,
        help_text=_("Your own name for it, which is yours alone."),
    )
    low_balance = MoneyField(
        positive=True,
        default=None,
        allow_null=True,
        help_text=_("When less than this is available, wallet.balance.low is told; empty is never."),
    )
    metadata = MetadataField(default=dict)


class UpdateWalletInput(serializers.Serializer[Any]):
    wallet = IdField("wal")
    name = TextField(max_length=120, default=None, allow_null=True, help_text=UNCHANGED)
    purpose = TextField(max_length=60, default=None, allow_null=True, help_text=UNCHANGED)
    low_balance = MoneyField(
        default=None,
        allow_null=True,
        help_text=_(
            "When less than this is available, wallet.balance.low is told. Zero watches it no more; empty leaves it"
            " as it is."
        ),
    )
    metadata = MetadataField(default=None, allow_null=True)


class TellBalanceInput(serializers.Serializer[Any]):
    wallet = IdField("wal", help_text=_("Of which may have become too little, or enough again."))


class CloseWalletInput(serializers.Serializer[Any]):
    wallet = IdField("wal")
    reason = TextField(max_length=500, help_text=REASON)


class CreateOperatorKeyInput(serializers.Serializer[Any]):
    name = TextField(max_length=120, help_text=_("What uses it."))
    scopes = serializers.ListField(
        child=serializers.ChoiceField(sorted(SCOPES)), allow_empty=False, help_text=SCOPES_HELP
    )
    networks = serializers.ListField(
        child=NetworkField(),
        default=list,
        max_length=50,
        help_text=_("Where it may be used from, such as 203.0.113.0/24; everywhere if empty."),
    )
    expires_at = InstantField(default=None, allow_null=True, help_text=_("In UTC. Empty is never."))


class CreateApiKeyInput(CreateOperatorKeyInput):
    tenant = IdField("ten", default=None, allow_null=True, help_text=OWN_TENANT)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(sorted(SCOPES.keys() - OF_OPERATORS)),
        allow_empty=False,
        help_text=SCOPES_HELP,
    )


class RotateApiKeyInput(serializers.Serializer[Any]):
    api_key = IdField("key")
    overlap_hours = serializers.IntegerField(
        min_value=0,
        max_value=720,
        default=24,
        help_text=_("How long the old key goes on beside the new one."),
    )


class RevokeApiKeyInput(serializers.Serializer[Any]):
    api_key = IdField("key")
    reason = TextField(max_length=500, help_text=REASON)
