"""Money in reserve."""

from django.db import models
from django.db.models import Q

from apps.core.fields import MinorUnitsField, PrefixedIdField
from apps.ledger.models.accounts import Account
from apps.ledger.models.entries import JournalEntry
from apps.operations.models import Book


class Hold(models.Model):
    """Money reserved: what was taken from `account` into `held_account`, and what remains of it."""

    id = PrefixedIdField(prefix="hld", primary_key=True)
    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="holds", db_constraint=False, db_index=False
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="holds", db_constraint=False)
    held_account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="held", db_constraint=False
    )
    amount = MinorUnitsField()
    remaining = MinorUnitsField()
    opened_by = models.ForeignKey(
        JournalEntry, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(remaining__gte=0), name="hold_not_below_zero"),
            models.CheckConstraint(
                condition=Q(remaining__lte=models.F("amount")), name="hold_not_above_amount"
            ),
        ]
        indexes = [
            models.Index(fields=["book", "id"], name="hold_open_by_book", condition=Q(remaining__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.id}"
