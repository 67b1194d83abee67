"""Journal entries, their lines and their seals. Insert-only."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.fields import MinorUnitsField, PrefixedIdField
from apps.ledger.models.accounts import Account
from apps.ledger.models.templates import TemplateVersion
from apps.operations.models import Book


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
    template = models.ForeignKey(
        TemplateVersion,
        on_delete=models.PROTECT,
        null=True,
        related_name="entries",
        db_constraint=False,
        db_index=False,
        help_text=_("The version of the posting template that made it."),
    )
    effective_at = models.DateTimeField()
    effective_on = models.DateField()
    intended_at = models.DateTimeField(
        null=True,
        help_text=_("When it should have taken effect, where that day was closed and it was moved."),
    )
    recorded_at = models.DateTimeField()
    ordinal = models.BigIntegerField(unique=True)

    class Meta:
        db_table = "ledger_entry"
        constraints = [
            models.UniqueConstraint(fields=["book", "reference"], name="entry_reference_once"),
            models.UniqueConstraint(
                fields=["reverses"], condition=Q(reverses__isnull=False), name="entry_reversed_once"
            ),
            models.CheckConstraint(
                condition=Q(intended_at=None) | Q(intended_at__lt=F("effective_at")),
                name="entry_moved_forward",
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
