"""Files from which batches came, what their columns mean, and the sheets that prove what became of them."""

from django.db import models

from apps.core.fields import EncryptedTextField, PrefixedIdField
from apps.operations.models import Book
from apps.payouts.models.batches import Batch


class BatchFile(models.Model):
    """The file of a batch as it was uploaded: `content` in base64, encrypted, and never changed. `mapping` is how it was read."""

    batch = models.OneToOneField(Batch, on_delete=models.PROTECT, primary_key=True, related_name="file")
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=120)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    content = EncryptedTextField()
    uploaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class FileMapping(models.Model):
    """Which column of files with the same headings is which field, as a tenant said last."""

    pk = models.CompositePrimaryKey("book_id", "fingerprint")
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    fingerprint = models.CharField(max_length=64)
    mapping = models.JSONField()
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.fingerprint[:12]


class BatchSheet(models.Model):
    """A reconciliation sheet as it was written when providers had been asked: once for each such time, never changed."""

    id = PrefixedIdField(prefix="bsh", primary_key=True)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="sheets", db_index=False)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    format = models.CharField(max_length=3)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    summary = models.JSONField(default=dict)
    compared_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(format__in=["csv", "pdf"]), name="batch_sheet_format_known"
            ),
            models.UniqueConstraint(fields=["batch", "compared_at", "format"], name="batch_sheet_once"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}.{self.format}"
