"""Input of the commands that move money between wallets."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import IdField, MetadataField, MoneyField, TextField
from apps.ledger.serializers import AddressField, ReasonField

REFERENCE = _("Your own name for it, by which you can find it again.")


class _Named(serializers.Serializer[Any]):
    """What the caller says of a movement of money; it stands last in forms."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The movement's own fields, then these."""
        return {
            **super().get_fields(),
            "reference": TextField(max_length=120, default="", allow_blank=True, help_text=REFERENCE),
            "description": TextField(
                max_length=500, default="", allow_blank=True, help_text=_("What statements say of it.")
            ),
            "metadata": MetadataField(default=dict),
        }


class PayInInput(_Named):
    wallet = IdField("wal", help_text=_("Whose money it is now."))
    amount = MoneyField(positive=True)
    from_account = AddressField(
        default="bank:sandbox", help_text=_("The account of ours at which it arrived, such as bank:ing.")
    )
    provider_reference = TextField(
        max_length=120,
        default="",
        allow_blank=True,
        help_text=_("The bank's or provider's name for it, by which it is taken once only."),
    )


class CreateTransferInput(_Named):
    from_wallet = IdField("wal", help_text=_("The wallet that pays."))
    to_wallet = IdField(
        "wal", help_text=_("Another wallet in the same currency, of yours or of another tenant.")
    )
    amount = MoneyField(positive=True)


class CompletePayInInput(serializers.Serializer[Any]):
    transfer = IdField("trf")


class PlaceHoldInput(serializers.Serializer[Any]):
    wallet = IdField("wal")
    amount = MoneyField(positive=True)
    reason = ReasonField()


class SettleHoldInput(serializers.Serializer[Any]):
    hold = IdField("hld")
    to_wallet = IdField("wal")
    amount = MoneyField(positive=True, default=None, allow_null=True, help_text=_("All of it, if left out."))
    release_rest = serializers.BooleanField(default=False, help_text=_("Give back what is not paid."))
    reason = ReasonField()


class ReleaseHoldInput(serializers.Serializer[Any]):
    hold = IdField("hld")
    amount = MoneyField(positive=True, default=None, allow_null=True, help_text=_("All of it, if left out."))
    reason = ReasonField()


class CreatePayoutInput(_Named):
    wallet = IdField("wal", help_text=_("The wallet that pays."))
    recipient = IdField("rcp", help_text=_("Who is paid."))
    amount = MoneyField(positive=True, help_text=_("What the recipient gets; fees come on top."))
    confirm = serializers.BooleanField(
        default=True, help_text=_("Off: only say what it costs; confirm it within 15 minutes.")
    )


class TransferInput(serializers.Serializer[Any]):
    transfer = IdField("trf")


class CancelTransferInput(serializers.Serializer[Any]):
    transfer = IdField("trf")
    reason = ReasonField()


class LeasedInput(serializers.Serializer[Any]):
    transfer = IdField("trf")
    lease = serializers.IntegerField(min_value=1)


class BeginSendingInput(LeasedInput):
    provider = serializers.SlugField(max_length=40)
    attempt = IdField("ptm")
    why = serializers.JSONField()
    worker = TextField(max_length=80)


class RecordAnswerInput(serializers.Serializer[Any]):
    transfer = IdField("trf")
    attempt = IdField("ptm")


class RecordNewsInput(serializers.Serializer[Any]):
    transfer = IdField("trf")
    message = IdField("inb")
    place = serializers.IntegerField(min_value=0, default=0)


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


class CloseChargebackInput(serializers.Serializer[Any]):
    chargeback = IdField("cbk")
    note = TextField(max_length=500, help_text=_("What was done about it, such as the correction's id."))


class RequestVirtualAccountInput(serializers.Serializer[Any]):
    wallet = IdField("wal", help_text=_("To which deposits are credited."))


class RecordVirtualAccountInput(serializers.Serializer[Any]):
    virtual_account = IdField("vac")
    number = TextField(max_length=60)
