"""Input and results of the commands about deposits, money in suspense and virtual accounts."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import IdField, TextField
from apps.ledger.serializers import ReasonField
from apps.transfers.arrivals import NumberStatus


class RecordInboundInput(serializers.Serializer[Any]):
    message = IdField("inb")
    place = serializers.IntegerField(min_value=0, default=0)


class DepositInput(serializers.Serializer[Any]):
    deposit = IdField("dep")


class AssignDepositInput(serializers.Serializer[Any]):
    deposit = IdField("dep", help_text=_("Money in suspense."))
    wallet = IdField("wal", help_text=_("Whose money it is; a wallet in its currency."))
    reason = ReasonField()


class MarkForReturnInput(serializers.Serializer[Any]):
    deposit = IdField("dep", help_text=_("Money in suspense that nobody here is to have."))
    reason = ReasonField()


class ReturnDepositInput(serializers.Serializer[Any]):
    deposit = IdField("dep", help_text=_("Money that was marked to be sent back."))
    reference = TextField(max_length=120, help_text=_("The bank's or provider's name for the payment back."))
    reason = ReasonField()


class PostChargebackInput(serializers.Serializer[Any]):
    chargeback = IdField("cbk")
    reason = ReasonField()


class CloseChargebackInput(serializers.Serializer[Any]):
    chargeback = IdField("cbk")
    note = TextField(max_length=500, help_text=_("What was done about it, or why it is not ours."))
    entry = IdField(
        "je",
        default=None,
        allow_null=True,
        help_text=_(
            "The entry that has posted it, such as a correction; needed where a wallet has the deposit."
        ),
    )


class RequestVirtualAccountInput(serializers.Serializer[Any]):
    wallet = IdField("wal", help_text=_("To which deposits are credited."))


class RecordVirtualAccountInput(serializers.Serializer[Any]):
    virtual_account = IdField("vac")
    number = TextField(max_length=60)


class VirtualAccountResult(serializers.Serializer[Any]):
    virtual_account = IdField("vac")
    wallet = IdField("wal")
    status = serializers.ChoiceField(
        NumberStatus.choices, help_text="Requested until the provider has given it."
    )
    number = serializers.CharField(allow_null=True, help_text="Under which deposits are the wallet's.")
