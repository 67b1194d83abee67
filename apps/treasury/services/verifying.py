"""Verifying sweeps against their rules, and telling people once of each difference."""

from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from apps.core import clock
from apps.core.actor import Actor
from apps.operations.executor import execute_many
from apps.operations.plan import Context, EventDraft, Plan, Request
from apps.treasury.models import SweepVerification
from apps.treasury.queries.verifying import Difference, differences, executions

WATCH: Final = Actor.system("watch", {"treasury.raise_sweep_difference"})
"""Who tells people that a sweep is not what its rule asked for."""

RECENT: Final = timedelta(days=8)
"""How far the hourly look goes back; once a day it goes back to the beginning."""

KEPT: Final = 100


def verify(now: datetime, *, everything: bool = False) -> SweepVerification:
    """Verify what is recent, or everything; keep what was found, and tell of what is new."""
    since = None if everything else now - RECENT
    found = differences(now, since)
    first = list(islice(found, KEPT))
    made: SweepVerification = SweepVerification.objects.create(
        verified_at=now,
        since=since,
        executions=executions(since).count(),
        found=len(first) + sum(1 for _ in found),
        differences=[_told(each) for each in first],
    )
    execute_many([_alarm(each) for each in first])
    return made


def plan_raise_sweep_difference(
    context: Context, *, rule: str, due_at: datetime, what: str, message: str
) -> Plan:
    """Tell people of a difference."""
    data = {"reason": "sweep difference", "rule": rule, "due_at": due_at, "what": what, "message": message}
    return Plan(result=data, events=[EventDraft("alert.raised", rule, data)])


def _told(each: Difference) -> dict[str, str]:
    return {
        "rule": each.rule,
        "due_at": clock.written(each.due_at),
        "what": each.what,
        "message": each.message,
    }


def _alarm(each: Difference) -> Request:
    key = f"{each.rule}:{clock.written(each.due_at)}:{each.what}"
    return Request("treasury.raise_sweep_difference", _told(each), key, WATCH, origin="beat")
