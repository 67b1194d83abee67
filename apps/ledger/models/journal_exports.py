"""What was handed to other people's books."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.fields import PrefixedIdField
from apps.operations.models import Book


class JournalExportFormat(models.TextChoices):
    CSV = "csv", _("CSV")


class JournalExport(models.Model):
    """The entries from one position of a book to another, both included, as they were given to an ERP. Insert-only.

    Exports of a book follow each other by number and position without a gap. The file is made from the range
    whenever it is asked for; `sha256`, in hexadecimal, says that it is the same.
    """

    pk = models.CompositePrimaryKey("book_id", "number")
    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="journal_exports", db_constraint=False, db_index=False
    )
    number = models.BigIntegerField()
    from_position = models.BigIntegerField()
    through_position = models.BigIntegerField()
    entries = models.BigIntegerField()
    format = models.CharField(max_length=10, choices=JournalExportFormat.choices)
    sha256 = models.CharField(max_length=64, db_collation="C")
    operation_id = PrefixedIdField(prefix="op", editable=False)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_journal_export"
        constraints = [
            models.CheckConstraint(
                condition=Q(entries__gt=0, through_position=F("from_position") + F("entries") - 1),
                name="journal_export_counts_its_range",
            ),
            models.CheckConstraint(
                condition=Q(format__in=JournalExportFormat.values), name="journal_export_format_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.book_id}/{self.number}"
