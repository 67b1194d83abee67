"""What runs by itself in operations; the times are in `config/schedule.py`.

A tick that found no worker in its own time is dropped: the next one does its work as well.
"""

from typing import Any

from celery import Task, shared_task
from celery.signals import task_success, worker_ready

from apps.core import clock
from apps.operations import executor, sequencer
from apps.operations.services import approvals, eligibility, heartbeats


@shared_task(name="operations.sequence", expires=1)
def sequence() -> None:
    """Number what was committed. Returns at once while another worker does."""
    sequencer.sequence()


@shared_task(name="operations.apply_approved", expires=30)
def apply_approved() -> None:
    """Run what was approved and not yet run, because a process died in between."""
    executor.execute_many(approvals.approved_but_not_applied())


@shared_task(name="operations.look_for_approvers", expires=60)
def look_for_approvers() -> None:
    """Tell of requests that nobody could agree to, and of those that somebody can again."""
    eligibility.look_again(clock.now())


@shared_task(name="operations.heartbeat", expires=15, bind=True)
def heartbeat(self: "Task[[], None]") -> None:
    """Say that the beat runs, and which worker took this one."""
    worker = f"{heartbeats.WORKER}{self.request.hostname}"
    heartbeats.seen(names=[heartbeats.BEAT, worker], now=clock.now())


@worker_ready.connect
def _first_heartbeat(sender: Any, **_: Any) -> None:
    """A worker is alive from its start, not only from the first tick."""
    heartbeats.seen(names=[f"{heartbeats.WORKER}{sender.hostname}"], now=clock.now())


@task_success.connect
def _note_run(sender: "Task[..., Any]", **_: Any) -> None:
    """When each scheduled task last ran, for the console's schedule."""
    heartbeats.seen(names=[str(sender.name)], now=clock.now())
