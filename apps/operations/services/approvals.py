"""Deciding about approval requests, taking a yes back, and running what was approved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, cast

from django.conf import settings
from django.db.models import Model

from apps.core import clock
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.operations import deciding, people, quorum, registry
from apps.operations.errors import PermissionDenied
from apps.operations.models import ApprovalRequest, ApprovalStatus, Decision, Undoing
from apps.operations.plan import Context, EventDraft, Plan, Request, Update
from apps.operations.registry import Input, Target


class ApprovalChanged(DomainError):
    """What would be done is no longer what was looked at."""

    code = "APPROVAL_CHANGED"
    http_status = 409


class NothingToUndo(DomainError):
    """This person has said nothing that could be taken back: no yes that counts, or it has run."""

    code = "NOTHING_TO_UNDO"
    http_status = 409


@dataclass(slots=True)
class _Said:
    """What becomes of requests that are decided about, collected."""

    rows: list[Model] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    events: list[EventDraft] = field(default_factory=list)
    follow_ups: list[Request] = field(default_factory=list)

    def plan(self, result: Mapping[str, Any]) -> Plan:
        """All of it."""
        return Plan(
            result=result,
            rows=self.rows,
            updates=self.updates,
            events=self.events,
            follow_ups=self.follow_ups,
        )


def undo_within() -> timedelta:
    """How long what was approved waits before it runs, so that a yes can be taken back."""
    return timedelta(seconds=settings.APPROVAL_UNDO_SECONDS)


def request_target(data: Input) -> list[Target]:
    """The approval request that a decision is about."""
    return [Target(ApprovalRequest, data["request"])]


def request_targets(data: Input) -> list[Target]:
    """All the approval requests that are decided about."""
    return [Target(ApprovalRequest, each["request"]) for each in data["requests"]]


def plan_approve(context: Context, *, request: str, comment: str, seen: str) -> Plan:
    """One person's yes. The last one that is needed opens the run, which follows as an Operation of its own."""
    said = _Said()
    person = _person(context)
    return said.plan(_approve(context, said, person, request, comment, seen))


def plan_reject(context: Context, *, request: str, comment: str) -> Plan:
    """One person's no, which ends the request."""
    said = _Said()
    person = _person(context)
    return said.plan(_reject(context, said, person, request, comment))


def plan_decide_many(
    context: Context, *, approves: bool, requests: Sequence[Mapping[str, str]], comment: str
) -> Plan:
    """The same yes or no to many requests at once, each by itself: what of one is refused holds up no other."""
    said, outcomes = _Said(), []
    person = _person(context)
    for each in requests:
        try:
            if approves:
                told = _approve(context, said, person, each["request"], comment, each["seen"])
            else:
                told = _reject(context, said, person, each["request"], comment)
            outcomes.append({**told, "refused": None})
        except DomainError as error:
            refused = {"code": error.code, "message": error.message}
            outcomes.append({"request": each["request"], "refused": refused})
    failed = sum(each["refused"] is not None for each in outcomes)
    return said.plan({"decided": len(outcomes) - failed, "refused": failed, "requests": outcomes})


def plan_undo(context: Context, *, request: str, reason: str) -> Plan:
    """Take a yes back, as long as what it is about has not run. In sequence what others said after it falls with it."""
    found = _locked(context, request)
    standing = deciding.standing(found)
    own = next((each for each in standing if each.actor_id == context.actor.id and each.approves), None)
    if found.status not in {ApprovalStatus.PENDING, ApprovalStatus.APPROVED}:
        raise NothingToUndo(
            f"{request} is {found.get_status_display()}; nothing can be taken back.", field="/request"
        )
    if own is None:
        raise NothingToUndo("You have said no yes that counts here.", field="/request")
    fall = standing[standing.index(own) :] if found.in_sequence else [own]
    rows = [Undoing(decision=each, reason=reason, created_at=context.now) for each in fall]
    result = {"request": request, "undone": len(rows), "approvals": len(standing) - len(rows)}
    updates = []
    if found.status == ApprovalStatus.APPROVED:
        was = {"status": found.status}
        found.ask_again()
        found.decided_at = None
        updates = [Update(found, ("status", "decided_at"), was)]
    event = EventDraft("approval.undone", request, {**result, "reason": reason})
    return Plan(result=result, rows=rows, updates=updates, events=[event])


def plan_withdraw(context: Context, *, request: str, reason: str) -> Plan:
    """Close a request that waits, because what it is about is over; one that waits no more stays as it is."""
    found: ApprovalRequest = context.locked[ApprovalRequest, request]  # type: ignore[assignment]
    result = {"request": request, "reason": reason}
    if found.status != ApprovalStatus.PENDING:
        return Plan(result=result)
    was = {"status": found.status}
    found.withdraw()
    found.decided_at = context.now
    event = EventDraft("approval.withdrawn", request, result, book_id=found.book_id)
    return Plan(result=result, updates=[Update(found, ("status", "decided_at"), was)], events=[event])


def application_of(request: ApprovalRequest) -> Request:
    """The run that was approved, by its maker as they are now; its key makes it happen once."""
    return Request(
        command=request.command,
        input=request.input,
        key=f"{request.pk}:apply",
        actor=_maker(request),
        origin="approval",
        book_id=request.book_id,
        approval_request_id=request.pk,
    )


def approved_but_not_applied() -> list[Request]:
    """What a crash between decision and run has left over, and what has waited long enough to be taken back."""
    waiting = ApprovalRequest.objects.filter(status=ApprovalStatus.APPROVED)
    if within := undo_within():
        waiting = waiting.exclude(decided_at__gt=clock.now() - within)
    return [application_of(request) for request in waiting.order_by("pk")]


def _approve(
    context: Context, said: _Said, person: deciding.Person, request: str, comment: str, seen: str
) -> dict[str, Any]:
    found = _locked(context, request)
    if found.status == ApprovalStatus.PENDING and seen != bytes(found.approved_hash).hex():
        raise ApprovalChanged(
            "What it would do has changed since you looked at it; look again.", field="/request"
        )
    standing, holders = deciding.standing(found), deciding.Holders()
    say = deciding.say_of(found, person, standing, holders, approves=True)
    said.rows.append(_decision(context, found, say, approves=True, comment=comment))
    yeses = [*deciding.yeses(standing, holders), quorum.Yes(say.for_id, say.roles)]
    told = {"request": request, "approvals": len(yeses), "approvers_needed": found.approvers_needed}
    if not quorum.is_complete(found.steps, found.in_sequence, yeses):
        return told
    was = {"status": found.status}
    found.approve()
    found.decided_at = context.now
    said.updates.append(Update(found, ("status", "decided_at"), was))
    said.events.append(EventDraft("approval.granted", request, told))
    if not undo_within():
        said.follow_ups.append(application_of(found))
    return told


def _reject(
    context: Context, said: _Said, person: deciding.Person, request: str, comment: str
) -> dict[str, Any]:
    found = _locked(context, request)
    say = deciding.say_of(found, person, deciding.standing(found), deciding.Holders(), approves=False)
    said.rows.append(_decision(context, found, say, approves=False, comment=comment))
    was = {"status": found.status}
    found.reject()
    found.decided_at = context.now
    said.updates.append(Update(found, ("status", "decided_at"), was))
    said.events.append(EventDraft("approval.rejected", request, {"request": request, "comment": comment}))
    if follows := _if_rejected(found):
        said.follow_ups.append(follows)
    return {"request": request}


def _if_rejected(request: ApprovalRequest) -> Request | None:
    """What the command that was rejected wants to be done about it."""
    command = registry.find(request.command)
    return command.if_rejected(request.input) if command.if_rejected else None


def _maker(request: ApprovalRequest) -> Actor:
    """The maker as they are now; one who left may do nothing any more, so the run will be refused.

    What a part of the system may do is code, and it has asked for this.
    """
    try:
        return people.actor(request.maker_kind, request.maker_id)
    except DomainError:
        kind = cast(Literal["user", "api_key", "system"], request.maker_kind)
        may = {registry.find(request.command).permission} if kind == "system" else set()
        return Actor(kind, request.maker_id, request.maker_label, frozenset(may))


def _person(context: Context) -> deciding.Person:
    """Who decides: a person, never a key or a part of the system."""
    actor = context.actor
    if not actor.is_person:
        raise PermissionDenied(f"Only people decide about requests, unlike {actor.label}.")
    stands_in = deciding.stands_in_for(actor.id, context.now, deciding.Holders())
    return deciding.Person(actor.id, actor.label, actor.roles, stands_in)


def _locked(context: Context, request: str) -> ApprovalRequest:
    found: ApprovalRequest = context.locked[ApprovalRequest, request]  # type: ignore[assignment]
    deciding.prefetch([found])
    return found


def _decision(
    context: Context, request: ApprovalRequest, say: deciding.Say, *, approves: bool, comment: str
) -> Decision:
    before = [each for each in deciding.about_this(request) if deciding.is_undone(each)]
    who = {context.actor.id, say.for_id}
    return Decision(
        request=request,
        approved_hash=bytes(request.approved_hash),
        approves=approves,
        actor_id=context.actor.id,
        actor_label=context.actor.label,
        for_id=say.for_id,
        for_label="" if say.for_id == context.actor.id else say.for_label,
        roles=sorted(say.roles),
        round=request.round,
        turn=sum(bool(who & {each.actor_id, each.for_id}) for each in before),
        comment=comment,
        created_at=context.now,
    )
