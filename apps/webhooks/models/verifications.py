"""How far the seals of attempts were verified."""

from django.db import models

from apps.operations.models import Book


class AttemptVerification(models.Model):
    """Up to which position the attempts of a book were verified, where the next verification begins, and what was found broken.

    What was looked for without a seal was so up to `through_ordinal`. `found` is the first broken place, in a sentence. It stays until a
    verification of all attempts of the book finds none. Machinery.
    """

    book = models.OneToOneField(
        Book, on_delete=models.PROTECT, primary_key=True, related_name="attempt_verification"
    )
    through_position = models.BigIntegerField(default=0)
    through_hash = models.BinaryField(max_length=32)
    through_ordinal = models.BigIntegerField(default=0)
    verified_at = models.DateTimeField(null=True)
    found = models.TextField(blank=True)
    found_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.book_id}/{self.through_position}"
