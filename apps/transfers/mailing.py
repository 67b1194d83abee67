"""Mails about milestones: what was found in the feed of events, and what of it is still to be sent. Machinery."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Milestone, User
from apps.core.fields import PrefixedIdField
from apps.operations.models import Event

AWAITING_APPROVAL = "awaiting_approval"


class MailCursor(models.Model):
    """Up to which ordinal the events were looked through; one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    ordinal = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.ordinal)


class MilestoneMail(models.Model):
    """A mail about one event to one person. `next_attempt_at` is empty once it was sent or given up."""

    id = PrefixedIdField(prefix="mml", primary_key=True)
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    milestone = models.CharField(
        max_length=20, choices=[*Milestone.choices, (AWAITING_APPROVAL, _("Waiting for approval"))]
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "user"], name="milestone_mail_once"),
            models.CheckConstraint(
                condition=models.Q(sent_at__isnull=True) | models.Q(next_attempt_at__isnull=True),
                name="milestone_mail_sent_or_to_be_sent",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(next_attempt_at__isnull=False),
                name="milestone_mail_to_be_sent",
            )
        ]

    def __str__(self) -> str:
        return f"{self.milestone} {self.id}"
