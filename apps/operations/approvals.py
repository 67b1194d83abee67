"""Who else must agree to a command, and what exactly they agree to."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from apps.core.canonical import canonical_json, fingerprint
from apps.operations import conditions, deciding, isolation, people, quorum
from apps.operations.errors import ApprovalLapsed, ApprovalStale
from apps.operations.facts import of_anything
from apps.operations.models import ApprovalPolicy, ApprovalRequest, ApprovalStatus, PolicyStatus
from apps.operations.plan import Context, EventDraft, Plan, Request, Update
from apps.operations.registry import Command
from apps.operations.rendering import render_plan
from apps.operations.run import Outcome, Run, prepare

APPROVER: Final = "approver"

MAKERS: Final = "makers"
"""Beside the facts of an operation, the people who asked for it before: no command has a name without a dot."""

ROUND: Final = (
    *("status", "approved_hash", "preview", "facts", "round"),
    *("steps", "in_sequence", "approvers_needed", "policies"),
)

_built_in: list[ApprovalPolicy] = []


def build_in(name: str, command: str, *block: Mapping[str, Any]) -> None:
    """Say once of a command what nobody can retire: that it takes an approver, too, where the conditions hold."""
    steps = [{"role": APPROVER, "people": 1}]
    blocks = [list(block)] if block else []
    _built_in.append(ApprovalPolicy(name=name, version=0, command=command, blocks=blocks, steps=steps))


@dataclass(frozen=True, slots=True)
class Asked:
    """Who must agree by all the policies that are met."""

    policies: tuple[ApprovalPolicy, ...]
    steps: list[dict[str, Any]]
    in_sequence: bool

    @property
    def people(self) -> int:
        """How many different people."""
        return quorum.people(self.steps)


def governed(commands: Iterable[Command]) -> list[str]:
    """The names of those of these commands that may wait for approval, and of what they may ask for."""
    names = {
        name
        for command in commands
        for name in (command.facts and command.name, command.asks_for)
        if name is not None
    }
    return sorted(names)


def in_force(stored: Iterable[ApprovalPolicy], names: Collection[str]) -> list[ApprovalPolicy]:
    """All policies for the commands of these names: those that are stored, and those that are built in."""
    return [*stored, *(policy for policy in _built_in if policy.command in names)]


def _of(names: Collection[str]) -> list[ApprovalPolicy]:
    return in_force(ApprovalPolicy.objects.filter(status=PolicyStatus.ACTIVE, command__in=names), names)


def asked(command: str, facts: Mapping[str, Any], policies: Iterable[ApprovalPolicy]) -> Asked | None:
    """Who must agree to a command with these facts; None if no policy asks.

    Of several the one that asks for the most people counts, and of each role as many as any of them wants. So a policy
    can only ask for more people than the others do, never for fewer.
    """
    met = _met(command, facts, policies)
    return Asked(tuple(met), *_merged(met)) if met else None


def _met(command: str, facts: Mapping[str, Any], policies: Iterable[ApprovalPolicy]) -> list[ApprovalPolicy]:
    met = [
        policy
        for policy in policies
        if policy.command == command and conditions.any_holds(policy.blocks, facts)
    ]
    return sorted(met, key=lambda policy: (-quorum.people(policy.steps), policy.name))


def _merged(asking: Sequence[ApprovalPolicy | ApprovalRequest]) -> tuple[list[dict[str, Any]], bool]:
    """The steps that all of these ask for, and whether they are in sequence: those that are so keep theirs before all others."""
    steps: list[dict[str, Any]] = []
    for each in sorted(asking, key=lambda each: not each.in_sequence):
        steps += _missing(steps, each.steps)
    return steps, any(each.in_sequence for each in asking)


def _named(policies: Iterable[ApprovalPolicy]) -> list[dict[str, Any]]:
    return [{"policy": policy.name, "version": policy.version} for policy in policies]


def _missing(steps: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What other steps want of each role beyond these."""
    there, needed = _by_role(steps), _by_role(wanted)
    return [
        {"role": role, "people": count - there.get(role, 0)}
        for role, count in needed.items()
        if count > there.get(role, 0)
    ]


def _by_role(steps: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for step in steps:
        counts[step["role"]] = counts.get(step["role"], 0) + step["people"]
    return counts


def ask_others(run: Run, context: Context) -> None:
    """Put an approval request in the place of the plan where a policy asks for one, and keep what policies could see."""
    plan = run.plan or Plan(result={})
    if run.applies:
        if bytes(run.applies.approved_hash) == approved_hash(run, plan):
            _check_agreed(run.applies)
            return
        _begin_another_round(run.applies, run, plan, context)
        raise ApprovalStale(
            "What it would do has changed since it was approved; it is with the approvers again."
        )
    run.facts = {**plan.facts, MAKERS: sorted(plan.makers)} if plan.makers else plan.facts
    who, facts = _who(run, plan, context)
    if facts:
        run.facts = {**run.facts, run.command.name: facts}
    if who:
        run.asks = new_request(run, plan, facts, who, context.now)


def _begin_another_round(request: ApprovalRequest, run: Run, plan: Plan, context: Context) -> None:
    """Ask about what it would do now: who had to agree, and whoever policies ask for now that did not before."""
    told = run.command.facts(context, plan, **run.input) if run.command.facts else {}
    facts = {**request.facts, **told}
    with isolation.as_platform():
        met = _met(request.command, facts, _of({request.command}))
    request.approved_hash, request.preview = approved_hash(run, plan), render_plan(plan)
    request.facts, request.round = _json(facts), request.round + 1
    request.steps, request.in_sequence = _merged([request, *met])
    request.approvers_needed = quorum.people(request.steps)
    request.policies += [each for each in _named(met) if each not in request.policies]


def _check_agreed(request: ApprovalRequest) -> None:
    """Who agreed must still be somebody who may."""
    with isolation.as_platform():
        if not deciding.is_agreed(request):
            raise ApprovalLapsed(
                "Somebody who agreed to it may not decide any more; it is with the approvers again."
            )


def in_preview(run: Run, plan: Plan, context: Context) -> dict[str, Any] | None:
    """Who would be asked, as a preview shows it; tenants are told how many people, and not by which rule of the platform's."""
    who, _facts = _who(run, plan, context)
    if who is None:
        return None
    if context.actor.book_id is not None:
        return {"approvers_needed": who.people}
    names = ", ".join(policy.name for policy in who.policies)
    return {
        "policy": names,
        "approvers_needed": who.people,
        "steps": who.steps,
        "in_sequence": who.in_sequence,
    }


def _who(run: Run, plan: Plan, context: Context) -> tuple[Asked | None, Mapping[str, Any]]:
    if run.command.facts is None:
        return None, {}
    facts = {**of_anything(context), **run.command.facts(context, plan, **run.input)}
    return asked(run.command.name, facts, context.policies), facts


def approved_hash(run: Run, plan: Plan) -> bytes:
    """What is approved: the command and its version, its input, its postings and their templates, and what the plan adds to it.

    Balances, times and new ids are no part of it, so planning the same again gives the same hash; an account that the plan
    makes for itself, whose address has such an id, stands in it by its place.
    """
    own = {str(each.address): f"own:{at}" for at, each in enumerate(plan.own_accounts)}  # type: ignore[attr-defined]
    postings = [
        [
            *(entry.book_id, entry.kind, entry.template, entry.involuntary),
            *(own.get(each, each) for each in (posting.source, posting.destination)),
            posting.amount,
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
    run: Run,
    plan: Plan,
    facts: Mapping[str, Any],
    who: Asked,
    now: datetime,
    makers: Collection[str] = (),
) -> ApprovalRequest:
    """The request that waits in place of the run. `makers` are people who asked for it before, too."""
    actor = run.request.actor
    with isolation.as_platform():
        behind = people.behind(actor.kind, actor.id)
    request: ApprovalRequest = ApprovalRequest(
        book_id=run.book_id,
        command=run.command.name,
        version=run.command.version,
        input=_json(run.input),
        facts=_json(facts),
        preview=render_plan(plan),
        approved_hash=approved_hash(run, plan),
        policies=_named(who.policies),
        steps=who.steps,
        in_sequence=who.in_sequence,
        approvers_needed=who.people,
        maker_kind=actor.kind,
        maker_id=actor.id,
        maker_label=actor.label,
        maker_people=sorted({*behind, *makers}),
        created_at=now,
    )
    with isolation.as_platform():
        request.nobody_eligible = not can_be_filled(request, ())
    return request


def can_be_filled(request: ApprovalRequest, said: Sequence[quorum.Yes], but: Iterable[str] = ()) -> bool:
    """Whether there are people, other than the maker and some others, for all that is left."""
    others = eligible(request.steps, {*request.makers, *but})
    return quorum.can_be_filled(request.steps, request.in_sequence, said, others)


def eligible(steps: quorum.Steps, but: Collection[str] = ()) -> dict[str, set[str]]:
    """Who could decide about these steps, other than some, with the roles that they have of them."""
    found: dict[str, set[str]] = {}
    for role in {step["role"] for step in steps}:
        for somebody in people.eligible(role).difference(but):
            found.setdefault(somebody, set()).add(role)
    return found


def no_approver(request: ApprovalRequest) -> EventDraft:
    """Tells us that nobody is there who could agree: who our approvers are is no tenant's business."""
    data = {
        "reason": "no eligible approver",
        "request": request.pk,
        "command": request.command,
        "role": " ".join(dict.fromkeys(step["role"] for step in request.steps)),
    }
    return EventDraft("alert.raised", request.pk, data, ours=True)


def ask_for(
    context: Context,
    command: str,
    data: Mapping[str, Any],
    facts: Mapping[str, Any],
    plan: Plan,
    makers: Collection[str] = (),
    besides: Iterable[tuple[str, Mapping[str, Any]]] = (),
) -> ApprovalRequest | None:
    """The request for a later command of the same maker, if a policy asks for one: `plan` is what that one will plan.

    It is a row of the asking plan, not its end: what that plan does, such as reserving, happens at once. `facts` are the
    whole of what policies may look at, which the asking plan keeps as its own `facts`; `makers` are people who asked before,
    which it keeps as its own, too.
    `besides` are commands with their facts that it stands for: who must agree to any of them, must agree to it.
    """
    who = _asked_of_all([(command, facts), *besides], context)
    if who is None:
        return None
    run = prepare(Request(command, data, context.key, context.actor, book_id=context.book.pk))
    if isinstance(run, Outcome) or run.error:
        raise ValueError(f"{command} cannot be asked for: {run.error}")
    return new_request(run, plan, facts, who, context.now, makers)


def _asked_of_all(told: Sequence[tuple[str, Mapping[str, Any]]], context: Context) -> Asked | None:
    """Who must agree to all of these, by the policies that any of them meets."""
    others = {command for command, _ in told[1:]}
    with isolation.as_platform():
        policies = [*context.policies, *(_of(others) if others else ())]
    met = {policy.pk: policy for command, facts in told for policy in _met(command, facts, policies)}
    ordered = sorted(met.values(), key=lambda policy: (-quorum.people(policy.steps), policy.name))
    return Asked(tuple(ordered), *_merged(ordered)) if ordered else None


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
        return [Update(request, ROUND, was)]
    if run.error.transient:
        return []
    request.refuse()
    return [Update(request, ("status",), was)]


def _json(value: Mapping[str, Any]) -> Any:
    return json.loads(canonical_json(value))
