"""Makes the batches of schedules: each day of each exactly once, whoever is killed or comes twice.

The command of a day has the key `<schedule>:<day>`, and the day must be the schedule's next under its lock: a task that
is delivered twice replays or is refused, one that died is followed by the next minute's.
"""

import logging
from datetime import date, datetime
from typing import Final

from apps.accounts.models import Tenant
from apps.core import clock
from apps.operations import books
from apps.operations.executor import execute
from apps.operations.plan import Request
from apps.payouts.models import Schedule
from apps.payouts.queries.due import due
from apps.payouts.services.running import SCHEDULER, decide

logger = logging.getLogger(__name__)

AT_ONCE: Final = 50
"""Days of one schedule that are decided in one go, after nothing ran for long."""


def run_due() -> int:
    """Decide every day that is due, those of one schedule in their order; how many that were."""
    done = 0
    for schedule in due(clock.now()):
        try:
            done += _run(schedule)
        except Exception:
            logger.exception("%s cannot be run now.", schedule)
    return done


def _run(schedule: str) -> int:
    for decided in range(AT_ONCE):
        found = Schedule.objects.select_related("wallet").get(pk=schedule)
        now = clock.now()
        if found.next_on is None or found.next_at is None or found.next_at > now:
            return decided
        if not _step(found, found.next_on, now):
            return decided
    return AT_ONCE


def _step(schedule: Schedule, day: date, now: datetime) -> bool:
    """Whether that day is decided; it is not while it waits for money."""
    if decide(schedule, Tenant.objects.get(pk=books.find(schedule.book_id).tenant_id), now).waits:
        if schedule.waits_since is None:
            _execute("payouts.wait_for_money", schedule, day, ":wait")
        return False
    return _execute("payouts.run_schedule", schedule, day)


def _execute(command: str, schedule: Schedule, day: date, step: str = "") -> bool:
    data = {"schedule": schedule.pk, "day": day.isoformat()}
    outcome = execute(Request(command, data, f"{schedule.pk}:{day}{step}", SCHEDULER, origin="beat"))
    if outcome.error:
        logger.warning("%s of %s for %s: %s", command, schedule.pk, day, outcome.error)
    return outcome.accepted
