"""Input and results of the commands about recalls and traces."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import IdField, TextField
from apps.ledger.serializers import ReasonField
from apps.transfers.inquiries import InquiryKind, InquiryStatus


class RequestRecallInput(serializers.Serializer[Any]):
    transfer = IdField("trf", help_text=_("A payout that was completed."))
    reason = ReasonField()


class RequestTraceInput(serializers.Serializer[Any]):
    transfer = IdField("trf", help_text=_("One that a provider has, or has done."))
    reason = ReasonField()


class AnswerInquiryInput(serializers.Serializer[Any]):
    inquiry = IdField("inq", help_text=_("A recall or trace that is open."))
    answer = TextField(max_length=500, help_text=_("What the provider said."))
    accepted = serializers.BooleanField(
        help_text=_(
            "Of a recall whether it asks for the money back, of a trace whether it found the payment."
        )
    )


class RecordInquiryAnswerInput(serializers.Serializer[Any]):
    inquiry = IdField("inq")
    answer = TextField(max_length=500)
    code = serializers.CharField(max_length=60, allow_blank=True, default="")
    accepted = serializers.BooleanField()


class InquiryResult(serializers.Serializer[Any]):
    inquiry = IdField("inq")
    transfer = IdField("trf")
    kind = serializers.ChoiceField(InquiryKind.choices)
    status = serializers.ChoiceField(InquiryStatus.choices)
    reason = serializers.CharField()
    answer = serializers.CharField(
        allow_blank=True, help_text="What the provider said; empty while it is open."
    )
