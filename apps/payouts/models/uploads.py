"""Files from which batches came, and what their columns mean."""

from django.db import models

from apps.core.fields import EncryptedTextField
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
