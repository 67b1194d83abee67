"""Deciding about approval requests, and running what was approved."""

from typing import Literal, cast

from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.operations import people, registry
from apps.operations.errors import PermissionDenied
from apps.operations.models import ApprovalRequest, ApprovalStatus, Decision
from apps.operations.plan import Context, EventDraft, Plan, Request, Update
from apps.operations.registry import Input, Target


class ApprovalNotPending(DomainError):
    """The request was decided already."""

    code = "APPROVAL_NOT_PENDING"
    http_status = 409


class ApprovalChanged(DomainError):
    """What would be done is no longer what was looked at."""

    code = "APPROVAL_CHANGED"
    http_status = 409


class ApprovalByMaker(DomainError):
    """Who asked for it may not decide about it."""

    code = "APPROVAL_BY_MAKER"
    http_status = 403


class ApprovalTwice(DomainError):
    """A person decides once about the same thing."""

    code = "APPROVAL_TWICE"
    http_status = 409


def request_target(data: Input) -> list[Target]:
    """The approval request that a decision is about."""
    return [Target(ApprovalRequest, data["request"])]


def plan_approve(context: Context, *, request: str, comment: str, seen: str) -> Plan:
    """One person's yes. The last one that is needed opens the run, which follows as an Operation of its own."""
    found = _pending(context, request)
    if seen and seen != bytes(found.approved_hash).hex():
        raise ApprovalChanged(
            "What it would do has changed since you looked at it; look again.", field="/request"
        )
    decision = _decision(context, found, approves=True, comment=comment)
    said = found.decisions.filter(approves=True, approved_hash=found.approved_hash).count() + 1
    result = {"request": request, "approvals": said, "approvers_needed": found.approvers_needed}
    if said < found.approvers_needed:
        return Plan(result=result, rows=[decision])
    was = {"status": found.status}
    found.approve()
    found.decided_at = context.now
    return Plan(
        result=result,
        rows=[decision],
        updates=[Update(found, ("status", "decided_at"), was)],
        events=[EventDraft("approval.granted", request, result)],
        follow_ups=[application_of(found)],
    )


def plan_reject(context: Context, *, request: str, comment: str) -> Plan:
    """One person's no, which ends the request."""
    found = _pending(context, request)
    decision = _decision(context, found, approves=False, comment=comment)
    was = {"status": found.status}
    found.reject()
    found.decided_at = context.now
    result = {"request": request}
    return Plan(
        result=result,
        rows=[decision],
        updates=[Update(found, ("status", "decided_at"), was)],
        events=[EventDraft("approval.rejected", request, {**result, "comment": comment})],
        follow_ups=[rejected] if (rejected := _if_rejected(found)) else [],
    )


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
    """What a crash between decision and run has left over."""
    waiting = ApprovalRequest.objects.filter(status=ApprovalStatus.APPROVED).order_by("pk")
    return [application_of(request) for request in waiting]


def _if_rejected(request: ApprovalRequest) -> Request | None:
    """What the command that was rejected wants to be done about it."""
    command = registry.find(request.command)
    return command.if_rejected(request.input) if command.if_rejected else None


def _maker(request: ApprovalRequest) -> Actor:
    """The maker as they are now; one who left may do nothing any more, so the run will be refused."""
    try:
        return people.actor(request.maker_kind, request.maker_id)
    except DomainError:
        kind = cast(Literal["user", "api_key", "system"], request.maker_kind)
        return Actor(kind, request.maker_id, request.maker_label, frozenset())


def _pending(context: Context, request_id: str) -> ApprovalRequest:
    found: ApprovalRequest = context.locked[ApprovalRequest, request_id]  # type: ignore[assignment]
    if found.status != ApprovalStatus.PENDING:
        raise ApprovalNotPending(f"{request_id} is {found.get_status_display()} already.", field="/request")
    if not context.actor.is_person or found.role not in context.actor.roles:
        raise PermissionDenied(f"Only people with the role {found.role} decide about this.")
    if context.actor.id == found.maker_id:
        raise ApprovalByMaker("You asked for this yourself; somebody else must decide about it.")
    if found.decisions.filter(actor_id=context.actor.id, approved_hash=found.approved_hash).exists():
        raise ApprovalTwice("You have decided about this already.")
    return found


def _decision(context: Context, request: ApprovalRequest, *, approves: bool, comment: str) -> Decision:
    return Decision(
        request=request,
        approved_hash=bytes(request.approved_hash),
        approves=approves,
        actor_id=context.actor.id,
        actor_label=context.actor.label,
        comment=comment,
        created_at=context.now,
    )
