"""Recalls and traces: asked for, answered by the provider or by an operator who asked it. No money moves here."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from apps.core import ids
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.providers.adapters import recalls
from apps.providers.queries import routing
from apps.transfers.inquiries import Inquiry, InquiryKind, InquiryStatus
from apps.transfers.models import WITH_PROVIDER, Kind, Status, Transfer
from apps.transfers.services.own import locked_transfer

RECORDER: Final = Actor.system("inquiries", {"transfers.record_inquiry_answer"})
"""Who records what providers answer."""

TRACEABLE: Final = frozenset({*WITH_PROVIDER, Status.PROVIDER_COMPLETED, Status.COMPLETED})
ANSWERED: Final = (
    "status",
    "answer",
    "answer_code",
    "answered_by",
    "answered_at",
    "next_attempt_at",
    "failure",
)


class NothingToRecall(DomainError):
    """The transfer is no payout that was completed and of which something is still away."""

    code = "NOTHING_TO_RECALL"
    http_status = 409


class NothingToTrace(DomainError):
    """No provider has or had the transfer."""

    code = "NOTHING_TO_TRACE"
    http_status = 409


class InquiryOpen(DomainError):
    """The same was asked about the transfer already, and is not answered."""

    code = "INQUIRY_OPEN"
    http_status = 409


class InquiryEnded(DomainError):
    """The inquiry has its answer already."""

    code = "INQUIRY_ANSWERED"
    http_status = 409


def target(data: Input) -> Iterator[Target]:
    """The inquiry, which is locked."""
    yield Target(Inquiry, data["inquiry"])


def plan_request_recall(context: Context, *, transfer: str, reason: str) -> Plan:
    """Ask that the money of a payout comes back. It is the recipient's: whether it does, they and their bank decide."""
    found = locked_transfer(context, transfer)
    if not is_recallable(found):
        raise NothingToRecall(
            f"{transfer} is {found.get_status_display().lower()}: only a completed payout that did not come back is recalled.",
            field="/transfer",
        )
    provider = routing.by_name(found.provider)
    due = context.now if provider and recalls(provider) else None
    return _request(context, found, InquiryKind.RECALL, reason, due)


def plan_request_trace(context: Context, *, transfer: str, reason: str) -> Plan:
    """Ask where a payment is that its recipient misses. An operator asks the provider."""
    found = locked_transfer(context, transfer)
    if not is_traceable(found):
        raise NothingToTrace(
            f"{transfer} is {found.get_status_display().lower()}: only what a provider has or has done is traced.",
            field="/transfer",
        )
    return _request(context, found, InquiryKind.TRACE, reason, None)


def plan_answer_inquiry(context: Context, *, inquiry: str, answer: str, accepted: bool) -> Plan:
    """Record what the provider told an operator."""
    return _answered(context, inquiry, answer, "", accepted)


def plan_record_inquiry_answer(
    context: Context, *, inquiry: str, answer: str, code: str, accepted: bool
) -> Plan:
    """Record what the provider answered to a worker."""
    return _answered(context, inquiry, answer, code, accepted)


def is_recallable(transfer: Transfer) -> bool:
    """Whether it is a payout of which something is still away."""
    return transfer.kind == Kind.PAYOUT and transfer.status == Status.COMPLETED


def is_traceable(transfer: Transfer) -> bool:
    """Whether a provider has it, or has done it."""
    return transfer.attempt_id is not None and transfer.status in TRACEABLE


def told(inquiry: Inquiry) -> dict[str, Any]:
    """What is told of an inquiry."""
    return {
        "inquiry": inquiry.pk,
        "transfer": inquiry.transfer_id,
        "kind": inquiry.kind,
        "status": inquiry.status,
        "reason": inquiry.reason,
        "answer": inquiry.answer,
    }


def _request(
    context: Context, transfer: Transfer, kind: InquiryKind, reason: str, due: datetime | None
) -> Plan:
    open_one = Inquiry.objects.filter(transfer=transfer, kind=kind, status=InquiryStatus.OPEN).first()
    if open_one:
        raise InquiryOpen(f"{open_one.pk} asks for this already.", field="/transfer")
    row = Inquiry(
        id=ids.new_id("inq"),
        book_id=transfer.book_id,
        transfer=transfer,
        kind=kind,
        reason=reason,
        provider=transfer.provider,
        submission=transfer.submission,
        asked_by=context.actor.label,
        asked_at=context.now,
        next_attempt_at=due,
    )
    event = EventDraft(f"transfer.{kind}_requested", transfer.pk, told(row), book_id=transfer.book_id)
    return Plan(rows=[row], result=told(row), events=[event])


def _answered(context: Context, inquiry: str, answer: str, code: str, accepted: bool) -> Plan:
    found: Inquiry = context.locked[Inquiry, inquiry]  # type: ignore[assignment]
    if found.status != InquiryStatus.OPEN:
        raise InquiryEnded(f"{inquiry} was {found.status} by {found.answered_by}.", field="/inquiry")
    found.status = InquiryStatus.ANSWERED if accepted else InquiryStatus.REFUSED
    found.answer, found.answer_code = answer, code
    found.answered_by, found.answered_at = context.actor.label, context.now
    found.next_attempt_at, found.failure = None, ""
    event = EventDraft("transfer.inquiry_answered", found.transfer_id, told(found), book_id=found.book_id)
    return Plan(
        updates=[Update(found, ANSWERED, {"status": InquiryStatus.OPEN})], result=told(found), events=[event]
    )
