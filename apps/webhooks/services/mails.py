"""Mails to owners of tenants whose endpoints were disabled, sent at least once, under a lease, with the same Message-ID."""

import logging
from datetime import datetime, timedelta
from email.utils import parseaddr
from smtplib import SMTPException
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from apps.accounts.services.invitations import LEASE
from apps.core import clock
from apps.webhooks.models import EndpointStatus, OwnerMail

logger = logging.getLogger(__name__)

NEWS: Final = timedelta(days=2)
"""What could not be sent by then is given up: the console has said it all the while."""


def send_due() -> int:
    """Mail all that waits; how many were mailed."""
    sent = 0
    while mail := _take(clock.now()):
        message = _message(mail)
        try:
            if message:
                message.send()
        except (OSError, SMTPException) as error:
            logger.error("The mail %s could not be sent: %s", mail.pk, error)
            continue
        done = clock.now() if message else None
        OwnerMail.objects.filter(pk=mail.pk).update(next_attempt_at=None, sent_at=done)
        sent += bool(message)
    return sent


def _take(now: datetime) -> OwnerMail | None:
    """The next one, which nobody else takes for a while. What is old by now is given up."""
    with transaction.atomic():
        due = OwnerMail.objects.select_for_update(skip_locked=True, of=["self"]).filter(
            next_attempt_at__lte=now
        )
        due.filter(disabled_at__lt=now - NEWS).update(next_attempt_at=None)
        found = due.select_related("endpoint", "user").order_by("next_attempt_at", "id").first()
        if found:
            OwnerMail.objects.filter(pk=found.pk).update(
                next_attempt_at=now + LEASE, attempts=found.attempts + 1
            )
    return found


def _message(mail: OwnerMail) -> EmailMessage | None:
    """The mail; None if the endpoint was enabled or removed meanwhile, or the person has left."""
    endpoint, user = mail.endpoint, mail.user
    if not user.is_active or endpoint.status != EndpointStatus.DISABLED:
        return None
    sender = settings.DEFAULT_FROM_EMAIL
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return EmailMessage(
        _("Your webhook endpoint was disabled"),
        render_to_string("mail/endpoint_disabled.txt", {"endpoint": endpoint, "mail": mail}),
        sender,
        [user.email],
        headers={"Message-ID": f"<{mail.pk}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
