"""Accounts, what they hold, and why some stand still."""

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
    """A ledger account of one book. Its address, currency, book, GL code, side and owed account never change.

    The database ties (`gl_code`, `side`) to a GL account of the chart.
    """

    id = models.BigAutoField(primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="accounts")
    address = models.CharField(max_length=200, db_collation="C")
    currency = models.CharField(max_length=5, db_collation="C")
    gl_code = models.CharField(max_length=20, db_collation="C")
    side = models.SmallIntegerField(choices=Side.choices)
    name = models.CharField(max_length=200)
    floor = MinorUnitsField(null=True, help_text=_("Lowest balance as shown; empty is no floor."))
    names_holds = models.BooleanField(
        default=False, help_text=_("Holds money in reserve: each of its lines names a hold.")
    )
    owed_account = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text=_("Takes what could not be taken from this one; what comes in here repays it first."),
    )
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "address", "currency"], name="account_address_once"),
            models.UniqueConstraint(
                fields=["owed_account"],
                condition=Q(owed_account__isnull=False),
                name="account_owed_account_of_one",
            ),
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
    owing = models.BooleanField(
        default=False,
        help_text=_("Something is owed here, or it is what another account owes: each posting is decided."),
    )
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
