"""What is derived from the entries, and may be made anew."""

from django.db import models

from apps.core.fields import MinorUnitsField
from apps.ledger.models.accounts import Account
from apps.operations.models import Book


class DailyBalance(models.Model):
    """The statement read model: what entered and left an account on a day, among one run's positions.

    A run covers the positions after the previous run's `through_position`; small runs are merged later. So a
    balance as of any (effective day, position) is a sum over rows plus the few lines since the last run.
    """

    pk = models.CompositePrimaryKey("account_id", "through_position", "effective_on")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="days", db_constraint=False, db_index=False
    )
    book_id = models.BigIntegerField()
    through_position = models.BigIntegerField()
    through_sequence = models.BigIntegerField()
    effective_on = models.DateField()
    amount_in = MinorUnitsField()
    amount_out = MinorUnitsField()

    class Meta:
        db_table = "ledger_daily_balance"

    def __str__(self) -> str:
        return f"{self.account_id} {self.effective_on}"


class Projection(models.Model):
    """One run of the statement read model over a book: the positions up to this one are in it."""

    pk = models.CompositePrimaryKey("book_id", "through_position")
    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    through_position = models.BigIntegerField()
    projected_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.book_id}/{self.through_position}"


class Verification(models.Model):
    """Up to which position a book was verified, where an incremental verification starts, and what was found broken.

    `found` are the first broken places, a sentence each. They stay until a verification of the whole book finds none.
    Machinery.
    """

    book = models.OneToOneField(Book, on_delete=models.PROTECT, primary_key=True, related_name="verification")
    through_position = models.BigIntegerField(default=0)
    through_hash = models.BinaryField(max_length=32)
    verified_at = models.DateTimeField(null=True)
    found = models.JSONField(default=list)
    found_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.book_id}/{self.through_position}"
