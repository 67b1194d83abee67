"""What runs by itself in the ledger; the times are in `config/schedule.py`."""

from celery import shared_task

from apps.core import clock
from apps.ledger import projections
from apps.ledger.services import export_failures, export_jobs, schedules
from apps.operations import executor


@shared_task(name="ledger.project_daily_balances", expires=15)
def project_daily_balances() -> None:
    """Add what was sealed to the daily balances. Leaves a book alone that another worker is adding to."""
    projections.project()


@shared_task(name="ledger.write_exports", expires=5)
def write_exports() -> None:
    """Write the files that were asked for, until none is waiting."""
    written = False
    while export_jobs.write_next():
        written = True
    if written:
        export_failures.raise_alarms()


@shared_task(name="ledger.expire_exports", expires=3_600)
def expire_exports() -> None:
    """Delete the files that nobody may fetch any more."""
    export_jobs.expire(now=clock.now())


@shared_task(name="ledger.export_statements", expires=300)
def export_statements() -> None:
    """Ask for the scheduled statements of every period that is over, of those that were missed as well.

    And tell of those that failed, where the worker that wrote them had no time to.
    """
    export_failures.raise_alarms()
    while requests := schedules.due(now=clock.now()):
        outcomes = executor.execute_many(requests)
        if not any(outcome.accepted and not outcome.replayed for outcome in outcomes):
            return
