"""What the commands that move money answer."""

from typing import Any

from rest_framework import serializers

from apps.accounts.models import Verification
from apps.core.serializer_fields import IdField, MoneyField
from apps.transfers.micro_deposits import MicroDepositsStatus
from apps.transfers.models import Kind
from apps.transfers.words import PUBLIC_STATUS, TYPE

BALANCES = "What is available afterwards, by wallet; null where nothing of that changed."


class TransferTold(serializers.Serializer[Any]):
    transfer = IdField("trf")
    kind = serializers.ChoiceField(Kind.choices)
    type = serializers.ChoiceField(sorted(set(TYPE.values())))
    status = serializers.ChoiceField(sorted(set(PUBLIC_STATUS.values())))
    amount = MoneyField()
    reference = serializers.CharField(allow_blank=True)


class TransferToldResult(TransferTold):
    balances = serializers.DictField(child=MoneyField(allow_null=True), help_text=BALANCES)


class MicroDepositsResult(serializers.Serializer[Any]):
    recipient = IdField("rcp")
    micro_deposits = IdField("mdp")
    version = serializers.IntegerField(help_text="Of the recipient, to which they were sent.")
    status = serializers.ChoiceField(MicroDepositsStatus.choices)
    tries_left = serializers.IntegerField(help_text="How often the amounts may still be told.")
    expires_at = serializers.DateTimeField(help_text="Until when.")
    verification = serializers.ChoiceField(Verification.choices, help_text="Of the recipient, afterwards.")


class MicroDepositsToldResult(MicroDepositsResult):
    proven = serializers.BooleanField(help_text="Whether both amounts were right.")


class PayInResult(TransferToldResult):
    entry = IdField("je", allow_null=True, help_text="None while the money is awaited, or was refused.")
    reserved = MoneyField(allow_null=True, help_text="What of it is kept back for a while.")


class TransferCreatedResult(TransferToldResult):
    entries = serializers.ListField(
        child=IdField("je"), help_text="One, or one in each book where two tenants are part of it."
    )


class EscrowResult(TransferToldResult):
    escrow = IdField("trf", help_text="The transfer that put it in escrow.")
    left = MoneyField(help_text="What is in escrow afterwards.")
    entry = IdField("je")


class FeeChargedResult(TransferToldResult):
    description = serializers.CharField(help_text="What it is for.")
    entry = IdField("je")


class HoldPlacedResult(serializers.Serializer[Any]):
    hold = IdField("hld")
    entry = IdField("je")
    balances = serializers.DictField(child=MoneyField(), help_text="Afterwards, by account.")


class MovedResult(serializers.Serializer[Any]):
    to = serializers.CharField(help_text="The address of an account.")
    amount = MoneyField()


class HoldEndedResult(HoldPlacedResult):
    moved = MovedResult(many=True)


class FeeResult(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="What the fee is for.")
    amount = MoneyField()


class AskedResult(TransferToldResult):
    fee = MoneyField(help_text="All fees, on top of the amount.")
    fees = FeeResult(many=True, help_text="What the fees are made of; empty means none.")
    checks = serializers.ListField(
        child=serializers.CharField(), help_text="What screened or limited it; empty means none."
    )
    total = MoneyField(help_text="What is held: the amount and the fees.")
    recipient = IdField("rcp", allow_null=True, help_text="Who is paid, if it leaves the house.")
    to_wallet = IdField("wal", allow_null=True, help_text="Where what is bought goes.")
    refund_of = IdField("trf", allow_null=True, help_text="What a refund gives back.")
    expected_at = serializers.DateTimeField(allow_null=True, help_text="When it should have arrived.")
    next_cut_off = serializers.DateTimeField(
        allow_null=True,
        help_text="Until when it must be confirmed to go with the provider's next payments; none where there is no cut-off.",
    )
    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="Until when it must be confirmed, or agreed to by others."
    )
    hold = IdField("hld", allow_null=True, help_text="None while the price is not confirmed.")
    entry = IdField("je", allow_null=True)
    approval_request = IdField("apr", allow_null=True, help_text="What other people decide about first.")


class StoppedResult(TransferToldResult):
    entry = IdField("je", allow_null=True, help_text="What gave the hold back, if there was one.")


class BookedResult(TransferToldResult):
    received = MoneyField(allow_null=True, help_text="What was got for it, less what is ours.")
    fee = MoneyField()
    entry = IdField("je")


class ReversedResult(TransferToldResult):
    entries = serializers.ListField(
        child=IdField("je"), help_text="What mirrors the entries of the transfer."
    )
    reason = serializers.CharField()


class ReserveResult(serializers.Serializer[Any]):
    reserve = IdField("rsv")
    wallet = IdField("wal")
    amount = MoneyField()
    status = serializers.CharField()
    release_at = serializers.DateTimeField(help_text="When it is free by itself.")
    entry = IdField("je")
    balances = serializers.DictField(child=MoneyField(), help_text=BALANCES)
