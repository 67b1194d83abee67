"""Money that came: virtual accounts and deposits."""

from datetime import datetime

from rest_framework import serializers

from apps.api.resources.base import Computed, Filter, Resource, declare
from apps.api.resources.outputs import Output, instant, text
from apps.core.money import Money
from apps.core.serializer_fields import IdField, MoneyField, TextField
from apps.transfers.arrivals import Deposit, NumberStatus, VirtualAccount

WALLET = Filter("wallet_id", IdField("wal"))


class VirtualAccountOutput(Output):
    id = IdField("vac")
    wallet = IdField("wal", source="wallet_id")
    status = serializers.ChoiceField(NumberStatus.choices)
    number = text(allow_null=True, help_text="Under which deposits are the wallet's; none until it is given.")
    requested_at = instant()
    active_at = instant(allow_null=True)


def _or_none(number: str) -> str | None:
    return number or None


declare(
    Resource(
        path="virtual-accounts",
        name="virtual account",
        summary="Virtual accounts",
        model=VirtualAccount,
        output=VirtualAccountOutput,
        scope="wallets:read",
        owner="book_id",
        key_prefix="vac",
        filters={
            "wallet": WALLET,
            "status": Filter("status", serializers.ChoiceField(NumberStatus.choices)),
            "number": Filter("number", TextField(max_length=60)),
        },
        computed={"number": Computed(("number",), _or_none)},
    )
)


class StagesOutput(serializers.Serializer[object]):
    received = serializers.DateTimeField(help_text="The provider's message came.")
    verified = serializers.DateTimeField(help_text="The message was proven to be the provider's.")
    matched = serializers.DateTimeField(allow_null=True, help_text="It was known whose money it is.")
    credited = serializers.DateTimeField(allow_null=True, help_text="The books say so.")
    available = serializers.DateTimeField(allow_null=True, help_text="It may be spent.")


class DepositOutput(Output):
    id = IdField("dep")
    wallet = IdField("wal", source="wallet_id")
    transfer = IdField("trf", source="transfer_id", help_text="The pay-in by which the wallet has it.")
    amount = MoneyField()
    virtual_account = text(allow_blank=True, help_text="The number that it was sent to.")
    remittance = text(allow_blank=True, help_text="What the remitter wrote.")
    remitter = text(allow_blank=True)
    charged_back = MoneyField(help_text="What of it the provider took back, and the wallet was debited with.")
    matched_by = serializers.ChoiceField(["virtual account", "deposit reference", "wallet id", "person"])
    stages = StagesOutput(help_text="When it passed which stage.")


STAGES = ("received", "verified", "matched", "credited", "available")


def _stages(*at: datetime | None) -> dict[str, datetime | None]:
    return dict(zip(STAGES, at, strict=True))


declare(
    Resource(
        path="deposits",
        name="deposit",
        summary="Deposits that were credited",
        description="What cannot be credited to anybody is the platform's to sort out, and not listed here.",
        model=Deposit,
        output=DepositOutput,
        scope="transfers:read",
        owner="book_id",
        key_prefix="dep",
        filters={"wallet": WALLET, "transfer": Filter("transfer_id", IdField("trf"))},
        computed={
            "amount": Computed(("amount", "currency"), Money),
            "charged_back": Computed(("charged_back", "currency"), Money),
            "stages": Computed(tuple(f"{name}_at" for name in STAGES), _stages),
        },
    )
)
