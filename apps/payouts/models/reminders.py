"""The weekly mail about batches that wait: who is told in which week, and whether that was sent. Machinery."""

from django.db import models

from apps.accounts.models import User
from apps.core.fields import PrefixedIdField


class WeeklyReminder(models.Model):
    """The mail of one week to one person. `week` is its Monday; `next_attempt_at` is empty once it was sent or given up."""

    id = PrefixedIdField(prefix="wkr", primary_key=True)
    week = models.DateField()
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["week", "user"], name="weekly_reminder_once"),
            models.CheckConstraint(
                condition=models.Q(sent_at__isnull=True) | models.Q(next_attempt_at__isnull=True),
                name="weekly_reminder_sent_or_to_be_sent",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(next_attempt_at__isnull=False),
                name="weekly_reminder_to_be_sent",
            )
        ]

    def __str__(self) -> str:
        return f"{self.week} {self.user_id}"
