"""What runs by itself about providers; the times are in `config/schedule.py`."""

from celery import shared_task

from apps.core import clock
from apps.providers.services import balances, cutting, handing_over, told


@shared_task(name="providers.ask_balances", expires=60)
def ask_balances() -> None:
    """Ask what every provider has of ours."""
    balances.ask_all(clock.now())


@shared_task(name="providers.cut_files", expires=60)
def cut_files() -> None:
    """Make the files whose cut-off is over, and hand them over."""
    cutting.cut_due(clock.now())
    handing_over.hand_over_due(clock.now())


@shared_task(name="providers.settle_files", expires=60)
def settle_files() -> None:
    """Tell of what was settled because nobody returned it in time."""
    told.settle_due(clock.now())
