"""Who else must agree to a command, and what exactly they agree to."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from apps.core.canonical import canonical_json, fingerprint
from apps.operations import conditions, isolation, people
from apps.operations.errors import ApprovalStale
from apps.operations.models import ApprovalPolicy, ApprovalRequest, ApprovalStatus
from apps.operations.plan import Context, Plan, Request, Update
from apps.operations.registry import Command
from apps.operations.rendering import render_plan
from apps.operations.run import Outcome, Run, prepare


def in_force(commands: Iterable[Command]) -> list[ApprovalPolicy]:
    """The policies for those of these commands that may wait for approval, and for what they may ask for."""
    names = {
        name
        for command in commands
        for name in (command.facts and command.name, command.asks_for)
        if name is not None
    }
    return list(ApprovalPolicy.objects.filter(enabled=True, command__in=names)) if names else []


def facts_of(run: Run, plan: Plan, context: Context) -> dict[str, Any]:
    """What the policies may look at: who asks from where, and what the command says of itself."""
    own = run.command.facts(context, plan, **run.input) if run.command.facts else {}
    return {**_of_anything(context), **own}


def _of_anything(context: Context) -> dict[str, Any]:
    return {
        "actor_kind": context.actor.kind,
        "origin": context.origin,
        "book": context.book.slug,
        "hour": context.now.hour,
    }


def is_governed(command: Command, policies: Iterable[ApprovalPolicy]) -> bool:
    """Whether any policy asks about this command, so that its facts are worth finding out."""
    return command.facts is not None and any(policy.command == command.name for policy in policies)


def strictest(
    command: str, facts: Mapping[str, Any], policies: Iterable[ApprovalPolicy]
) -> ApprovalPolicy | None:
    """Of the policies that these facts meet, the one that asks for the most people."""
    met = [
        policy
        for policy in policies
        if policy.command == command and conditions.all_hold(policy.conditions, facts)
    ]
    return max(met, key=lambda policy: policy.approvers_needed, default=None)


def approved_hash(run: Run, plan: Plan) -> bytes:
    """What is approved: the command and its version, its input, its postings and their templates, and what the plan adds to it.

    Balances, times and new ids are no part of it, so planning the same again gives the same hash.
    """
    postings = [
        [
            *(entry.book_id, entry.kind, entry.template, entry.involuntary),
            *(posting.source, posting.destination, posting.amount),
        ]
        for entry in plan.posts
        for posting in entry.postings
    ]
    return fingerprint(
        {
            "command": run.command.name,
            "version": run.command.version,
            "input": run.input_hash.hex(),
            "postings": postings,
            "approved": plan.approved,
        }
    )


def new_request(
    run: Run, plan: Plan, facts: Mapping[str, Any], policy: ApprovalPolicy, now: datetime
) -> ApprovalRequest:
    """The request that waits in place of the run."""
    actor = run.request.actor
    with isolation.as_platform():
        others = people.eligible(policy.role) - {actor.id}
    request: ApprovalRequest = ApprovalRequest(
        book_id=run.book_id,
        command=run.command.name,
        version=run.command.version,
        input=_json(run.input),
        facts=_json(facts),
        preview=render_plan(plan),
        approved_hash=approved_hash(run, plan),
        approvers_needed=policy.approvers_needed,
        role=policy.role,
        nobody_eligible=len(others) < policy.approvers_needed,
        maker_kind=actor.kind,
        maker_id=actor.id,
        maker_label=actor.label,
        created_at=now,
    )
    return request


def ask_for(
    context: Context,
    command: str,
    data: Mapping[str, Any],
    facts: Callable[[], Mapping[str, Any]],
    plan: Plan,
) -> ApprovalRequest | None:
    """The request for a later command of the same maker, if a policy asks for one: `plan` is what that one will plan.

    It is a row of the asking plan, not its end: what that plan does, such as reserving, happens at once.
    """
    if not context.policies:
        return None
    known = {**_of_anything(context), **facts()}
    policy = strictest(command, known, context.policies)
    if policy is None:
        return None
    run = prepare(Request(command, data, context.key, context.actor, book_id=context.book.pk))
    if isinstance(run, Outcome) or run.error:
        raise ValueError(f"{command} cannot be asked for: {run.error}")
    return new_request(run, plan, known, policy, context.now)


def updates_of(run: Run) -> list[Update]:
    """What becomes of the approval request that this run applies."""
    request = run.applies
    if request is None or request.status != ApprovalStatus.APPROVED:
        return []
    was = {"status": request.status}
    if run.error is None:
        request.apply()
        return [Update(request, ("status",), was)]
    if isinstance(run.error, ApprovalStale):
        request.ask_again()
        return [Update(request, ("status", "approved_hash", "preview"), was)]
    if run.error.transient:
        return []
    request.refuse()
    return [Update(request, ("status",), was)]


def _json(value: Mapping[str, Any]) -> Any:
    return json.loads(canonical_json(value))
