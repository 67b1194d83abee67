"""Input of the commands about providers."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.money import Money
from apps.core.serializer_fields import (
    CountryField,
    CurrencyField,
    FileField,
    IdField,
    TextField,
    TimeZoneField,
)
from apps.operations import conditions
from apps.operations.conditions import OPERATORS
from apps.providers.protocol import KINDS
from apps.providers.queries.routing import FACTS

NAME = _("The provider by name, such as sandbox-bank.")
KEPT = _("Leave empty to keep the one that there is.")


class AmountsField(serializers.DictField):
    """Amounts by currency, such as `{"EUR": "100.00"}`."""

    child = serializers.CharField(max_length=45)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """The same, each amount as the currency writes it."""
        return {
            code: Money.parse(amount, code).decimal
            for code, amount in super().to_internal_value(data).items()
        }


class LimitsInput(serializers.Serializer[Any]):
    smallest = AmountsField(default=dict, help_text=_("By currency."))
    largest = AmountsField(default=dict, help_text=_("By currency."))


class CostInput(serializers.Serializer[Any]):
    basis_points = serializers.IntegerField(
        min_value=0, max_value=10_000, default=0, help_text=_("Hundredths of a percent of the amount.")
    )
    fixed = AmountsField(default=dict, help_text=_("By currency, on top."))


class SetProviderInput(serializers.Serializer[Any]):
    name = serializers.SlugField(
        max_length=40, help_text=_("Such as sandbox-bank; it names accounts and stays.")
    )
    title = TextField(max_length=80, help_text=_("What people call it."))
    adapter = TextField(max_length=40, default="sandbox", help_text=_("Which API it speaks."))
    base_url = serializers.URLField(
        max_length=300,
        default="",
        allow_blank=True,
        help_text=_("Where its API is; empty for a bank whose files people hand over."),
    )
    secret = TextField(max_length=500, default="", allow_blank=True, help_text=KEPT)
    webhook_secret = TextField(max_length=500, default="", allow_blank=True, help_text=KEPT)
    options = serializers.DictField(
        default=dict,
        help_text=_(
            "What the adapter asks besides, and its calendar: TARGET, FED, weekends, or a country such as PL."
        ),
    )
    enabled = serializers.BooleanField(default=True, help_text=_("Off: nothing new goes there."))
    priority = serializers.IntegerField(
        min_value=0, max_value=1_000, default=100, help_text=_("The lowest is asked first.")
    )
    kinds = serializers.ListField(
        child=serializers.ChoiceField(KINDS), default=list, help_text=_("Of transfers; empty is any.")
    )
    currencies = serializers.ListField(child=CurrencyField(), default=list, help_text=_("Empty is any."))
    countries = serializers.ListField(child=CountryField(), default=list, help_text=_("Empty is any."))
    limits = LimitsInput(default=dict, help_text=_("What one transfer may amount to."))
    cost = CostInput(default=dict, help_text=_("What it takes, by which routing compares."))
    low_balance = AmountsField(default=dict, help_text=_("Warn when less than this is there, by currency."))
    cut_off = serializers.TimeField(
        default=None, allow_null=True, help_text=_("What is sent later counts from the next day.")
    )
    time_zone = TimeZoneField(default="UTC", help_text=_("In which the cut-off is."))
    business_days = serializers.BooleanField(
        default=False, help_text=_("It rests on weekends and on the holidays of its calendar.")
    )
    expected_seconds = serializers.IntegerField(
        min_value=1,
        max_value=30 * 86_400,
        default=None,
        allow_null=True,
        help_text=_("How long it usually takes; if left out, as long as is usual for the kind of transfer."),
    )


class ConditionInput(serializers.Serializer[Any]):
    fact = serializers.ChoiceField(
        FACTS,
        help_text=_(
            "recipient_kind is bank_account, crypto_address or card; receives is the currency that is bought."
        ),
    )
    op = serializers.ChoiceField(sorted(OPERATORS), help_text=_("gte and lte are of the amount."))
    value = serializers.JSONField(help_text=_("A text, a number, or for in a list of them."))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A rule that cannot be looked at would stop everything that it is looked at for."""
        if attrs["op"] in {"gte", "lte"} and attrs["fact"] != "amount":
            raise serializers.ValidationError({"op": f"{attrs['fact']} is no number: take eq, ne or in."})
        if wrong := conditions.fault(attrs["op"], attrs["value"]):
            raise serializers.ValidationError({"value": wrong})
        return attrs


class SetRoutingRuleInput(serializers.Serializer[Any]):
    name = TextField(max_length=120, help_text=_("What people call it; the same name changes it."))
    place = serializers.IntegerField(
        min_value=0, max_value=1_000, default=100, help_text=_("The lowest is looked at first.")
    )
    conditions = serializers.ListField(
        child=ConditionInput(),
        default=list,
        help_text=_("All must hold; without any, the rule is for everything."),
    )
    providers = serializers.ListField(
        child=serializers.SlugField(max_length=40),
        min_length=1,
        help_text=_("By name, the first is asked first."),
    )
    enabled = serializers.BooleanField(default=True, help_text=_("Off: it is kept and not looked at."))


class LockSendingInput(serializers.Serializer[Any]):
    provider = serializers.SlugField(max_length=40, help_text=NAME)
    reason = TextField(max_length=300, help_text=_("Why nothing may be sent; everybody who looks reads it."))


class UnlockSendingInput(serializers.Serializer[Any]):
    provider = serializers.SlugField(max_length=40, help_text=NAME)
    reason = TextField(
        max_length=300,
        default="",
        help_text=_("Needed after a restore: how you know what it executed since, although it has not said."),
    )


class RaiseLowBalanceInput(serializers.Serializer[Any]):
    provider = serializers.SlugField(max_length=40)
    currency = CurrencyField()


class RaiseAlarmInput(serializers.Serializer[Any]):
    about = TextField(max_length=40, help_text=_("The id of a message or of a conflict."))


class AcknowledgeMessageInput(serializers.Serializer[Any]):
    message = IdField("inb", help_text=_("A quarantined message."))
    reason = TextField(max_length=300, help_text=_("Why nothing is to be made of it."))


class RedriveMessageInput(serializers.Serializer[Any]):
    message = IdField("inb", help_text=_("A quarantined message."))


class RedriveQuarantinedInput(serializers.Serializer[Any]):
    provider = serializers.SlugField(
        max_length=40, help_text=_("Whose quarantined messages are followed again, at most 1000 at once.")
    )


class AcknowledgeConflictInput(serializers.Serializer[Any]):
    conflict = IdField("inc")
    reason = TextField(max_length=300, help_text=_("What the provider says, or why it does not matter."))


class CutFileInput(serializers.Serializer[Any]):
    provider = serializers.SlugField(
        max_length=40, help_text=_("Whose waiting payments leave now, before their cut-off.")
    )


class HandOverFileInput(serializers.Serializer[Any]):
    file = IdField("rlf", help_text=_("The file that you have given the bank."))
    sha256 = TextField(
        max_length=64,
        pattern="[0-9A-Fa-f]{64}",
        help_text=_("Its SHA-256 in hexadecimal, of the file as you gave it."),
    )


class DownloadFileInput(serializers.Serializer[Any]):
    file = IdField("rlf", help_text=_("The file of which somebody takes the bytes."))
    sha256 = TextField(max_length=64, help_text=_("Its SHA-256 in hexadecimal."))


class TakeInFileInput(serializers.Serializer[Any]):
    provider = serializers.SlugField(max_length=40, help_text=_("Whose file it is."))
    content = FileField(
        max_bytes=20_000_000,
        names={"name": "name", "sha256": "sha256"},
        help_text=_(
            "A status report, a statement or a file of returns, of at most 20 MB. Choose it again after a preview."
        ),
    )
    name = TextField(
        max_length=120,
        default="",
        allow_blank=True,
        help_text=_("What it is called; in a form the file's own name."),
    )
    sha256 = TextField(
        max_length=64,
        pattern="[0-9A-Fa-f]{64}",
        default="",
        allow_blank=True,
        help_text=_("Of the file, in hexadecimal; if it is given, another file is refused."),
    )


class RaiseFileAlarmInput(serializers.Serializer[Any]):
    provider = serializers.SlugField(max_length=40)
    why = TextField(max_length=300)
    file = TextField(max_length=40, allow_blank=True)
