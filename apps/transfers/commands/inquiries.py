"""Recalls and traces: asked for, answered."""

from django.utils.translation import gettext_lazy as _

from apps.operations.registry import BY_OPERATORS, EVERYWHERE, Command, register
from apps.transfers import inquiry_serializers as serializers
from apps.transfers.services import asking, inquiries

register(
    Command(
        name="transfers.request_recall",
        summary=_("Ask for the money of a payout back"),
        plan=inquiries.plan_request_recall,
        targets=asking.target,
        input=serializers.RequestRecallInput,
        output=serializers.InquiryResult,
        permission="transfers.request_recall",
        scope="transfers:write",
        path="transfers/{transfer}/recall",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="transfers.request_trace",
        summary=_("Ask where a payment is"),
        plan=inquiries.plan_request_trace,
        targets=asking.target,
        input=serializers.RequestTraceInput,
        output=serializers.InquiryResult,
        permission="transfers.request_trace",
        scope="transfers:write",
        path="transfers/{transfer}/trace",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="transfers.answer_inquiry",
        summary=_("Record the answer to a recall or trace"),
        plan=inquiries.plan_answer_inquiry,
        targets=inquiries.target,
        input=serializers.AnswerInquiryInput,
        output=serializers.InquiryResult,
        permission="transfers.answer_inquiry",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="transfers.record_inquiry_answer",
        summary=_("Record what a provider answered to a recall"),
        plan=inquiries.plan_record_inquiry_answer,
        targets=inquiries.target,
        input=serializers.RecordInquiryAnswerInput,
        permission="transfers.record_inquiry_answer",
        surfaces=frozenset(),
    )
)
