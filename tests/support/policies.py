"""Approval policies in force, as tests need them."""

from typing import Any

from apps.core import clock
from apps.core.actor import Actor
from apps.operations.models import ApprovalPolicy, ApprovalRequest, PolicyStatus
from apps.operations.run import Outcome
from tests.support.door import run


def policy(
    command: str,
    *conditions: dict[str, Any],
    people: int = 1,
    role: str = "approver",
    name: str = "All",
    **more: Any,
) -> ApprovalPolicy:
    """An active policy of one step and, if there are conditions, one block; `more` says otherwise."""
    given = {
        "blocks": [list(conditions)] if conditions else [],
        "steps": [{"role": role, "people": people}],
        "status": PolicyStatus.ACTIVE,
        **more,
    }
    now = clock.now()
    made: ApprovalPolicy = ApprovalPolicy.objects.create(
        name=name, command=command, drafted_by="test", created_at=now, activated_at=now, **given
    )
    return made


def seen(request: str | None) -> str:
    """The hash of what a request would do now, to which a yes is."""
    return bytes(ApprovalRequest.objects.get(pk=request).approved_hash).hex()


def agrees(who: Actor, request: str | None, **more: Any) -> Outcome:
    """Somebody looks at a request and says yes."""
    return run("operations.approve_request", actor=who, request=request, seen=seen(request), **more)


def no_policies() -> None:
    """From now on nobody is asked."""
    ApprovalPolicy.objects.update(status=PolicyStatus.RETIRED)
