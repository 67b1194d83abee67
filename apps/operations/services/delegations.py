"""Standing in for somebody: until a moment, a person may decide in the place of another."""

from datetime import datetime, timedelta
from typing import Final

from apps.core import clock
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.operations import people
from apps.operations.errors import PermissionDenied
from apps.operations.models import Delegation
from apps.operations.plan import Context, EventDraft, Plan, Update
from apps.operations.registry import Input, Target

LONGEST: Final = timedelta(days=90)
ADMIN: Final = "admin"
"""Who delegates for others, such as for somebody who fell ill."""


class DelegationUnfit(DomainError):
    """Who delegates must have the role, the other must be one who may decide, and it must end soon enough."""

    code = "DELEGATION_UNFIT"
    http_status = 422


class DelegationOver(DomainError):
    """The delegation was withdrawn, or is over."""

    code = "DELEGATION_OVER"
    http_status = 409


def target(data: Input) -> list[Target]:
    """The delegation, which is locked."""
    return [Target(Delegation, data["delegation"])]


def plan_delegate(
    context: Context, *, delegate: str, role: str, until: datetime, reason: str, delegator: str | None
) -> Plan:
    """Let somebody decide in one's place until a moment: with the role, and never about what they or oneself asked for."""
    _check_time(context, until)
    giver = _giver(context, delegator)
    if giver.id not in people.eligible(role):
        raise DelegationUnfit(
            f"{giver.label} does not have the role {role} and cannot lend it.", field="/role"
        )
    taker = _person(delegate, "/delegate")
    if taker.id == giver.id:
        raise DelegationUnfit("Nobody stands in for themselves.", field="/delegate")
    if taker.id == context.actor.id:
        raise DelegationUnfit(
            f"Nobody gives themselves the say of {giver.label}; another admin or {giver.label} does.",
            field="/delegate",
        )
    if not taker.roles & set(people.roles()):
        raise DelegationUnfit(
            f"{taker.label} has no role whose people decide: {', '.join(people.roles())}.", field="/delegate"
        )
    made = Delegation(
        role=role,
        from_id=giver.id,
        from_label=giver.label,
        to_id=taker.id,
        to_label=taker.label,
        made_by_id=context.actor.id,
        made_by_label=context.actor.label,
        until=until,
        reason=reason,
        created_at=context.now,
    )
    result = {
        "delegation": made.pk,
        "role": role,
        "from": giver.id,
        "to": taker.id,
        "until": until,
        "made_by": context.actor.id,
    }
    event = EventDraft("approval.delegated", made.pk, {**result, "reason": reason})
    return Plan(rows=[made], result=result, events=[event])


def plan_withdraw_delegation(context: Context, *, delegation: str, reason: str) -> Plan:
    """End a delegation before its time. What was decided under it stays."""
    found: Delegation = context.locked[Delegation, delegation]  # type: ignore[assignment]
    if found.withdrawn_at or found.until <= context.now:
        raise DelegationOver(f"{delegation} is over already.", field="/delegation")
    if context.actor.id not in {found.from_id, found.to_id} and ADMIN not in context.actor.roles:
        raise PermissionDenied("Who gave it, who has it, or an admin ends a delegation.")
    found.withdrawn_at, found.withdrawn_by = context.now, context.actor.label
    result = {"delegation": delegation}
    return Plan(
        updates=[Update(found, ("withdrawn_at", "withdrawn_by"), {"withdrawn_at": None})],
        result=result,
        events=[EventDraft("approval.delegation_withdrawn", delegation, {**result, "reason": reason})],
    )


def _check_time(context: Context, until: datetime) -> None:
    last = context.now + LONGEST
    if not context.now < until <= last:
        raise DelegationUnfit(
            f"It must end between now and {clock.written(last)}, not at {clock.written(until)}.",
            field="/until",
        )


def _giver(context: Context, delegator: str | None) -> Actor:
    if delegator is None or delegator == context.actor.id:
        if not context.actor.is_person:
            raise DelegationUnfit("Say for whom: only people have a say to lend.", field="/delegator")
        return context.actor
    if ADMIN not in context.actor.roles:
        raise PermissionDenied("Only an admin delegates for somebody else.")
    return _person(delegator, "/delegator")


def _person(user: str, field: str) -> Actor:
    try:
        return people.actor("user", user)
    except DomainError as error:
        raise DelegationUnfit(error.message, field=field) from None
