"""What is asked about a payment that a provider has or had: where it is, or that its money comes back."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.fields import PrefixedIdField
from apps.operations.models import Book
from apps.transfers.models import Transfer


class InquiryKind(models.TextChoices):
    RECALL = "recall", _("Recall")
    TRACE = "trace", _("Trace")


class InquiryStatus(models.TextChoices):
    OPEN = "open", _("Open")
    ANSWERED = "answered", _("Answered")
    REFUSED = "refused", _("Refused")


class Inquiry(models.Model):
    """A question about one transfer to its provider, and what that answered. It moves no money: what a recall brings back
    comes as a return that the provider tells.

    `submission` is under what name the provider knows the payment, `asked` what it was asked last. `next_attempt_at` is when
    a worker asks it next; an open one without is an operator's, who asks and records the answer. `tries` and `failure` are
    machinery of that worker.
    """

    id = PrefixedIdField(prefix="inq", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="inquiries", db_index=False)
    kind = models.CharField(max_length=10, choices=InquiryKind.choices)
    status = models.CharField(max_length=10, choices=InquiryStatus.choices, default=InquiryStatus.OPEN)
    reason = models.CharField(max_length=500)
    provider = models.CharField(max_length=60)
    submission = models.CharField(max_length=60, db_collation="C")
    asked = models.JSONField(default=dict)
    asked_by = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=500, blank=True)
    answer_code = models.CharField(max_length=60, blank=True)
    answered_by = models.CharField(max_length=200, blank=True)
    answered_at = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "inquiries"
        constraints = [
            models.UniqueConstraint(
                fields=["transfer", "kind"], condition=models.Q(status="open"), name="inquiry_open_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=InquiryKind.values), name="inquiry_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status="open", answered_at__isnull=True, answer="", answered_by="")
                | (
                    models.Q(
                        status__in=["answered", "refused"],
                        answered_at__isnull=False,
                        next_attempt_at__isnull=True,
                    )
                    & ~models.Q(answer="")
                    & ~models.Q(answered_by="")
                ),
                name="inquiry_is_answered_or_not",
            ),
        ]
        indexes = [
            models.Index(fields=["book", "-id"], name="inquiry_by_book"),
            models.Index(fields=["transfer", "-id"], name="inquiry_by_transfer"),
            models.Index(fields=["asked_at"], condition=models.Q(status="open"), name="inquiry_open"),
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(next_attempt_at__isnull=False),
                name="inquiry_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.transfer_id}"

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered it."""
        return self.status == InquiryStatus.OPEN
