"""What is kept back of pay-ins for a while."""

from rest_framework import serializers

from apps.api.resources.base import Computed, Filter, Resource, declare
from apps.api.resources.outputs import Output, instant, text
from apps.core.money import Money
from apps.core.serializer_fields import IdField, MoneyField
from apps.transfers.reserves import ReserveStatus, RollingReserve


class RollingReserveOutput(Output):
    id = IdField("rsv")
    wallet = IdField("wal", source="wallet_id")
    transfer = IdField(
        "trf", source="transfer_id", allow_null=True, help_text="The pay-in of which it is a share."
    )
    amount = MoneyField()
    status = serializers.ChoiceField(ReserveStatus.choices)
    reason = text(allow_blank=True)
    held_at = instant()
    release_at = instant(help_text="When it is free by itself.")
    released_at = instant(allow_null=True)


declare(
    Resource(
        path="rolling-reserves",
        name="rolling reserve",
        summary="Rolling reserves",
        description="Money of a wallet that is kept back for some days, and then available by itself.",
        model=RollingReserve,
        output=RollingReserveOutput,
        scope="wallets:read",
        owner="book_id",
        key_prefix="rsv",
        filters={
            "wallet": Filter("wallet_id", IdField("wal")),
            "transfer": Filter("transfer_id", IdField("trf")),
            "status": Filter("status", serializers.ChoiceField(ReserveStatus.choices)),
        },
        computed={"amount": Computed(("amount", "currency"), Money)},
    )
)
