"""What runs by itself about tenants; the times are in `config/schedule.py`."""

from celery import shared_task

from apps.accounts.services import invitations, provisioning
from apps.core import clock


@shared_task(name="accounts.provision_tenants", expires=30)
def provision_tenants() -> None:
    """Provision the tenants whose first try was missed or failed."""
    provisioning.work_off(now=clock.now())


@shared_task(name="accounts.send_invitations", expires=30)
def send_invitations() -> None:
    """Mail the invitations that were not mailed yet."""
    invitations.send_due()
