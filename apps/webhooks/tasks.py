"""What runs by itself about webhooks; the times are in `config/schedule.py`. What sends them is a process of its own."""

from celery import shared_task

from apps.webhooks.services import mails


@shared_task(name="webhooks.mail_owners", expires=60)
def mail_owners() -> None:
    """Tell owners of endpoints that were disabled."""
    mails.send_due()
