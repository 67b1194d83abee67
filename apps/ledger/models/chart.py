"""The chart of accounts: GL accounts as a tree, and which of them the account of an address belongs to."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.ledger.models.accounts import Side


class GlType(models.TextChoices):
    """What a GL account says of the company: what it has, owes, is worth, earns and spends."""

    ASSET = "asset", _("Asset")
    LIABILITY = "liability", _("Liability")
    EQUITY = "equity", _("Equity")
    REVENUE = "revenue", _("Revenue")
    EXPENSE = "expense", _("Expense")

    @property
    def usual_side(self) -> Side:
        """The normal side of this type; a contra account has the other one."""
        return Side.DEBIT if self in {GlType.ASSET, GlType.EXPENSE} else Side.CREDIT


class GlAccount(models.Model):
    """A line of the chart of accounts, over all books: `fixtures/chart.json` as the database holds it.

    One with children is a heading and carries no accounts; the others are postable. Children have their
    parent's type and a code that sorts behind it. `currencies` are the only ones allowed; empty is any.
    """

    code = models.CharField(max_length=20, primary_key=True, db_collation="C")
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=10, choices=GlType.choices, db_collation="C")
    side = models.SmallIntegerField(choices=Side.choices)
    currencies = ArrayField(models.CharField(max_length=5, db_collation="C"), default=list, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")

    class Meta:
        ordering = ["code"]
        verbose_name = _("GL account")
        constraints = [
            models.UniqueConstraint(fields=["code", "side"], name="gl_account_side_once"),
            models.UniqueConstraint(fields=["code", "type"], name="gl_account_type_once"),
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9]+$"), name="gl_account_code_shape"),
            models.CheckConstraint(condition=Q(type__in=GlType.values), name="gl_account_type_known"),
            models.CheckConstraint(condition=Q(side__in=[1, -1]), name="gl_account_side_known"),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | Q(parent__lt=F("code")),
                name="gl_account_behind_its_parent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class AddressPattern(models.Model):
    """Which GL account the accounts of some addresses belong to; `*` stands for one whole segment.

    Of those that fit an address the most specific counts: read from the left, a fixed segment goes before `*`.
    """

    pattern = models.CharField(max_length=200, primary_key=True, db_collation="C")
    gl_account = models.ForeignKey(
        GlAccount, on_delete=models.PROTECT, db_column="gl_code", related_name="patterns"
    )
    names_holds = models.BooleanField(
        default=False, help_text=_("Its accounts hold money in reserve: each of their lines names a hold.")
    )

    class Meta:
        ordering = ["pattern"]
        constraints = [
            models.CheckConstraint(
                condition=Q(pattern__regex=r"^([A-Za-z0-9_-]+|[*])(:([A-Za-z0-9_-]+|[*]))*$"),
                name="address_pattern_shape",
            )
        ]

    def __str__(self) -> str:
        return self.pattern
