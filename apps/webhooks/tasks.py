"""What runs by itself about webhooks; the times are in `config/schedule.py`. What sends them is a process of its own."""

import logging

from celery import shared_task

from apps.webhooks.services import mails
from apps.webhooks.verify import verify

logger = logging.getLogger(__name__)


@shared_task(name="webhooks.mail_owners", expires=60)
def mail_owners() -> None:
    """Tell owners of endpoints that were disabled."""
    mails.send_due()


@shared_task(name="webhooks.verify_attempts", expires=3_600)
def verify_attempts(everything: bool = False) -> None:
    """Verify what was sealed of attempts since the last good verification of each book, or all. What is broken is kept, and told."""
    for fault in verify(incremental=not everything).broken:
        logger.error("The attempts are broken: %s", fault)
