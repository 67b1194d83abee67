"""Approval policies: drafted, changed while they are drafts, activated in the place of what was, retired."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError
from apps.operations import facts, quorum
from apps.operations.facts import Fact
from apps.operations.models import ApprovalPolicy, PolicyStatus
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target

Conditions = Sequence[Sequence[Mapping[str, Any]]]

OF_CHANGE = frozenset({"governs"})
facts.register(Fact("governs", _("Governed command")))

CONTENT = ("command", "blocks", "steps", "in_sequence", "reason", "drafted_by")


class PolicyNotDraft(DomainError):
    """Only a draft can be changed, activated or discarded: what was active stays as it was."""

    code = "POLICY_NOT_DRAFT"
    http_status = 409


class PolicyNotActive(DomainError):
    """Only an active policy can be retired."""

    code = "POLICY_NOT_ACTIVE"
    http_status = 409


class PolicyDraftExists(DomainError):
    """There is a draft of this policy already."""

    code = "POLICY_DRAFT_EXISTS"
    http_status = 409


class PolicyOtherCommand(DomainError):
    """A version of a policy is for the same command as those before it."""

    code = "POLICY_OTHER_COMMAND"
    http_status = 422


def target(data: Input) -> list[Target]:
    """The policy, which is locked."""
    return [Target(ApprovalPolicy, data["policy"])]


def plan_draft_policy(
    context: Context,
    *,
    name: str,
    governs: str,
    blocks: Conditions,
    steps: quorum.Steps,
    in_sequence: bool,
    reason: str,
) -> Plan:
    """Write down a new policy, or the next version of one. It holds nothing until it is activated."""
    versions = ApprovalPolicy.objects.filter(name=name)
    draft = versions.filter(status=PolicyStatus.DRAFT).first()
    if draft:
        raise PolicyDraftExists(
            f"There is a draft of {name!r}, {draft.pk}: change it or discard it.", field="/name"
        )
    _refuse_other_command(name, governs)
    policy: ApprovalPolicy = ApprovalPolicy(
        name=name,
        version=(versions.aggregate(last=Max("version"))["last"] or 0) + 1,
        command=governs,
        blocks=blocks,
        steps=steps,
        in_sequence=in_sequence,
        reason=reason,
        drafted_by=context.actor.label,
        created_at=context.now,
    )
    result = told(policy)
    return Plan(
        rows=[policy], result=result, events=[EventDraft("approval_policy.drafted", policy.pk, result)]
    )


def plan_change_policy(
    context: Context,
    *,
    policy: str,
    governs: str,
    blocks: Conditions,
    steps: quorum.Steps,
    in_sequence: bool,
    reason: str,
) -> Plan:
    """Change a draft, wholly: what is left out is as if it were drafted so."""
    found = _draft(context, policy)
    if governs != found.command:
        _refuse_other_command(found.name, governs)
    was = {"status": found.status}
    found.command, found.blocks, found.steps = governs, list(blocks), list(steps)
    found.in_sequence, found.reason, found.drafted_by = in_sequence, reason, context.actor.label
    result = told(found)
    return Plan(
        updates=[Update(found, CONTENT, was)],
        result=result,
        events=[EventDraft("approval_policy.changed", policy, result)],
    )


def plan_discard_policy(context: Context, *, policy: str, reason: str) -> Plan:
    """Give a draft up. It stays to be read."""
    found = _draft(context, policy)
    return _ended(context, found, "discard", reason)


def plan_activate_policy(context: Context, *, policy: str, reason: str) -> Plan:
    """Let a draft hold from now on, in the place of the version before it. Requests keep those under which they were raised."""
    found = _draft(context, policy)
    updates = []
    before = ApprovalPolicy.objects.filter(name=found.name, status=PolicyStatus.ACTIVE).first()
    if before:
        was = {"status": before.status}
        before.retire()
        before.ended_at = context.now
        # Updates are written in the order of their fields: the one before must have ended when the next one begins.
        updates.append(Update(before, ("ended_at", "status"), was))
    was = {"status": found.status}
    found.activate()
    found.activated_at = context.now
    updates.append(Update(found, ("status", "activated_at"), was))
    result = {**told(found), "replaces": before.version if before else None}
    return Plan(
        updates=updates,
        result=result,
        approved={**told(found), "replaces": before.pk if before else None},
        events=[EventDraft("approval_policy.activated", policy, {**result, "reason": reason})],
    )


def plan_retire_policy(context: Context, *, policy: str, reason: str) -> Plan:
    """Ask nobody any more by this policy. What was raised under it goes on."""
    found = _locked(context, policy)
    if found.status != PolicyStatus.ACTIVE:
        raise PolicyNotActive(
            f"{found} is {found.get_status_display().lower()} and asks nobody.", field="/policy"
        )
    return _ended(context, found, "retire", reason)


def change_facts(context: Context, plan: Plan, *, policy: str, **given: Any) -> Mapping[str, Any]:
    """What policies may ask of a change of policies: which command the policy is about."""
    return {"governs": _locked(context, policy).command}


def told(policy: ApprovalPolicy) -> dict[str, Any]:
    """What a policy says."""
    return {
        "policy": policy.pk,
        "name": policy.name,
        "version": policy.version,
        "status": policy.status,
        "governs": policy.command,
        "blocks": policy.blocks,
        "steps": policy.steps,
        "in_sequence": policy.in_sequence,
    }


def _ended(context: Context, found: ApprovalPolicy, how: str, reason: str) -> Plan:
    was = {"status": found.status}
    getattr(found, how)()
    found.ended_at = context.now
    result = told(found)
    return Plan(
        updates=[Update(found, ("status", "ended_at"), was)],
        result=result,
        approved=result,
        events=[EventDraft(f"approval_policy.{found.status}", found.pk, {**result, "reason": reason})],
    )


def _draft(context: Context, policy: str) -> ApprovalPolicy:
    found = _locked(context, policy)
    if found.status != PolicyStatus.DRAFT:
        raise PolicyNotDraft(
            f"{found} is {found.get_status_display().lower()}; draft its next version.", field="/policy"
        )
    return found


def _locked(context: Context, policy: str) -> ApprovalPolicy:
    found: ApprovalPolicy = context.locked[ApprovalPolicy, policy]  # type: ignore[assignment]
    return found


def _refuse_other_command(name: str, command: str) -> None:
    other = ApprovalPolicy.objects.filter(name=name, activated_at__isnull=False).exclude(command=command)
    if known := other.first():
        raise PolicyOtherCommand(
            f"{name!r} is about {known.command}; give a policy about {command} a name of its own.",
            field="/governs",
        )
