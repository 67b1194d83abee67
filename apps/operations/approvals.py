"""Who else must agree to a command, and what exactly they agree to."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.core.canonical import canonical_json, fingerprint
from apps.operations import isolation, people
from apps.operations.models import ApprovalPolicy, ApprovalRequest
from apps.operations.plan import Plan
from apps.operations.rendering import render_plan
from apps.operations.run import Run

OPERATORS = frozenset({"eq", "ne", "in", "gte", "lte"})


def policies(commands: Iterable[str]) -> list[ApprovalPolicy]:
    """The policies that are in force for these commands."""
    names = set(commands)
    return list(ApprovalPolicy.objects.filter(enabled=True, command__in=names)) if names else []


def facts_of(run: Run, plan: Plan, context: Any) -> dict[str, Any]:
    """What the policies may look at: who asks from where, and what the command says of itself."""
    own = run.command.facts(context, plan, **run.input) if run.command.facts else {}
    return {
        "actor_kind": run.request.actor.kind,
        "origin": run.request.origin,
        "book": context.book.slug,
        "hour": context.now.hour,
        **own,
    }


def strictest(
    run: Run, facts: Mapping[str, Any], in_force: Iterable[ApprovalPolicy]
) -> ApprovalPolicy | None:
    """Of the policies that these facts meet, the one that asks for the most people."""
    met = [
        policy
        for policy in in_force
        if policy.command == run.command.name
        and all(_holds(condition, facts) for condition in policy.conditions)
    ]
    return max(met, key=lambda policy: policy.approvers_needed, default=None)


def approved_hash(run: Run, plan: Plan) -> bytes:
    """What is approved: the command and its version, its input, its postings and their templates, and what the plan adds to it.

    Balances, times and new ids are no part of it, so planning the same again gives the same hash.
    """
    postings = [
        [entry.book_id, entry.kind, entry.template, posting.source, posting.destination, posting.amount]
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


def _json(value: Mapping[str, Any]) -> Any:
    return json.loads(canonical_json(value))


def _holds(condition: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """Whether one condition is met. What is not known counts as above any threshold."""
    fact, operator, value = facts.get(condition["fact"]), condition["op"], condition["value"]
    if operator == "eq":
        return bool(fact == value)
    if operator == "ne":
        return bool(fact != value)
    if operator == "in":
        return bool(fact in value)
    known = _number(fact)
    if known is None:
        return bool(operator == "gte")
    bound = Decimal(str(value))
    return bool(known >= bound) if operator == "gte" else bool(known <= bound)


def _number(fact: Any) -> Decimal | None:
    try:
        return Decimal(str(fact))
    except InvalidOperation:
        return None
