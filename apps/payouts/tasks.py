"""What runs by itself about batches; the times are in `config/schedule.py`."""

from celery import shared_task

from apps.payouts import worker


@shared_task(name="payouts.work", expires=2)
def work() -> None:
    """Move every batch that is due one step along."""
    worker.work()
