"""Input of the commands that move money between wallets."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import IdField, MetadataField, MoneyField, TextField
from apps.ledger.serializers import AddressField, ReasonField
from apps.transfers.queries.standing import Level

NETWORKS = ["BTC", "ETH", "SOL", "SUI"]
REFERENCE = _("Your own name for it, by which you can find it again.")
PAY_IN_REFERENCE = _(
    "Your own name for it, by which you can find it again. In a test environment, test_late makes it arrive a minute later, "
    "and test_refused not at all."
)
CONFIRM = _("Off: only say what it costs; confirm it within 15 minutes.")
STRATEGY = _("What the provider calls the strategy, such as aave-usdc.")


class _Named(serializers.Serializer[Any]):
    """What the caller says of a movement of money; it stands last in forms."""

    reference_help = REFERENCE
    description_options: ClassVar[dict[str, Any]] = {
        "default": "",
        "allow_blank": True,
        "help_text": _("What statements say of it."),
    }

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The movement's own fields, then these."""
        return {
            **super().get_fields(),
            "reference": TextField(
                max_length=120, default="", allow_blank=True, help_text=self.reference_help
            ),
            "description": TextField(max_length=500, **self.description_options),
            "metadata": MetadataField(default=dict),
        }


class PayInInput(_Named):
    reference_help = PAY_IN_REFERENCE
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


class HoldInEscrowInput(_Named):
    wallet = IdField("wal", help_text=_("The wallet whose money it is."))
    amount = MoneyField(positive=True)


class ReleaseEscrowInput(_Named):
    escrow = IdField("trf", help_text=_("The transfer that put it in escrow."))
    to_wallet = IdField(
        "wal", help_text=_("Who is entitled to it: a wallet of yours, also the one that it came from.")
    )
    amount = MoneyField(
        positive=True, default=None, allow_null=True, help_text=_("All that is left of it, if left out.")
    )


class ChargeFeeInput(_Named):
    description_options: ClassVar[dict[str, Any]] = {
        "help_text": _("What the fee is for; the wallet's statement says it.")
    }
    wallet = IdField("wal", help_text=_("The wallet that pays."))
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
    confirm = serializers.BooleanField(default=True, help_text=CONFIRM)


class ReserveBatchedInput(_Named):
    batch = IdField("bat")
    wallet = IdField("wal")
    recipient = IdField("rcp")
    recipient_version = serializers.IntegerField(min_value=1)
    amount = MoneyField(positive=True)


class OpenBatchedInput(serializers.Serializer[Any]):
    transfer = IdField("trf")
    batch = IdField("bat")


class SendMicroDepositsInput(serializers.Serializer[Any]):
    recipient = IdField("rcp", help_text=_("A bank account, to which two amounts of less than one are paid."))


class ProveMicroDepositsInput(SendMicroDepositsInput):
    recipient = IdField("rcp", help_text=_("Of whose account the statement is."))
    first = MoneyField(positive=True, help_text=_("One of the amounts that were paid there."))
    second = MoneyField(positive=True, help_text=_("The other."))


class ExpireMicroDepositsInput(serializers.Serializer[Any]):
    recipient = IdField("rcp", help_text=_("Who was paid."))
    micro_deposits = IdField("mdp", help_text=_("What nobody has told the amounts of."))


class ExchangeInput(_Named):
    from_wallet = IdField("wal", help_text=_("What is given is of this wallet."))
    to_wallet = IdField("wal", help_text=_("What is got for it goes there: a wallet in the other currency."))
    amount = MoneyField(positive=True, help_text=_("What is given; fees come on top."))
    at_least = MoneyField(
        positive=True,
        default=None,
        allow_null=True,
        help_text=_(
            "What must be got for it; if the provider delivers less, a person looks before it is settled."
        ),
    )
    confirm = serializers.BooleanField(default=True, help_text=CONFIRM)


class SaleInput(ExchangeInput):
    example = {
        "from_wallet": "wal_01k9zw3v5r8e2n6b4m7x0q1c9d",
        "to_wallet": "wal_01k9zw3v5r8e2n6b4m7x0q1c9e",
        "amount": {"amount": "12.30", "currency": "USDC"},
        "reference": "order-1042",
    }


class BridgeInput(_Named):
    example = {
        "wallet": "wal_01k9zw3v5r8e2n6b4m7x0q1c9d",
        "amount": {"amount": "12.30", "currency": "USDC"},
        "from_network": "ETH",
        "to_network": "SOL",
        "reference": "order-1042",
    }

    wallet = IdField("wal")
    amount = MoneyField(positive=True)
    from_network = serializers.ChoiceField(NETWORKS, help_text=_("Where the coins are."))
    to_network = serializers.ChoiceField(NETWORKS, help_text=_("Where they go."))
    confirm = serializers.BooleanField(default=True, help_text=CONFIRM)


class StrategyInput(_Named):
    example = {
        "wallet": "wal_01k9zw3v5r8e2n6b4m7x0q1c9d",
        "amount": {"amount": "12.30", "currency": "USDC"},
        "strategy": "aave-usdc",
        "reference": "order-1042",
    }

    wallet = IdField("wal")
    amount = MoneyField(positive=True)
    strategy = serializers.SlugField(max_length=40, help_text=STRATEGY)
    confirm = serializers.BooleanField(default=True, help_text=CONFIRM)


class TransferInput(serializers.Serializer[Any]):
    transfer = IdField("trf")


class CancelTransferInput(serializers.Serializer[Any]):
    transfer = IdField("trf")
    reason = ReasonField()


class RaiseStuckAlarmInput(serializers.Serializer[Any]):
    transfer = IdField("trf")
    level = serializers.ChoiceField([each.value for each in Level])


class LeasedInput(serializers.Serializer[Any]):
    transfer = IdField("trf")
    lease = serializers.IntegerField(min_value=1)


class BeginSendingInput(LeasedInput):
    recipient_version = serializers.IntegerField(default=None, allow_null=True)
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


class SettleTransferInput(serializers.Serializer[Any]):
    transfer = IdField("trf")
    paid = MoneyField(
        positive=True,
        default=None,
        allow_null=True,
        help_text=_("What the provider paid; all of it, if left out."),
    )
    delivered = MoneyField(
        positive=True,
        default=None,
        allow_null=True,
        help_text=_("What it delivered, where something was bought."),
    )
    evidence = IdField(
        "att",
        default=None,
        allow_null=True,
        help_text=_("The file beside the transfer that proves it, where no answer of the provider does."),
    )
    reason = ReasonField()


class ReleaseTransferInput(serializers.Serializer[Any]):
    transfer = IdField("trf")
    evidence = IdField(
        "att",
        default=None,
        allow_null=True,
        help_text=_("The file beside the transfer that proves it, where no answer of the provider does."),
    )
    reason = ReasonField()


AT_BANK = _("The bank account by name, such as ing for bank:ing.")
POOL = _("The pool by name, such as gps for pool:gps.")


class ConversionInput(_Named):
    from_wallet = IdField("wal")
    to_wallet = IdField("wal")
    sold = MoneyField(positive=True, help_text=_("What leaves the first wallet."))
    bought = MoneyField(positive=True, help_text=_("What that is worth in the second wallet's currency."))
    spread = MoneyField(default=None, allow_null=True, help_text=_("What of it is ours; none, if left out."))


class OtcTradeInput(_Named):
    from_wallet = IdField("wal")
    to_wallet = IdField("wal")
    counterparty = serializers.SlugField(max_length=40, help_text=_("With whom, such as acme-otc."))
    paid = MoneyField(positive=True, help_text=_("What goes there."))
    received = MoneyField(positive=True, help_text=_("What comes back."))
    fee = MoneyField(default=None, allow_null=True, help_text=_("What of it is ours; none, if left out."))


class PoolPayoutInput(_Named):
    wallet = IdField("wal")
    pool = serializers.SlugField(max_length=40, help_text=POOL)
    sold = MoneyField(positive=True, help_text=_("What leaves the wallet."))
    paid = MoneyField(positive=True, help_text=_("What leaves the pool, perhaps in another currency."))
    fee = MoneyField(default=None, allow_null=True, help_text=_("On top, in the wallet's currency."))


class PoolTopUpInput(_Named):
    book = serializers.SlugField(max_length=60, default="platform", help_text=_("Whose money it is."))
    bank = serializers.SlugField(max_length=40, help_text=AT_BANK)
    pool = serializers.SlugField(max_length=40, help_text=POOL)
    amount = MoneyField(positive=True)


class BankFundingInput(serializers.Serializer[Any]):
    book = serializers.SlugField(max_length=60, default="platform", help_text=_("Whose money it is."))
    bank = serializers.SlugField(max_length=40, help_text=AT_BANK)
    amount = MoneyField(positive=True)
    description = TextField(
        max_length=500, default="", allow_blank=True, help_text=_("What statements say of it.")
    )


class RefundInput(_Named):
    transfer = IdField("trf", help_text=_("The pay-in."))
    amount = MoneyField(
        positive=True, default=None, allow_null=True, help_text=_("All that is left of it, if left out.")
    )


class RecoverSubmissionInput(serializers.Serializer[Any]):
    transfer = IdField("trf")
    provider = serializers.SlugField(max_length=40)
    number = serializers.IntegerField(min_value=1)


class UnknownSubmissionInput(serializers.Serializer[Any]):
    provider = serializers.SlugField(max_length=40)
    reference = TextField(max_length=60)
    said = serializers.JSONField()


DAYS = _("For how many days.")


class ReservePolicyInput(serializers.Serializer[Any]):
    wallet = IdField("wal")
    basis_points = serializers.IntegerField(
        min_value=0,
        max_value=10_000,
        help_text=_("Hundredths of a percent of every pay-in; 0 keeps nothing."),
    )
    days = serializers.IntegerField(min_value=1, max_value=730, help_text=DAYS)
    reason = ReasonField()


class HoldReserveInput(serializers.Serializer[Any]):
    wallet = IdField("wal")
    amount = MoneyField(positive=True)
    days = serializers.IntegerField(min_value=1, max_value=730, help_text=DAYS)
    reason = ReasonField()


class ReleaseReserveInput(serializers.Serializer[Any]):
    reserve = IdField("rsv")
    reason = ReasonField()
