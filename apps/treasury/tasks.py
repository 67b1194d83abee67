"""What runs by itself about treasury; the times are in `config/schedule.py`."""

from celery import shared_task

from apps.core import clock
from apps.treasury.services import executing, instructions, verifying


@shared_task(name="treasury.execute_sweeps", expires=60)
def execute_sweeps() -> None:
    """Execute every sweep rule that is due."""
    executing.run_due(clock.now())


@shared_task(name="treasury.watch_instructions", expires=60)
def watch_instructions() -> None:
    """Tell of sweeps that people were to move and nobody has confirmed in time."""
    instructions.raise_unconfirmed(clock.now())


@shared_task(name="treasury.verify_sweeps")
def verify_sweeps(everything: bool = False) -> None:
    """Verify that executions are what their rules asked for."""
    verifying.verify(clock.now(), everything=everything)
