"""Whether there is anybody who could agree to what waits: looked at again and again, told once each time it changes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from apps.core.actor import Actor
from apps.operations import approvals, deciding
from apps.operations.executor import execute_many
from apps.operations.models import ApprovalRequest, ApprovalStatus
from apps.operations.plan import Context, Plan, Request, Update

WATCH: Final = Actor.system("watch_approvals", {"operations.note_eligibility"})
AT_ONCE: Final = 500


def look_again(now: datetime) -> int:
    """Note of every request that waits whether somebody is there for it, where that has changed; how many those are."""
    changed = [request for request in _waiting() if _nobody(request) != request.nobody_eligible]
    return len(
        execute_many(
            Request(
                "operations.note_eligibility",
                {"request": request.pk},
                f"{request.pk}:eligibility:{now:%Y%m%d%H%M%S}",
                WATCH,
                origin="worker",
                book_id=request.book_id,
            )
            for request in changed
        )
    )


def plan_note_eligibility(context: Context, *, request: str) -> Plan:
    """Say of a request that waits that nobody could agree to it, or that somebody can again."""
    found: ApprovalRequest = context.locked[ApprovalRequest, request]  # type: ignore[assignment]
    nobody = _nobody(found)
    result = {"request": request, "nobody_eligible": nobody}
    if found.status != ApprovalStatus.PENDING or nobody == found.nobody_eligible:
        return Plan(result=result)
    found.nobody_eligible = nobody
    told = approvals.no_approver(found)
    event = told if nobody else replace(told, type="alert.resolved")
    was = {"status": found.status, "nobody_eligible": not nobody}
    return Plan(result=result, updates=[Update(found, ("nobody_eligible",), was)], events=[event])


def _nobody(request: ApprovalRequest) -> bool:
    deciding.prefetch([request])
    said = deciding.standing(request)
    who = {each.actor_id for each in said} | {each.for_id for each in said}
    return not approvals.can_be_filled(request, deciding.yeses(said, deciding.Holders()), who)


def _waiting() -> Iterator[ApprovalRequest]:
    """All that wait, some at a time along the index."""
    left = ApprovalRequest.objects.filter(status=ApprovalStatus.PENDING).order_by("id")
    last = None
    while some := list((left.filter(id__gt=last) if last else left)[:AT_ONCE]):
        deciding.prefetch(some)
        yield from some
        last = some[-1].pk
