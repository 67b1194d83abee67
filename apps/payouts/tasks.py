"""What runs by itself about batches; the times are in `config/schedule.py`."""

from celery import shared_task

from apps.core import clock
from apps.payouts import scheduler, worker
from apps.payouts.services import reminding


@shared_task(name="payouts.work", expires=2)
def work() -> None:
    """Move every batch that is due one step along."""
    worker.work()


@shared_task(name="payouts.run_schedules", expires=60)
def run_schedules() -> None:
    """Make the batches of every schedule that is due."""
    scheduler.run_due()


@shared_task(name="payouts.remind", expires=300)
def remind() -> None:
    """Tell of batches that wait for approval too long, and send the weekly mails that are still to be sent."""
    reminding.raise_overdue(clock.now())
    reminding.send_due()


@shared_task(name="payouts.remind_weekly", expires=86_400)
def remind_weekly() -> None:
    """Mail all who may approve what waits for people, once a week."""
    reminding.queue_weekly(clock.now())
    reminding.send_due()
