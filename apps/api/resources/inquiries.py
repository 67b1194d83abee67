"""Recalls and traces of transfers."""

from rest_framework import serializers

from apps.api.resources.base import Filter, Resource, declare
from apps.api.resources.outputs import Output, instant, text
from apps.core.serializer_fields import IdField
from apps.transfers.inquiries import Inquiry, InquiryKind, InquiryStatus


class InquiryOutput(Output):
    id = IdField("inq")
    transfer = IdField("trf", source="transfer_id")
    kind = serializers.ChoiceField(InquiryKind.choices)
    status = serializers.ChoiceField(
        InquiryStatus.choices, help_text="Open until the provider has said yes (answered) or no (refused)."
    )
    reason = text()
    answer = text(allow_blank=True, help_text="What the provider said.")
    asked_at = instant()
    answered_at = instant(allow_null=True)


declare(
    Resource(
        path="inquiries",
        name="inquiry",
        summary="Recalls and traces",
        description="A recall moves no money: what comes back is told as `transfer.returned`.",
        model=Inquiry,
        output=InquiryOutput,
        scope="transfers:read",
        owner="book_id",
        key_prefix="inq",
        filters={
            "transfer": Filter("transfer_id", IdField("trf")),
            "kind": Filter("kind", serializers.ChoiceField(InquiryKind.choices)),
            "status": Filter("status", serializers.ChoiceField(InquiryStatus.choices)),
        },
    )
)
