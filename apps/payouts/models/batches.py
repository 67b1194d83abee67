"""Batches of payouts, and their rows."""

import json
from typing import Any, Final

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.accounts.models import Recipient, Wallet
from apps.core.fields import EncryptedTextField, MinorUnitsField, PrefixedIdField
from apps.core.money import Money
from apps.core.state_machine import StateMachineModel
from apps.operations.models import Book
from apps.transfers.models import Transfer


class BatchStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PENDING_APPROVAL = "pending_approval", _("Pending approval")
    APPROVED = "approved", _("Approved")
    EXECUTING = "executing", _("Executing")
    PARTIALLY_COMPLETED = "partially_completed", _("Partially completed")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


class Source(models.TextChoices):
    API = "api", _("API")
    CONSOLE = "console", _("Console")
    CSV = "csv", _("CSV")
    XLSX = "xlsx", _("XLSX")
    PAIN001 = "pain001", _("pain.001")
    SCHEDULE = "schedule", _("Schedule")


BEFORE_EXECUTION: Final = (BatchStatus.DRAFT, BatchStatus.PENDING_APPROVAL, BatchStatus.APPROVED)
ENDED: Final = (BatchStatus.PARTIALLY_COMPLETED, BatchStatus.COMPLETED, BatchStatus.CANCELLED)


class Batch(StateMachineModel):
    """Payouts that are approved and sent together. Its rows are a report until it is submitted, when money is held for each.

    `wallet` pays where a row names none. `maker_…` is who submitted it, `makers` are all people who gave
    anything of it, none of whom approves it. `content` is
    the SHA-256 of what was approved. `execute_at` is when it may be sent at the earliest; without it, and without
    `by_itself`, somebody says so. `short` is what was missing at providers when it was looked at last (`looked_at`): a list of
    `{"provider", "currency", "has", "needs", "short"}`. `compared_at` is when providers were asked last what
    they executed of it. These, `next_step_at`, `lease` and `reminded_at` are the worker's own: machinery, written without a
    command.
    """

    id = PrefixedIdField(prefix="bat", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=140)
    reference = models.CharField(max_length=120, blank=True, db_collation="C")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    source = models.CharField(max_length=10, choices=Source.choices)
    status = FSMField(default=BatchStatus.DRAFT, choices=BatchStatus.choices, protected=True, max_length=20)
    by_itself = models.BooleanField(default=True)
    execute_at = models.DateTimeField(null=True)
    maker_kind = models.CharField(max_length=10, blank=True)
    maker_id = models.CharField(max_length=60, blank=True)
    maker_label = models.CharField(max_length=200, blank=True)
    makers = models.JSONField(default=list)
    origin = models.CharField(max_length=20, blank=True)
    content = models.BinaryField(null=True)
    approval_request_id = PrefixedIdField(prefix="apr", null=True, editable=False)
    why = models.CharField(max_length=500, blank=True)
    short = models.JSONField(default=list)
    looked_at = models.DateTimeField(null=True)
    compared_at = models.DateTimeField(null=True)
    next_step_at = models.DateTimeField(null=True)
    lease = models.PositiveIntegerField(default=0)
    reminded_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    executed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=BatchStatus.values), name="batch_status_known"
            ),
            models.CheckConstraint(condition=models.Q(source__in=Source.values), name="batch_source_known"),
            models.CheckConstraint(
                condition=models.Q(status__in=[*ENDED], ended_at__isnull=False)
                | (~models.Q(status__in=[*ENDED]) & models.Q(ended_at__isnull=True)),
                name="batch_has_ended_or_not",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=[BatchStatus.DRAFT, BatchStatus.CANCELLED])
                | models.Q(submitted_at__isnull=False),
                name="batch_was_submitted",
            ),
            models.CheckConstraint(
                condition=~models.Q(
                    status__in=[
                        BatchStatus.APPROVED,
                        BatchStatus.EXECUTING,
                        BatchStatus.PARTIALLY_COMPLETED,
                        BatchStatus.COMPLETED,
                    ]
                )
                | models.Q(approved_at__isnull=False, content__isnull=False),
                name="batch_was_approved",
            ),
        ]
        indexes = [
            models.Index(fields=["book", "-id"], name="batch_by_book"),
            models.Index(fields=["status", "-id"], name="batch_by_status"),
            models.Index(
                fields=["next_step_at"],
                condition=models.Q(next_step_at__isnull=False),
                name="batch_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @transition(field=status, source=BatchStatus.DRAFT, target=BatchStatus.PENDING_APPROVAL)
    def submit(self) -> None:
        """Its rows are right: money is held for each, and then other people are asked."""

    @transition(field=status, source=BatchStatus.PENDING_APPROVAL, target=BatchStatus.APPROVED)
    def approve(self) -> None:
        """Whoever must agree has agreed."""

    @transition(field=status, source=BatchStatus.APPROVED, target=BatchStatus.EXECUTING)
    def execute(self) -> None:
        """Its payouts are sent."""

    @transition(field=status, source=BatchStatus.EXECUTING, target=BatchStatus.COMPLETED)
    def complete(self) -> None:
        """Every row was paid."""

    @transition(field=status, source=BatchStatus.EXECUTING, target=BatchStatus.PARTIALLY_COMPLETED)
    def complete_in_part(self) -> None:
        """Every row has ended, and some were not paid."""

    @transition(field=status, source=[*BEFORE_EXECUTION], target=BatchStatus.CANCELLED)
    def cancel(self) -> None:
        """Nobody wants it, or nothing of it could be held: what is held is given back."""


class RowStatus(models.TextChoices):
    READY = "ready", _("Ready")
    WRONG = "wrong", _("To be mended")
    DROPPED = "dropped", _("Left out")
    RESERVED = "reserved", _("Reserved")
    REFUSED = "refused", _("Refused")


class BatchRow(models.Model):
    """One payout of a batch; `number` is its line where it came from. What becomes of it later its `transfer` says.

    `given` is what was given, as JSON of texts, encrypted; `problems` are `{"code", "field", "message"}`. `payee` is a keyed
    hash of a payee that is told by details, under which the recipient that was made of them is found again.
    `recipient_version` is the version that was reserved. `code` and `message` say why nothing could be held. `executed` is what
    its provider said of all our submissions of it when it was compared: `[{"reference", "outcome", "amount"}]`.
    """

    id = PrefixedIdField(prefix="brw", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="rows", db_index=False)
    number = models.PositiveIntegerField()
    given = EncryptedTextField()
    problems = models.JSONField(default=list)
    status = models.CharField(max_length=10, choices=RowStatus.choices)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    recipient_version = models.PositiveIntegerField(null=True)
    payee = models.BinaryField(null=True)
    amount = MinorUnitsField(null=True)
    currency = models.CharField(max_length=5, blank=True)
    reference = models.CharField(max_length=120, blank=True, db_collation="C")
    description = models.CharField(max_length=500, blank=True)
    transfer = models.OneToOneField(Transfer, on_delete=models.PROTECT, null=True, related_name="batch_row")
    code = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=500, blank=True)
    executed = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="batch_row_once"),
            models.CheckConstraint(
                condition=models.Q(status=RowStatus.WRONG, transfer__isnull=True) & ~models.Q(problems=[])
                | models.Q(status=RowStatus.DROPPED, transfer__isnull=True)
                | models.Q(
                    status=RowStatus.READY,
                    transfer__isnull=True,
                    problems=[],
                    amount__gt=0,
                    wallet__isnull=False,
                )
                | models.Q(status=RowStatus.RESERVED, transfer__isnull=False, recipient__isnull=False)
                | (models.Q(status=RowStatus.REFUSED, transfer__isnull=True) & ~models.Q(code="")),
                name="batch_row_is_what_its_status_says",
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "status", "number"], name="batch_row_by_status"),
            models.Index(fields=["batch", "-id"], name="batch_row_by_batch"),
            models.Index(fields=["book", "-id"], name="batch_row_by_book"),
            models.Index(
                fields=["book", "payee"],
                condition=models.Q(payee__isnull=False, recipient__isnull=False),
                name="batch_row_by_payee",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.number}"

    @property
    def money(self) -> Money | None:
        """The amount with its currency, once there is one."""
        return None if self.amount is None else Money(self.amount, self.currency)

    @property
    def told(self) -> dict[str, Any]:
        """What was given, field by field, for whoever may see it."""
        found: dict[str, Any] = json.loads(self.given)
        return found
