"""What runs by itself in the ledger; the times are in `config/schedule.py`."""

import logging

from celery import shared_task

from apps.core import clock
from apps.ledger import projections
from apps.ledger.services import export_jobs, schedules
from apps.ledger.verify import verify
from apps.operations import executor

logger = logging.getLogger(__name__)


@shared_task(name="ledger.project_daily_balances", expires=15)
def project_daily_balances() -> None:
    """Add what was sealed to the daily balances. Leaves a book alone that another worker is adding to."""
    projections.project()


@shared_task(name="ledger.write_exports", expires=5)
def write_exports() -> None:
    """Write the files that were asked for, until none is waiting."""
    while export_jobs.write_next():
        pass


@shared_task(name="ledger.expire_exports", expires=3_600)
def expire_exports() -> None:
    """Delete the files that nobody may fetch any more."""
    export_jobs.expire(now=clock.now())


@shared_task(name="ledger.export_statements", expires=300)
def export_statements() -> None:
    """Ask for the scheduled statements of every period that is over, of those that were missed as well."""
    while requests := schedules.due(now=clock.now()):
        outcomes = executor.execute_many(requests)
        if not any(outcome.accepted and not outcome.replayed for outcome in outcomes):
            return


@shared_task(name="ledger.verify_books", expires=3_600)
def verify_books() -> None:
    """Verify what was sealed since the last good verification of each book. What is broken is kept, and told."""
    for fault in verify(incremental=True).broken:
        logger.error("The books are broken: %s", fault)
