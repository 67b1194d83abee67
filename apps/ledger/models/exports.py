"""Reports that leave as files: the jobs that write them, and the statements that are written by themselves."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.fields import PrefixedIdField
from apps.operations.models import Book


class Cadence(models.TextChoices):
    DAILY = "daily", _("Daily")
    MONTHLY = "monthly", _("Monthly")


class StatementSchedule(models.Model):
    """The statement of an account or a wallet, for each day or month once it is over.

    `next_day` is the first day of the next period of which there is no statement yet.
    """

    id = PrefixedIdField(prefix="sch", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="statement_schedules")
    report = models.CharField(max_length=40)
    account = models.CharField(max_length=200, db_collation="C")
    currency = models.CharField(max_length=5, blank=True)
    format = models.CharField(max_length=10)
    cadence = models.CharField(max_length=10, choices=Cadence.choices)
    next_day = models.DateField()
    active = models.BooleanField(default=True)
    scheduled_by = models.CharField(max_length=60)
    scheduled_by_label = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["book", "report", "account", "currency", "format", "cadence"],
                condition=Q(active=True),
                name="statement_scheduled_once",
            ),
            models.CheckConstraint(condition=Q(cadence__in=Cadence.values), name="schedule_cadence_known"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.cadence}"


class ExportStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")


class ExportJob(models.Model):
    """A report to be written as a file by a worker, and what became of it.

    `parameters` are the settled question, positions included. `lease` is raised by each worker that takes the
    job up, and only who holds the last one may write; after `leased_until` another one may take it.
    """

    id = PrefixedIdField(prefix="exp", primary_key=True)
    report = models.CharField(max_length=40)
    parameters = models.JSONField()
    format = models.CharField(max_length=10)
    status = models.CharField(max_length=10, choices=ExportStatus.choices, default=ExportStatus.QUEUED)
    rows_done = models.BigIntegerField(default=0)
    rows_total = models.BigIntegerField(null=True)
    file_name = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    reason = models.TextField(blank=True)
    requested_by = models.CharField(max_length=60)
    requested_by_label = models.CharField(max_length=200)
    schedule = models.ForeignKey(StatementSchedule, on_delete=models.PROTECT, null=True, related_name="jobs")
    first_day = models.DateField(null=True)
    lease = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ExportStatus.values), name="export_status_known"),
            models.CheckConstraint(
                condition=~Q(status=ExportStatus.DONE)
                | Q(size__isnull=False, finished_at__isnull=False, expires_at__isnull=False),
                name="export_done_has_a_file",
            ),
            models.UniqueConstraint(
                fields=["schedule", "first_day"],
                condition=~Q(status__in=[ExportStatus.FAILED, ExportStatus.EXPIRED]),
                name="export_of_a_period_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at", "id"],
                condition=Q(status__in=[ExportStatus.QUEUED, ExportStatus.RUNNING]),
                name="export_waiting",
            ),
            models.Index(
                fields=["expires_at"], condition=Q(status=ExportStatus.DONE), name="export_by_expiry"
            ),
            models.Index(fields=["requested_by", "-id"], name="export_by_person"),
            models.Index(fields=["status", "-id"], name="export_by_status"),
            models.Index(fields=["schedule", "-first_day"], name="export_by_period"),
        ]

    def __str__(self) -> str:
        return f"{self.report} {self.format} {self.id}"
