"""What is told of providers, and what people are to look at."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import CurrencyField, IdField
from apps.operations.event_types import Declaring
from apps.operations.events import of_reason

PROVIDER = _("The name of the provider.")


class ProviderChangedEvent(serializers.Serializer[Any]):
    provider = IdField("pvd", help_text=_("The provider."))
    name = serializers.CharField(help_text=PROVIDER)
    enabled = serializers.BooleanField(help_text=_("Whether it is sent anything."))


class ProviderLockEvent(serializers.Serializer[Any]):
    provider = IdField("pvd", help_text=_("The provider."))
    name = serializers.CharField(help_text=PROVIDER)
    reason = serializers.CharField(
        allow_blank=True, help_text=_("Why, in somebody's words; what is locked always has a reason.")
    )


class PaymentFileDownloadedEvent(serializers.Serializer[Any]):
    file = IdField("rlf", help_text=_("The file of payments."))
    sha256 = serializers.CharField(help_text=_("Of its bytes, in hexadecimal digits."))
    name = serializers.CharField(help_text=_("What it is called."))
    provider = serializers.CharField(help_text=PROVIDER)


class InboundAlarm(serializers.Serializer[Any]):
    reason = of_reason("inbound quarantined", "inbound conflict")
    message = IdField("inb", help_text=_("What the provider said."))
    provider = serializers.CharField(help_text=PROVIDER)
    why = serializers.CharField(allow_blank=True, help_text=_("Why it was not followed."))


class FileAlarm(serializers.Serializer[Any]):
    reason = of_reason("payment file")
    provider = serializers.CharField(help_text=PROVIDER)
    why = serializers.CharField(help_text=_("What is wrong, in words."))
    file = serializers.CharField(allow_blank=True, help_text=_("Which file, if there is one already."))


class LowBalanceAlarm(serializers.Serializer[Any]):
    reason = of_reason("low balance")
    provider = serializers.CharField(help_text=PROVIDER)
    currency = CurrencyField()
    balance = serializers.CharField(help_text=_("What there is, in digits."))
    least = serializers.CharField(help_text=_("What there should be, in digits."))
    because = serializers.CharField(help_text=_("Why so much."))
    since = serializers.DateTimeField(help_text=_("When there first was too little."))


declare = Declaring(__file__)
declare.told(
    "provider.changed",
    _("A provider was set up, or changed."),
    ProviderChangedEvent,
    "providers.set_provider",
)
declare.told(
    "provider.locked",
    _("Nothing is sent to a provider until it is unlocked."),
    ProviderLockEvent,
    "providers.lock_sending",
)
declare.told(
    "provider.unlocked",
    _("A provider is sent payments again."),
    ProviderLockEvent,
    "providers.unlock_sending",
)
declare.told(
    "payment_file.downloaded",
    _("Somebody took the bytes of a file of payments."),
    PaymentFileDownloadedEvent,
    "providers.download_file",
)
declare.alarm("inbound quarantined", InboundAlarm, "providers.raise_alarm")
declare.alarm("payment file", FileAlarm, "providers.raise_file_alarm")
declare.alarm("low balance", LowBalanceAlarm, "providers.raise_low_balance")
