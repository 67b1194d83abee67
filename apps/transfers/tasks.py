"""What runs by itself about transfers; the times are in `config/schedule.py`."""

from celery import shared_task

from apps.core import clock
from apps.operations import executor
from apps.transfers.services import pay_ins


@shared_task(name="transfers.complete_pay_ins", expires=10)
def complete_pay_ins() -> None:
    """Post the announced pay-ins whose time has come."""
    executor.execute_many(pay_ins.due(clock.now()))
