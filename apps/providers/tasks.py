"""What runs by itself about providers; the times are in `config/schedule.py`."""

from celery import shared_task

from apps.core import clock
from apps.providers.services import balances


@shared_task(name="providers.ask_balances", expires=60)
def ask_balances() -> None:
    """Ask what every provider has of ours."""
    balances.ask_all(clock.now())
