"""Payments that leave in files, and the files: machinery, written without a command but for what people do."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.fields import EncryptedTextField, MinorUnitsField, PrefixedIdField
from apps.core.money import Money
from apps.providers.models.providers import Provider


class PaymentStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting for the cut-off")
    IN_FILE = "in_file", _("In a file")
    ACCEPTED = "accepted", _("Accepted by the bank")
    BOOKED = "booked", _("Booked")
    REJECTED = "rejected", _("Rejected")
    RETURNED = "returned", _("Returned")
    CANCELLED = "cancelled", _("Cancelled")


class FileStatus(models.TextChoices):
    MADE = "made", _("Not handed over")
    HANDED_OVER = "handed_over", _("Handed over")
    TAKEN = "taken", _("Taken by the bank")
    REFUSED = "refused", _("Refused by the bank")


class RailFile(models.Model):
    """A file of payments. It is produced once: its bytes, and which payments are in it, never change.

    `message_id` is what the bank knows it by; `scheme` is sepa, swift or ach. `total` is in minor units. `said` is what
    the bank's channel answered last; `tries` and `next_attempt_at` are of handing it over where there is a channel.
    """

    id = PrefixedIdField(prefix="rlf", primary_key=True)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+", db_index=False)
    message_id = models.CharField(max_length=35, unique=True, db_collation="C")
    format = models.CharField(max_length=20)
    scheme = models.CharField(max_length=10)
    content = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    size = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    total = MinorUnitsField()
    currency = models.CharField(max_length=5)
    execute_on = models.DateField()
    made_at = models.DateTimeField()
    status = models.CharField(max_length=12, choices=FileStatus.choices, default=FileStatus.MADE)
    handed_over_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)
    said = models.CharField(max_length=500, blank=True)
    tries = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=FileStatus.values), name="rail_file_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(count__gt=0) & models.Q(total__gt=0) & models.Q(size__gt=0),
                name="rail_file_holds_something",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="rail_file_by_status"),
            models.Index(fields=["provider", "-id"], name="rail_file_by_provider"),
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(next_attempt_at__isnull=False),
                name="rail_file_due",
            ),
        ]

    def __str__(self) -> str:
        return self.message_id

    @property
    def money(self) -> Money:
        """What the payments add up to."""
        return Money(self.total, self.currency)

    @property
    def hash(self) -> str:
        """The SHA-256 of the bytes, in hexadecimal."""
        return bytes(self.sha256).hex()

    @property
    def name(self) -> str:
        """What the file is called where it is kept."""
        return f"{self.message_id}.{'ach' if self.format == 'nacha' else 'xml'}"


class RailPayment(models.Model):
    """One payment that waits for a file, or is in one. `reference` is ours, never used twice with a provider.

    One that was cancelled before it came has no amount, so that it can never come. `to` is who receives, as JSON. `due_at`
    is the cut-off with which it goes, `sequence` its place among all that the provider ever was sent, which an ACH trace
    ends in. `code` and `why` are the bank's; `doubt` says why what the bank said proves nothing. `booked_as` is under what
    name the bank's account has the debit, which stays: another one is a second debit.
    """

    id = PrefixedIdField(prefix="rlp", primary_key=True)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="+", db_index=False)
    reference = models.CharField(max_length=60, db_collation="C")
    scheme = models.CharField(max_length=10, blank=True)
    amount = MinorUnitsField(null=True)
    currency = models.CharField(max_length=5, blank=True)
    to = EncryptedTextField(blank=True)
    memo = models.CharField(max_length=140, blank=True)
    status = models.CharField(max_length=10, choices=PaymentStatus.choices)
    due_at = models.DateTimeField(null=True)
    execute_on = models.DateField(null=True)
    expected_at = models.DateTimeField(null=True)
    file = models.ForeignKey(
        RailFile, on_delete=models.PROTECT, null=True, related_name="payments", db_index=False
    )
    sequence = models.BigIntegerField(null=True)
    returned = MinorUnitsField(null=True)
    booked_as = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=60, blank=True)
    why = models.CharField(max_length=500, blank=True)
    doubt = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "reference"], name="rail_payment_reference_once"),
            models.UniqueConstraint(fields=["provider", "sequence"], name="rail_payment_sequence_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=PaymentStatus.values), name="rail_payment_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status="cancelled")
                | (models.Q(amount__gt=0) & ~models.Q(currency="") & models.Q(due_at__isnull=False)),
                name="rail_payment_pays_something",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["waiting", "cancelled"], file__isnull=True, sequence__isnull=True
                )
                | (
                    ~models.Q(status__in=["waiting", "cancelled"])
                    & models.Q(file__isnull=False, sequence__isnull=False, execute_on__isnull=False)
                ),
                name="rail_payment_is_in_a_file_or_not",
            ),
        ]
        indexes = [
            models.Index(
                fields=["provider", "due_at"],
                condition=models.Q(status="waiting"),
                name="rail_payment_waiting",
            ),
            models.Index(fields=["file", "sequence"], name="rail_payment_by_file"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def money(self) -> Money | None:
        """What is paid; nothing of one that never came."""
        return None if self.amount is None else Money(self.amount, self.currency)
