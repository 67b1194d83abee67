"""Mails about milestones of transfers, made from the feed of events.

What is to be mailed is written down in the transaction that moves the cursor: exactly once for each event and person. It
is sent at least once, under a lease: a worker that dies after the server took a mail and before it could say so sends it
again after the lease, with the same Message-ID, by which mail programs know the two to be one.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import parseaddr
from smtplib import SMTPException
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.models import Membership, Milestone, TeamRole, Tenant, User
from apps.accounts.services.invitations import LEASE
from apps.core import clock, ids
from apps.core.money import Money
from apps.operations import approvals
from apps.operations.models import ApprovalRequest, ApprovalStatus, EventPosition
from apps.transfers.mailing import AWAITING_APPROVAL, MailCursor, MilestoneMail

logger = logging.getLogger(__name__)

MILESTONES: Final[Mapping[str, str]] = {
    "transfer.completed": Milestone.COMPLETED,
    "transaction.compensated": Milestone.FAILED,
    "transfer.inflow.compensated": Milestone.FAILED,
    "transfer.failed": Milestone.FAILED,
    "transfer.returned": Milestone.RETURNED,
    "payout.manual_review": Milestone.IN_REVIEW,
    "transfer.awaiting_approval": AWAITING_APPROVAL,
}
TOLD = (TeamRole.OWNER, TeamRole.ADMIN, TeamRole.FINANCE)
"""Who of a team is told."""

BATCH = 2_000
NEWS = timedelta(days=1)
"""What is older is no news any more: it is neither mailed for the first time nor tried again."""


def queue_new(*, now: datetime) -> int:
    """Look the feed through, and write down who is to be told of what; how many mails that makes."""
    queued = 0
    MailCursor.objects.bulk_create([MailCursor()], ignore_conflicts=True)
    while True:
        with transaction.atomic():
            cursor = MailCursor.objects.select_for_update(skip_locked=True).first()
            if cursor is None:
                return queued  # another worker does
            places = list(
                EventPosition.objects.filter(ordinal__gt=cursor.ordinal)
                .select_related("event", "book")
                .order_by("ordinal")[:BATCH]
            )
            mails = [mail for place in places for mail in _mails(place, now)]
            MilestoneMail.objects.bulk_create(mails, ignore_conflicts=True)
            queued += len(mails)
            if places:
                MailCursor.objects.filter(pk=cursor.pk).update(ordinal=places[-1].ordinal)
        if len(places) < BATCH:
            return queued


def send_due() -> int:
    """Mail all that waits; how many were mailed."""
    sent = 0
    while mail := _take(clock.now()):
        try:
            message = _message(mail)
            if message:
                message.send()
        except (OSError, SMTPException) as error:
            logger.error("The mail %s could not be sent: %s", mail.pk, error)
            continue
        MilestoneMail.objects.filter(pk=mail.pk).update(
            next_attempt_at=None, sent_at=clock.now() if message else None
        )
        sent += bool(message)
    return sent


def _mails(place: EventPosition, now: datetime) -> Iterable[MilestoneMail]:
    milestone = MILESTONES.get(place.event.type)
    if milestone is None or now - place.event.recorded_at > NEWS:
        return
    told = _approvers(place) if milestone == AWAITING_APPROVAL else _team(place, milestone)
    for user in told:
        yield MilestoneMail(
            id=ids.new_id("mml"),
            event_id=place.event_id,
            user_id=user,
            milestone=milestone,
            created_at=now,
            next_attempt_at=now,
        )


def _team(place: EventPosition, milestone: str) -> list[str]:
    """Those of the team who are told. What happens in a test tenant is nobody's money."""
    tenant = Tenant.objects.filter(pk=place.book.tenant_id, test_of=None).first()
    if tenant is None or milestone not in tenant.mail_about:
        return []
    told = Membership.objects.filter(tenant=tenant, role__in=TOLD, user__is_active=True)
    return [str(user) for user in told.values_list("user_id", flat=True)]


def _approvers(place: EventPosition) -> list[str]:
    """Those who may decide, but for who asks."""
    request = ApprovalRequest.objects.filter(pk=place.event.data.get("approval_request")).first()
    return sorted(approvals.eligible(request.steps, request.makers)) if request else []


def _take(now: datetime) -> MilestoneMail | None:
    """The next one, which nobody else takes for a while. What is old by now is given up."""
    with transaction.atomic():
        due = MilestoneMail.objects.select_for_update(skip_locked=True, of=["self"]).filter(
            next_attempt_at__lte=now
        )
        due.filter(created_at__lt=now - NEWS).update(next_attempt_at=None)
        found = due.select_related("event", "user").order_by("next_attempt_at", "id").first()
        if found:
            MilestoneMail.objects.filter(pk=found.pk).update(
                next_attempt_at=now + LEASE, attempts=found.attempts + 1
            )
    return found


def _message(mail: MilestoneMail) -> EmailMultiAlternatives | None:
    """The mail; None if nobody is to be told any more."""
    user: User = mail.user
    if not user.is_active:
        return None
    context = _context(mail)
    if context is None:
        return None
    sender = settings.DEFAULT_FROM_EMAIL
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message = EmailMultiAlternatives(
        f"{context['headline']}: {context['amount']} ({context['transfer']})",
        render_to_string("mail/milestone.txt", context),
        sender,
        [user.email],
        headers={"Message-ID": f"<{mail.pk}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("mail/milestone.html", context), "text/html")
    return message


def _context(mail: MilestoneMail) -> dict[str, Any] | None:
    data = mail.event.data
    report = data.get("compensation") or {}
    shown = {
        "headline": _HEADLINES[mail.milestone](),
        "transfer": mail.event.subject,
        "amount": _money(data["amount"]),
        "reference": data.get("reference", ""),
        "status": data["status"].replace("_", " "),
        "at": mail.event.recorded_at,
        "released": bool(report.get("released")),
        "reason": report.get("error", {}).get("message", ""),
        "returned": _money(data["returned"]) if mail.milestone == Milestone.RETURNED else "",
        "link": settings.PUBLIC_URL,
    }
    if mail.milestone == AWAITING_APPROVAL:
        request = ApprovalRequest.objects.filter(
            pk=data["approval_request"], status=ApprovalStatus.PENDING
        ).first()
        if request is None:
            return None  # it was decided meanwhile
        page = reverse("console:operations_approvalrequest_change", args=[request.pk])
        shown |= {"link": settings.PUBLIC_URL + page, "maker": request.maker_label}
    return shown


def _money(value: Mapping[str, str]) -> str:
    return str(Money.parse(value["amount"], value["currency"]))


_HEADLINES: Final = {
    Milestone.COMPLETED: lambda: _("Transfer completed"),
    Milestone.FAILED: lambda: _("Transfer failed"),
    Milestone.RETURNED: lambda: _("Transfer returned by the recipient's bank"),
    Milestone.IN_REVIEW: lambda: _("Transfer is being looked at"),
    AWAITING_APPROVAL: lambda: _("Transfer waits for your approval"),
}
