"""What runs by itself about batches; the times are in `config/schedule.py`."""

from celery import shared_task

from apps.payouts import scheduler, worker


@shared_task(name="payouts.work", expires=2)
def work() -> None:
    """Move every batch that is due one step along."""
    worker.work()


@shared_task(name="payouts.run_schedules", expires=60)
def run_schedules() -> None:
    """Make the batches of every schedule that is due."""
    scheduler.run_due()
