"""Batches of payouts, and their rows."""

from rest_framework import serializers

from apps.api.resources.accounts import CREATED
from apps.api.resources.base import Computed, Filter, Resource, declare
from apps.api.resources.outputs import Output, anything, instant, text
from apps.core.money import Money
from apps.core.serializer_fields import IdField, MoneyField, TextField
from apps.payouts.models import Batch, BatchRow, BatchStatus, RowStatus
from apps.payouts.models.batches import Source
from apps.transfers.words import PUBLIC_STATUS


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)


def _public(status: str | None) -> str | None:
    return None if status is None else PUBLIC_STATUS[status]


class BatchOutput(Output):
    id = IdField("bat")
    name = text()
    reference = text(allow_blank=True)
    status = serializers.ChoiceField(BatchStatus.choices)
    came_from = serializers.ChoiceField(
        Source.choices, source="source", help_text="Where its rows came from."
    )
    wallet = IdField("wal", source="wallet_id", allow_null=True)
    by_itself = serializers.BooleanField(help_text="Whether it is sent without anybody saying so.")
    execute_at = instant(allow_null=True)
    short = anything(help_text="What was missing at providers when that was looked at last.")
    why = text(allow_blank=True, help_text="Why it was cancelled.")
    approval_request = IdField("apr", source="approval_request_id", allow_null=True)
    created_at = instant()
    submitted_at = instant(allow_null=True)
    approved_at = instant(allow_null=True)
    executed_at = instant(allow_null=True)
    ended_at = instant(allow_null=True)


declare(
    Resource(
        path="payout-batches",
        name="payout batch",
        summary="Batches of payouts",
        model=Batch,
        output=BatchOutput,
        scope="transfers:read",
        owner="book_id",
        key_prefix="bat",
        filters={
            "status": Filter("status", serializers.ChoiceField(BatchStatus.choices)),
            "reference": Filter("reference", TextField(max_length=120), "Your own name for it."),
            **CREATED,
        },
    )
)


class BatchRowOutput(Output):
    id = IdField("brw")
    batch = IdField("bat", source="batch_id")
    number = serializers.IntegerField()
    status = serializers.ChoiceField(
        RowStatus.choices, help_text="Before it is a payout, and whether it became one."
    )
    problems = anything(help_text="What is to be mended: code, field and message of each.")
    wallet = IdField("wal", source="wallet_id", allow_null=True)
    recipient = IdField("rcp", source="recipient_id", allow_null=True)
    amount = MoneyField(allow_null=True)
    reference = text(allow_blank=True)
    transfer = IdField("trf", source="transfer_id", allow_null=True, help_text="The payout.")
    payout = text(source="transfer__status", allow_null=True, help_text="The payout's status.")
    code = text(allow_blank=True, help_text="Why no money could be held.")
    message = text(allow_blank=True)


declare(
    Resource(
        path="payout-batch-rows",
        name="payout batch row",
        summary="The rows of batches of payouts",
        model=BatchRow,
        output=BatchRowOutput,
        scope="transfers:read",
        owner="book_id",
        key_prefix="brw",
        filters={
            "batch": Filter("batch_id", IdField("bat")),
            "status": Filter("status", serializers.ChoiceField(RowStatus.choices)),
        },
        computed={
            "amount": Computed(("amount", "currency"), _money),
            "payout": Computed(("transfer__status",), _public),
        },
    )
)
