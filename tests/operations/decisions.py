"""Corrections that wait for others, and what people say of them."""

from datetime import datetime, timedelta
from typing import Any

from apps.core import clock
from apps.core.actor import Actor
from apps.operations.models import ApprovalRequest
from tests.support.door import code, done, eur, run
from tests.support.policies import agrees, seen

STEPS = [{"role": "approver", "people": 1}, {"role": "compliance", "people": 1}]
CORRECTION = {
    "book": "platform",
    "account": "amara",
    "direction": "credit",
    "amount": eur("12.30"),
    "reason": "fee twice",
    "related_type": "ticket",
    "related_id": "T-1",
}


def asked(maker: Actor, **more: Any) -> str:
    """A correction that waits; its request."""
    outcome = run("ledger.post_correction", actor=maker, **{**CORRECTION, **more})
    assert outcome.approval_request_id, outcome
    return outcome.approval_request_id


def says(who: Actor, request: str, how: str = "approve") -> str | None:
    """What somebody is answered who decides."""
    if how == "approve":
        return code(agrees(who, request))
    return code(run("operations.reject_request", actor=who, request=request))


def picked(*requests: str) -> list[str]:
    """Requests as they are ticked for a yes."""
    return [f"{request}:{seen(request)}" for request in requests]


def undo(who: Actor, request: str) -> str | None:
    """What somebody is answered who takes their yes back."""
    return code(run("operations.undo_decision", actor=who, request=request, reason="mistaken"))


def lent(giver: Actor, taker: Actor, *, role: str = "approver", until: datetime | None = None) -> str:
    """A delegation, until tomorrow unless it is said; its id."""
    until = until or clock.now() + timedelta(days=1)
    made = done(
        "operations.delegate",
        actor=giver,
        delegate=taker.id,
        role=role,
        until=until.isoformat(),
        reason="on holiday",
    )
    return str(made["delegation"])


def status(request: str) -> str:
    """How a request stands."""
    return str(ApprovalRequest.objects.get(pk=request).status)
