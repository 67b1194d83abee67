"""Reminders of batches that wait: an alarm when one waits for approval too long, and a mail each week to who may approve.

Who is mailed is written down once for each week and person. A mail is sent at least once, under a lease, with the same
Message-ID: a worker that dies after the server took one and before it could say so sends it again after the lease.
"""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from smtplib import SMTPException
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services.invitations import LEASE
from apps.core import clock, ids
from apps.operations import people
from apps.operations.executor import execute
from apps.operations.plan import Request
from apps.payouts.models import Batch, WeeklyReminder
from apps.payouts.queries.totals import count_of
from apps.payouts.queries.waiting import HOURS, Waiting, overdue, times, waiting
from apps.payouts.services.system import WORKER

logger = logging.getLogger(__name__)

NEWS: Final = timedelta(days=2)
"""What could not be sent by then is given up: the next week's tells the same."""


def raise_overdue(now: datetime) -> int:
    """Tell of each batch that waits for approval too long, once each time the SLA passes; of how many."""
    told = 0
    for batch in overdue(now):
        passed = times(batch, now)
        hours = passed * HOURS
        data = {"batch": batch.pk, "reason": f"waits for approval for {hours} hours"}
        key = f"{batch.pk}:sla:{passed}"
        outcome = execute(Request("payouts.raise_alarm", data, key, WORKER, origin="worker"))
        if outcome.error:
            logger.warning("Nobody is told that %s waits: %s", batch.pk, outcome.error)
            continue
        Batch.objects.filter(pk=batch.pk, reminded_at=batch.reminded_at).update(reminded_at=now)
        told += 1
    return told


def queue_weekly(now: datetime) -> int:
    """Write down who is mailed this week: all who may approve, if anything waits; how many that are new."""
    if not waiting():
        return 0
    week = monday(now)
    known = set(WeeklyReminder.objects.filter(week=week).values_list("user_id", flat=True))
    approvers = {user for role in people.roles() for user in people.eligible(role)}
    rows = [
        WeeklyReminder(id=ids.new_id("wkr"), week=week, user_id=user, created_at=now, next_attempt_at=now)
        for user in sorted(approvers - known)
    ]
    WeeklyReminder.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def send_due() -> int:
    """Mail all that waits; how many were mailed."""
    sent = 0
    while reminder := _take(clock.now()):
        try:
            message = _message(reminder, waiting())
            if message:
                message.send()
        except (OSError, SMTPException) as error:
            logger.error("The mail %s could not be sent: %s", reminder.pk, error)
            continue
        done = clock.now() if message else None
        WeeklyReminder.objects.filter(pk=reminder.pk).update(next_attempt_at=None, sent_at=done)
        sent += bool(message)
    return sent


def monday(now: datetime) -> date:
    """The first day of the week, by which it is named."""
    return now.date() - timedelta(days=now.weekday())


def _take(now: datetime) -> WeeklyReminder | None:
    """The next one, which nobody else takes for a while. What is old by now is given up."""
    with transaction.atomic():
        due = WeeklyReminder.objects.select_for_update(skip_locked=True, of=["self"]).filter(
            next_attempt_at__lte=now
        )
        due.filter(created_at__lt=now - NEWS).update(next_attempt_at=None)
        found = due.select_related("user").order_by("next_attempt_at", "id").first()
        if found:
            WeeklyReminder.objects.filter(pk=found.pk).update(
                next_attempt_at=now + LEASE, attempts=found.attempts + 1
            )
    return found


def _message(reminder: WeeklyReminder, wait: Waiting) -> EmailMessage | None:
    """The mail; None if nobody is to be told, or nothing waits any more."""
    user: User = reminder.user
    if not user.is_active or not wait:
        return None
    sections = [
        (_("Wait for approval"), _lines(wait.for_approval)),
        (_("Approved and not executed"), _lines(wait.for_execution)),
        (_("Short of money"), _lines(wait.for_money)),
    ]
    count = sum(len(lines) for _title, lines in sections)
    sender = settings.DEFAULT_FROM_EMAIL
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return EmailMessage(
        _("Payout batches that wait: %(count)s") % {"count": count},
        render_to_string("mail/weekly.txt", {"sections": [each for each in sections if each[1]]}),
        sender,
        [user.email],
        headers={"Message-ID": f"<{reminder.pk}@{domain}>", "Auto-Submitted": "auto-generated"},
    )


def _lines(batches: Sequence[Batch]) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "batch": each.pk,
            "book": each.book,
            "rows": count_of(each).reserved,
            "totals": [str(total) for total in count_of(each).totals],
            "since": each.approved_at or each.asked_at,
            "short": [f"{one['short']} {one['currency']} at {one['provider']}" for one in each.short],
            "link": _link(each),
        }
        for each in batches
    ]


def _link(batch: Batch) -> str:
    """Where somebody decides about it, or where all payouts stand."""
    if batch.approved_at is None and batch.approval_request_id:
        page = reverse("console:operations_approvalrequest_change", args=[batch.approval_request_id])
        return f"{settings.PUBLIC_URL}{page}"
    return f"{settings.PUBLIC_URL}{reverse('console:payouts')}"
