"""What the API keeps for itself: who asked what, and bulks that are worked off later."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiKey, Tenant
from apps.core.fields import EncryptedTextField, PrefixedIdField


class LoggedRequest(models.Model):
    """One request as it was answered. No bodies, no query strings. Machinery; gone after 90 days."""

    id = PrefixedIdField(prefix="rql", primary_key=True)
    tenant_id = PrefixedIdField(prefix="ten", null=True, editable=False)
    key_id = PrefixedIdField(prefix="key", editable=False)
    request_id = models.CharField(max_length=64)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=300)
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=60, blank=True)
    milliseconds = models.PositiveIntegerField()
    operation_id = models.CharField(max_length=40, blank=True)
    retry_of = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=45, blank=True)
    asked_at = models.DateTimeField()

    class Meta:
        db_table = "api_request"
        verbose_name = _("request")
        indexes = [models.Index(fields=["tenant_id", "-id"], name="request_by_tenant")]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"


class BulkStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped: the key that asked has ended")


class BulkJob(models.Model):
    """Many commands of one key, worked off in parts. Whoever holds the lease, under its number, works on it."""

    id = PrefixedIdField(prefix="blk", primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, null=True, related_name="+")
    api_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=BulkStatus.choices, default=BulkStatus.QUEUED)
    items = models.PositiveIntegerField()
    answered = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    lease = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=BulkStatus.values), name="bulk_status_known")
        ]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="bulk_by_tenant"),
            models.Index(
                fields=["id"], condition=models.Q(status__in=["queued", "running"]), name="bulk_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.answered}/{self.items}"


class BulkPart(models.Model):
    """Some items of a bulk, in their order, and their answers once there are some; both as JSON, encrypted."""

    pk = models.CompositePrimaryKey("job_id", "number")
    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    items = EncryptedTextField()
    answers = EncryptedTextField(null=True)

    def __str__(self) -> str:
        return f"{self.job_id}/{self.number}"
