"""What providers tell us by themselves, as it came: machinery, written without a command but for what operators do."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.fields import PrefixedIdField
from apps.providers.models.providers import Provider


class MessageStatus(models.TextChoices):
    RECEIVED = "received", _("Received")
    PROCESSED = "processed", _("Processed")
    IGNORED = "ignored", _("Ignored")
    QUARANTINED = "quarantined", _("Quarantined")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")


class ConflictStatus(models.TextChoices):
    OPEN = "open", _("Open")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")


class InboundMessage(models.Model):
    """One message of a provider, stored before anything is made of it; what came never changes.

    `reference` is the provider's own name for it; what is not proven to be the provider's is named by its hash, so that
    it can never stand in the place of a genuine one. `copies` counts how often the same bytes came. `tries` and `lease` grow
    whenever a worker takes it, and `tries` begins anew when a person lets it be followed again; `next_attempt_at` is
    when it is taken next. `subject` is what it turned out to be about, such as a transfer.
    """

    id = PrefixedIdField(prefix="inb", primary_key=True)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+", db_index=False)
    reference = models.CharField(max_length=200, db_collation="C")
    body = models.BinaryField()
    headers = models.JSONField()
    remote_address = models.CharField(max_length=45, blank=True)
    verified = models.BooleanField()
    sha256 = models.BinaryField(max_length=32)
    copies = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=12, choices=MessageStatus.choices)
    why = models.CharField(max_length=500, blank=True)
    subject = models.CharField(max_length=60, blank=True, db_collation="C")
    tries = models.PositiveSmallIntegerField(default=0)
    lease = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text=_("When the last copy came."))
    processed_at = models.DateTimeField(null=True)
    alarmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "reference"], name="message_reference_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=MessageStatus.values), name="message_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(verified=True) | models.Q(status__in=["quarantined", "acknowledged"]),
                name="message_unverified_is_never_followed",
            ),
            models.CheckConstraint(
                condition=models.Q(status="received", next_attempt_at__isnull=False)
                | (~models.Q(status="received") & models.Q(next_attempt_at__isnull=True)),
                name="message_is_due_or_done",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["quarantined", "acknowledged"]) | ~models.Q(why=""),
                name="message_quarantined_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="message_by_status"),
            models.Index(fields=["provider", "-id"], name="message_by_provider"),
            models.Index(
                fields=["subject", "-id"], condition=~models.Q(subject=""), name="message_by_subject"
            ),
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(next_attempt_at__isnull=False),
                name="message_due",
            ),
            models.Index(
                fields=["provider", "received_at"],
                condition=models.Q(verified=False),
                name="message_unverified",
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(status="quarantined", alarmed_at__isnull=True),
                name="message_to_be_told_of",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class InboundConflict(models.Model):
    """Other bytes under the reference of a message: both are kept, the first alone is followed, and a person looks."""

    id = PrefixedIdField(prefix="inc", primary_key=True)
    message = models.ForeignKey(
        InboundMessage, on_delete=models.PROTECT, related_name="conflicts", db_index=False
    )
    body = models.BinaryField()
    headers = models.JSONField()
    remote_address = models.CharField(max_length=45, blank=True)
    sha256 = models.BinaryField(max_length=32)
    copies = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=12, choices=ConflictStatus.choices, default=ConflictStatus.OPEN)
    why = models.CharField(max_length=500, blank=True)
    received_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    alarmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "sha256"], name="conflict_bytes_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=ConflictStatus.values), name="conflict_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="conflict_by_status"),
            models.Index(
                fields=["id"],
                condition=models.Q(alarmed_at__isnull=True),
                name="conflict_to_be_told_of",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}: other bytes"
