"""What runs by itself about tenants; the times are in `config/schedule.py`."""

from celery import shared_task

from apps.accounts import payee_calls
from apps.accounts.services import invitations, provisioning, verifications, watching
from apps.core import clock
from apps.operations import executor


@shared_task(name="accounts.provision_tenants", expires=30)
def provision_tenants() -> None:
    """Provision the tenants whose first try was missed or failed."""
    provisioning.work_off(now=clock.now())


@shared_task(name="accounts.verify_recipients", expires=5)
def verify_recipients() -> None:
    """Ask providers whose the accounts of recipients are, where that is due."""
    payee_calls.work_off()


@shared_task(name="accounts.verify_recipients_again", expires=60)
def verify_recipients_again() -> None:
    """Have recipients verified anew whose verification is too old."""
    executor.execute_many(verifications.due(clock.now()))


@shared_task(name="accounts.send_invitations", expires=30)
def send_invitations() -> None:
    """Mail the invitations that were not mailed yet."""
    invitations.send_due()


@shared_task(name="accounts.watch_balances", expires=5)
def watch_balances() -> None:
    """Tell of the wallets that have become low, or have enough again."""
    watching.tell_balances(clock.now())
