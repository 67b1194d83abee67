"""Which days of a book are closed."""

from django.db import models

from apps.operations.models import Book


class BookPeriod(models.Model):
    """Up to which day, inclusive, a book is closed. Changed under a lock that posting shares."""

    book = models.OneToOneField(Book, on_delete=models.PROTECT, primary_key=True, related_name="period")
    closed_through = models.DateField(null=True)
    changed_by = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"{self.book_id} closed through {self.closed_through}"
