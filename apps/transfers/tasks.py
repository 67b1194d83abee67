"""What runs by itself about transfers; the times are in `config/schedule.py`."""

import os
import socket
from functools import cache

from celery import shared_task

from apps.core import clock
from apps.operations import executor
from apps.transfers import inquiry_calls, leases
from apps.transfers.services import mails, micro_deposits, pay_ins, reserves, watching
from apps.transfers.worker import Worker


@shared_task(name="transfers.complete_pay_ins", expires=10)
def complete_pay_ins() -> None:
    """Post the announced pay-ins whose time has come."""
    executor.execute_many(pay_ins.due(clock.now()))


@shared_task(name="transfers.release_reserves", expires=60)
def release_reserves() -> None:
    """Release the rolling reserves whose days are over."""
    executor.execute_many(reserves.due(clock.now()))


@shared_task(name="transfers.expire_micro_deposits", expires=60)
def expire_micro_deposits() -> None:
    """End the micro-deposits whose amounts nobody has told in time."""
    executor.execute_many(micro_deposits.due(clock.now()))


@shared_task(name="transfers.mail_milestones", expires=10)
def mail_milestones() -> None:
    """Find what is to be told by mail, and mail it."""
    mails.queue_new(now=clock.now())
    mails.send_due()


@shared_task(name="transfers.ask_inquiries", expires=5)
def ask_inquiries() -> None:
    """Ask providers for the money that is recalled."""
    inquiry_calls.work_off()


@shared_task(name="transfers.work", expires=1)
def work() -> None:
    """Move transfers along for about a second, and for as long as there is something to do."""
    _worker().run(1)


@shared_task(name="transfers.wake_rejected", expires=60)
def wake_rejected() -> None:
    """See to what other people said no to and a crash kept from being given back."""
    leases.wake_rejected(clock.now())


@shared_task(name="transfers.raise_stuck_alarms", expires=60)
def raise_stuck_alarms() -> None:
    """Tell of the transfers that have become stuck, or more gravely so."""
    watching.raise_alarms(clock.now())


@cache
def _worker() -> Worker:
    """One a process: its connections to providers are used again."""
    return Worker(f"{socket.gethostname()}:{os.getpid()}"[:80])
