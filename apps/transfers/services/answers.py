"""What becomes of a transfer when its provider says something. Nothing here guesses: what is unknown stays unknown."""

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from apps.core.errors import DomainError
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target
from apps.providers.models import Action, Answer, Attempt
from apps.providers.protocol import Outcome, Reply
from apps.providers.queries import routing
from apps.transfers.flows import FLOWS, Done
from apps.transfers.models import WITH_PROVIDER, Status, Transfer
from apps.transfers.services.asking import wanted
from apps.transfers.services.making import told
from apps.transfers.services.returns import plan_return
from apps.transfers.services.settling import LONGEST_MESSAGE, plan_compensate, plan_settle

LADDER: Final = tuple(timedelta(seconds=seconds) for seconds in settings.TRANSFER_LADDER_SECONDS)
"""After how long an unknown outcome is asked after, and what was not accepted is tried again; then a person looks."""

GRACE: Final = timedelta(seconds=settings.TRANSFER_GRACE_SECONDS)
"""How much later than promised a provider may be before it is asked."""

PAID: Final = frozenset({Status.PROVIDER_COMPLETED, Status.COMPLETED, Status.REVERSED})

DELAYED: Final = "transfer.delayed"

LATE: Final = ("OVERDUE", "The provider says that it still has it, long after the time that it promised.")
UNTOLD: Final = ("OUTCOME_UNKNOWN", "Asking the provider did not tell what became of it.")
"""Why a person looks, as a code and in words."""

FOLLOWED = (
    "status",
    "attempt_id",
    "requeries",
    "refused_by",
    "provider_reference",
    "failure_code",
    "failure_message",
    "expected_at",
    "next_attempt_at",
    "changed_at",
)


class NotSettledYet(DomainError):
    """What came back is booked once the books say that it had gone."""

    code = "TRANSFER_NOT_SETTLED_YET"
    http_status = 409
    transient = True


def targets(data: Input) -> Iterator[Target]:
    """The transfer, which is locked, and what was asked and answered, which never changes."""
    yield Target(Transfer, data["transfer"])
    yield Target(Attempt, data["attempt"], lock=False)
    yield Target(Answer, data["attempt"], lock=False)


def plan_record_answer(context: Context, *, transfer: str, attempt: str) -> Plan:
    """Follow what a provider answered to one of our calls."""
    found: Transfer = context.locked[Transfer, transfer]  # type: ignore[assignment]
    asked: Attempt = context.locked[Attempt, attempt]  # type: ignore[assignment]
    answer: Answer = context.locked[Answer, attempt]  # type: ignore[assignment]
    return follow(context, found, Reply.of(answer.reply), about=asked.reference, asked=asked.action)


def follow(context: Context, transfer: Transfer, reply: Reply, *, about: str, asked: str = "") -> Plan:
    """The plan that a reply asks for: what it says that the books cannot is for a person.

    `about` is the submission that it tells of, `asked` our call that it answers.
    """
    if not _counts(transfer, about) or transfer.status not in WITH_PROVIDER:
        return _late(context, transfer, reply, about)
    was = {"status": transfer.status, "attempt_id": transfer.attempt_id}
    if other := _others_reference(transfer, reply):
        return _park(context, transfer, was, "REFERENCE_TAKEN", other)
    transfer.provider_reference = reply.provider_reference or transfer.provider_reference
    before = copy(transfer)
    try:
        return _STEPS[reply.outcome](context, transfer, was, reply, asked)
    except DomainError as error:
        if error.transient:
            raise
        said = f"The provider says {reply.outcome}. {error.message}"
        return _park(context, before, was, error.code, said[:LONGEST_MESSAGE])


def _others_reference(transfer: Transfer, reply: Reply) -> str:
    """Whose reference the provider gives it, or nothing: it may have taken two payments for one."""
    given = reply.provider_reference
    if given in {"", transfer.provider_reference}:
        return ""
    named = {"book_id": transfer.book_id, "provider": transfer.provider, "provider_reference": given}
    other = Transfer.objects.filter(**named).exclude(pk=transfer.pk).first()
    return (
        f"The provider names it {given}, as it does {other.pk}. Ask it which of them it paid."
        if other
        else ""
    )


def _counts(transfer: Transfer, about: str) -> bool:
    """Whether it is the submission whose outcome is the transfer's."""
    return transfer.attempt_id is not None and transfer.submission == about


def _accepted(context: Context, transfer: Transfer, was: Mapping[str, Any], reply: Reply, asked: str) -> Plan:
    """It has it, until the time that it promises. Asked after that time, it has the ladder, whatever it promises anew, and
    then a person looks.
    """
    if transfer.status == Status.MANUAL_REVIEW:
        return _still_reviewed(context, transfer, was)
    was_promised, transfer.expected_at = transfer.expected_at, reply.expected_at or transfer.expected_at
    if transfer.status == Status.PROVIDER_PROCESSING and transfer.expected_at == was_promised:
        return _nothing(transfer)
    transfer.expected_at = transfer.expected_at or context.now
    if not _is_late(transfer, was_promised, context.now):
        transfer.requeries = 0
    elif asked:
        transfer.requeries += 1
    if transfer.requeries >= len(LADDER):
        return _park(context, transfer, was, *LATE)
    if transfer.status != Status.PROVIDER_PROCESSING:
        transfer.wait_for_provider()
    later = LADDER[transfer.requeries] if transfer.requeries else GRACE
    transfer.next_attempt_at = max(transfer.expected_at, context.now) + later
    return _followed(context, transfer, was, "transfer.processing")


def _is_late(transfer: Transfer, promised: datetime | None, now: datetime) -> bool:
    """Whether it had been acknowledged, and its time was over."""
    acknowledged = transfer.failure_code == LATE[0] or transfer.requeries > 0
    is_over = promised is not None and promised <= now
    return transfer.status == Status.OUTCOME_UNKNOWN and acknowledged and is_over


def _completed(
    context: Context, transfer: Transfer, was: Mapping[str, Any], reply: Reply, _asked: str
) -> Plan:
    did = Done(reply.settled or transfer.money, reply.delivered)
    if wrong := what_is_wrong(transfer, did):
        return _park(context, transfer, was, "WRONG_AMOUNT", wrong)
    return plan_settle(context, transfer, was, did)


def what_is_wrong(transfer: Transfer, did: Done) -> str:
    """Why what the provider says that it did is not what was asked of it, or nothing."""
    flow, paid, delivered = FLOWS[transfer.kind], did.paid, did.delivered
    if paid.currency != transfer.currency or paid > transfer.money:
        return f"The provider says it paid {paid}, not {transfer.money}."
    if paid < transfer.money and not (flow.settle_part and paid.is_positive):
        return f"The provider says it paid {paid} of {transfer.money}."
    if delivered is None:
        return f"The provider does not say what it delivered for {transfer.money}." if flow.delivers else ""
    if delivered.currency != transfer.received_currency or not delivered.is_positive:
        return f"The provider says it delivered {delivered} for {transfer.money}."
    return flow.unfit(transfer, delivered) if flow.unfit else ""


def _failed(context: Context, transfer: Transfer, was: Mapping[str, Any], reply: Reply, _asked: str) -> Plan:
    return plan_compensate(
        context, transfer, was, reply.code, reply.message or "The provider says that it failed."
    )


def _not_accepted(
    context: Context, transfer: Transfer, was: Mapping[str, Any], reply: Reply, _asked: str
) -> Plan:
    """Provably nothing happened: another provider, or the same one later, or the money goes back."""
    if transfer.status != Status.SENT_TO_PROVIDER or not reply.transient or transfer.attempts > len(LADDER):
        return _failed(context, transfer, was, reply, "")
    transfer.attempt_id = None
    transfer.failure_code, transfer.failure_message = reply.code, reply.message
    transfer.refused_by = [*transfer.refused_by, transfer.provider]
    others = routing.route(wanted(transfer, transfer.recipient), now=context.now, without=transfer.refused_by)
    transfer.next_attempt_at = context.now
    if others.provider is None:
        transfer.refused_by = []
        later = context.now + LADDER[transfer.attempts - 1]
        transfer.next_attempt_at = min(max(later, reply.retry_at or later), context.now + LADDER[-1])
    return _followed(context, transfer, was, DELAYED)


def _unknown(context: Context, transfer: Transfer, was: Mapping[str, Any], reply: Reply, asked: str) -> Plan:
    """Asked after on the ladder, never sent again; in the end for a person. What the provider has acknowledged meanwhile
    is known, and asked after when its time is over.
    """
    if transfer.status == Status.MANUAL_REVIEW:
        return _still_reviewed(context, transfer, was)
    if transfer.status == Status.PROVIDER_PROCESSING:
        return _nothing(transfer)
    if transfer.status == Status.OUTCOME_UNKNOWN and asked == Action.SUBMIT:
        return _nothing(transfer)
    if transfer.status != Status.OUTCOME_UNKNOWN:
        transfer.lose_track()
        transfer.requeries = 0
    else:
        transfer.requeries += 1
    transfer.failure_code, transfer.failure_message = reply.code, reply.message
    if transfer.requeries >= len(LADDER):
        if transfer.provider_reference and transfer.expected_at and transfer.expected_at > context.now:
            return _accepted(context, transfer, was, reply, "")
        return _park(context, transfer, was, *UNTOLD)
    transfer.next_attempt_at = context.now + LADDER[transfer.requeries]
    return _followed(context, transfer, was, "transfer.outcome_unknown")


def _returned(
    context: Context, transfer: Transfer, was: Mapping[str, Any], reply: Reply, _asked: str
) -> Plan:
    """It came back before we knew that it had gone: for the books it never went, if all of it came back."""
    if not reply.came_back_whole(transfer.money) or reply.delivered:
        what = f"The provider says that {reply.returned} of {reply.settled or transfer.money} came back."
        return _park(context, transfer, was, "WRONG_AMOUNT", what)
    return plan_compensate(
        context,
        transfer,
        was,
        reply.code or "RETURNED",
        reply.message or "The recipient's bank sent it back.",
    )


def _park(context: Context, transfer: Transfer, was: Mapping[str, Any], code: str, message: str) -> Plan:
    """For a person, who sees all evidence; whoever has it already is told what is new, once."""
    if transfer.status == Status.MANUAL_REVIEW and (transfer.failure_code, transfer.failure_message) == (
        code,
        message,
    ):
        return _still_reviewed(context, transfer, was)
    if transfer.status in {Status.SENT_TO_PROVIDER, Status.PROVIDER_PROCESSING}:
        transfer.lose_track()
    if transfer.status == Status.OUTCOME_UNKNOWN:
        transfer.park()
    transfer.failure_code, transfer.failure_message, transfer.next_attempt_at = code, message, None
    plan = _followed(context, transfer, was, "payout.manual_review")
    alarm = {"reason": "manual review", "transfer": transfer.pk, "code": code, "message": message}
    return Plan(
        updates=plan.updates,
        result=plan.result,
        events=[*plan.events, EventDraft("alert.raised", transfer.pk, alarm)],
    )


def _still_reviewed(context: Context, transfer: Transfer, was: Mapping[str, Any]) -> Plan:
    """A person asked again, and is not told more."""
    transfer.next_attempt_at, transfer.changed_at = None, context.now
    return Plan(updates=[Update(transfer, FOLLOWED, was)], result=told(transfer))


def park(context: Context, transfer: Transfer, code: str, message: str) -> Plan:
    """Leave it to a person."""
    was = {"status": transfer.status, "attempt_id": transfer.attempt_id}
    return _park(context, transfer, was, code, message)


def lose_track(context: Context, transfer: Transfer, code: str, message: str) -> Plan:
    """Nothing was heard of it in time: it is asked after at once, and then where it stands on the ladder."""
    was = {"status": transfer.status, "attempt_id": transfer.attempt_id}
    transfer.lose_track()
    transfer.next_attempt_at = context.now
    transfer.failure_code, transfer.failure_message = code, message
    return _followed(context, transfer, was, "transfer.outcome_unknown")


def _late(context: Context, transfer: Transfer, reply: Reply, about: str) -> Plan:
    """Of what has ended, or of an earlier submission: it came back, or it contradicts what we did and is told loudly."""
    counts = _counts(transfer, about)
    if counts and transfer.status == Status.PROVIDER_COMPLETED and reply.outcome == Outcome.RETURNED:
        raise NotSettledYet(f"{transfer.pk} was paid, and is not settled yet.")
    if counts and transfer.status == Status.COMPLETED and reply.outcome == Outcome.RETURNED:
        can = FLOWS[transfer.kind].comes_back
        return plan_return(context, transfer, reply) if can else _contradicted(transfer, reply, about)
    paid = reply.outcome in {Outcome.COMPLETED, Outcome.RETURNED}
    unpaid = reply.outcome in {Outcome.FAILED, Outcome.CANCELLED, Outcome.NOT_ACCEPTED}
    settled = transfer.status in PAID
    if not settled and reply.came_back_whole(transfer.money):
        return _nothing(transfer)
    if not (paid or unpaid) or (paid and counts and settled) or (unpaid and not (counts and settled)):
        return _nothing(transfer)
    return _contradicted(transfer, reply, about)


def _contradicted(transfer: Transfer, reply: Reply, about: str) -> Plan:
    """Nothing moves on news that speaks against what was done: a person looks."""
    said = f"The provider says {reply.outcome} of {about}; {transfer.pk} is {transfer.status}."
    data = {"reason": "contradiction", "transfer": transfer.pk, "message": said}
    return Plan(result=told(transfer), events=[EventDraft("alert.raised", transfer.pk, data)])


def _nothing(transfer: Transfer) -> Plan:
    return Plan(result=told(transfer))


def _followed(context: Context, transfer: Transfer, was: Mapping[str, Any], event: str) -> Plan:
    """The transfer as it is now; told once for each status, and for each try that was not accepted."""
    transfer.changed_at = context.now
    result = {**told(transfer), "next_attempt_at": transfer.next_attempt_at}
    is_news = transfer.status != was["status"] or event == DELAYED
    return Plan(
        updates=[Update(transfer, FOLLOWED, was)],
        result=result,
        events=[EventDraft(event, transfer.pk, result, book_id=transfer.book_id)] if is_news else [],
    )


_Step = Callable[[Context, Transfer, Mapping[str, Any], Reply, str], Plan]

_STEPS: Final[Mapping[Outcome, _Step]] = {
    Outcome.ACCEPTED: _accepted,
    Outcome.COMPLETED: _completed,
    Outcome.FAILED: _failed,
    Outcome.CANCELLED: _failed,
    Outcome.RETURNED: _returned,
    Outcome.NOT_ACCEPTED: _not_accepted,
    Outcome.NOT_FOUND: _unknown,
    Outcome.UNKNOWN: _unknown,
}
