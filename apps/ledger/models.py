"""Accounts, journal entries, lines, balances, holds, seals and the daily balances.

Only the functions in `sql/` write here: the application's role may read all of it and open accounts.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.fields import MinorUnitsField, PrefixedIdField
from apps.operations.models import Book


class Side(models.IntegerChoices):
    """The side on which an account's balance is shown as positive."""

    CREDIT = 1, _("Credit")
    DEBIT = -1, _("Debit")


class Account(models.Model):
    """A ledger account of one book. Its address, currency, book and side never change."""

    id = models.BigAutoField(primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="accounts")
    address = models.CharField(max_length=200, db_collation="C")
    currency = models.CharField(max_length=5, db_collation="C")
    gl_code = models.CharField(max_length=20)
    side = models.SmallIntegerField(choices=Side.choices)
    name = models.CharField(max_length=200)
    floor = MinorUnitsField(null=True, help_text=_("Lowest balance as shown; empty is no floor."))
    names_holds = models.BooleanField(
        default=False, help_text=_("Holds money in reserve: each of its lines names a hold.")
    )
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "address", "currency"], name="account_address_once"),
            models.CheckConstraint(condition=Q(side__in=[1, -1]), name="account_side_known"),
            models.CheckConstraint(
                condition=Q(address__regex=r"^[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)*$"),
                name="account_address_shape",
            ),
        ]
        indexes = [models.Index(fields=["book", "gl_code"], name="account_by_gl_code")]

    def __str__(self) -> str:
        return f"{self.address} {self.currency}"


class Balance(models.Model):
    """The running total of an account, raw (in - out). Locked only inside the posting function."""

    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, primary_key=True, related_name="balance", db_constraint=False
    )
    book_id = models.BigIntegerField()
    currency = models.CharField(max_length=5, db_collation="C")
    side = models.SmallIntegerField()
    balance = MinorUnitsField(default=0)
    sequence = models.BigIntegerField(default=0)
    floor = MinorUnitsField(null=True)
    names_holds = models.BooleanField(default=False)
    frozen_in_until = models.DateTimeField(null=True)
    frozen_out_until = models.DateTimeField(null=True)
    closed = models.BooleanField(default=False)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(floor__isnull=True) | Q(floor__lte=models.F("balance") * models.F("side")),
                name="balance_not_below_floor",
            ),
            models.CheckConstraint(condition=Q(closed=False) | Q(balance=0), name="balance_closed_is_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.shown}"

    @property
    def shown(self) -> int:
        """The balance as people read it: negated for debit-normal accounts."""
        return int(self.balance) * self.side


class JournalEntry(models.Model):
    """One atomic, immutable accounting event in one book. Insert-only."""

    id = PrefixedIdField(prefix="je", primary_key=True)
    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="entries", db_constraint=False, db_index=False
    )
    reference = models.TextField(db_collation="C")
    request_hash = models.BinaryField(max_length=32)
    kind = models.CharField(max_length=60)
    description = models.TextField(blank=True)
    metadata = models.JSONField()
    group_id = PrefixedIdField(prefix="jeg", null=True, editable=False)
    reverses = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="reversals",
        db_constraint=False,
        db_index=False,
    )
    operation_id = PrefixedIdField(prefix="op", null=True, editable=False)
    effective_at = models.DateTimeField()
    effective_on = models.DateField()
    recorded_at = models.DateTimeField()
    ordinal = models.BigIntegerField(unique=True)

    class Meta:
        db_table = "ledger_entry"
        constraints = [
            models.UniqueConstraint(fields=["book", "reference"], name="entry_reference_once"),
            models.UniqueConstraint(
                fields=["reverses"], condition=Q(reverses__isnull=False), name="entry_reversed_once"
            ),
        ]
        indexes = [
            models.Index(fields=["group_id"], name="entry_by_group", condition=Q(group_id__isnull=False)),
        ]
        verbose_name_plural = _("journal entries")

    def __str__(self) -> str:
        return f"{self.id}"


class Line(models.Model):
    """One side of a posting as stored. `amount` is signed: in is positive, out is negative. Insert-only."""

    pk = models.CompositePrimaryKey("account_id", "sequence")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="lines", db_constraint=False, db_index=False
    )
    sequence = models.BigIntegerField()
    entry = models.ForeignKey(
        JournalEntry, on_delete=models.PROTECT, related_name="lines", db_constraint=False
    )
    posting = models.SmallIntegerField()
    amount = MinorUnitsField()
    balance_after = MinorUnitsField()
    effective_at = models.DateTimeField()
    effective_on = models.DateField()
    recorded_at = models.DateTimeField()
    hold_id = PrefixedIdField(prefix="hld", null=True, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="line_moves_something")]
        indexes = [models.Index(fields=["hold_id"], name="line_by_hold", condition=Q(hold_id__isnull=False))]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.sequence}"


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


class FreezeDirection(models.TextChoices):
    IN = "in", _("Nothing in")
    OUT = "out", _("Nothing out")
    BOTH = "both", _("Nothing in or out")


class Freeze(models.Model):
    """Why an account stands still: direction, reason, until when, and who said so."""

    id = PrefixedIdField(prefix="frz", primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="freezes")
    direction = models.CharField(max_length=4, choices=FreezeDirection.choices)
    reason = models.CharField(max_length=500)
    expires_at = models.DateTimeField(null=True)
    frozen_by = models.CharField(max_length=200)
    frozen_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=200, blank=True)
    lifted_at = models.DateTimeField(null=True)
    lift_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(direction__in=FreezeDirection.values), name="freeze_direction_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.direction}"


class BookPeriod(models.Model):
    """Up to which day, inclusive, a book is closed. Changed under a lock that posting shares."""

    book = models.OneToOneField(Book, on_delete=models.PROTECT, primary_key=True, related_name="period")
    closed_through = models.DateField(null=True)
    changed_by = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"{self.book_id} closed through {self.closed_through}"


class Seal(models.Model):
    """The place of an entry in its book, and its link in the book's SHA-256 chain. Insert-only."""

    pk = models.CompositePrimaryKey("book_id", "position")
    book = models.ForeignKey(
        Book, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    position = models.BigIntegerField()
    entry = models.OneToOneField(
        JournalEntry, on_delete=models.PROTECT, related_name="seal", db_constraint=False
    )
    ordinal = models.BigIntegerField(unique=True)
    hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["book", "sealed_at", "position"], name="seal_by_time")]

    def __str__(self) -> str:
        return f"{self.book_id}/{self.position}"


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
    """Up to which position a book was verified: where an incremental verification starts. Machinery."""

    book = models.OneToOneField(Book, on_delete=models.PROTECT, primary_key=True, related_name="verification")
    through_position = models.BigIntegerField(default=0)
    through_hash = models.BinaryField(max_length=32)
    verified_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.book_id}/{self.through_position}"
