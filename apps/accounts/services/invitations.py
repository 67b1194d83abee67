"""Mailing invitations: machinery of the workers, at least once each, under a lease."""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.models import Invitation
from apps.accounts.services.team import token_of
from apps.core import clock

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""After which an invitation whose worker died, or whose mail was not taken, is tried again."""


def send_due() -> int:
    """Mail every open invitation that waits; how many were mailed."""
    sent = 0
    while invitation := _take(clock.now()):
        try:
            _send(invitation)
        except (OSError, SMTPException) as error:
            logger.error("The invitation %s could not be mailed: %s", invitation.pk, error)
            continue
        Invitation.objects.filter(pk=invitation.pk).update(next_attempt_at=None)
        sent += 1
    return sent


def link(invitation: Invitation) -> str:
    """Where the invitation is accepted."""
    return settings.PUBLIC_URL + reverse("join", args=[token_of(str(invitation.pk))])


def _take(now: datetime) -> Invitation | None:
    with transaction.atomic():
        due = Invitation.objects.select_for_update(skip_locked=True, of=["self"]).filter(
            next_attempt_at__lte=now, accepted_at=None, revoked_at=None, expires_at__gt=now
        )
        found = due.select_related("tenant").order_by("next_attempt_at").first()
        if found:
            Invitation.objects.filter(pk=found.pk).update(next_attempt_at=now + LEASE)
    return found


def _send(invitation: Invitation) -> None:
    context = {"invitation": invitation, "link": link(invitation)}
    send_mail(
        _("%(name)s asks you into its team") % {"name": invitation.tenant.name},
        render_to_string("mail/invitation.txt", context),
        settings.DEFAULT_FROM_EMAIL,
        [invitation.email],
    )
