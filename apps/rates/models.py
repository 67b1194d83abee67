"""Rates as their sources published them: files, loads of files, and quotes. All of it is insert-only."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.fields import PrefixedIdField

LIMIT = Decimal(10**12)
"""No rate reaches it."""


class Source(models.TextChoices):
    """Who publishes rates."""

    ECB = "ecb", _("European Central Bank")


class RateField(models.DecimalField):  # type: ignore[type-arg]
    """An exact rate with as many digits as were published: numeric without a scale, Decimal in Python."""

    def __init__(self, verbose_name: str | None = None, **kwargs: Any) -> None:
        super().__init__(verbose_name, **{**kwargs, "max_digits": 24, "decimal_places": 12})

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Leave out the digits, which are always the same."""
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, [*args], kwargs

    def db_type(self, connection: Any) -> str:
        """numeric(24,12) would fill up with zeros what was published with four digits."""
        return "numeric"


class SourceFile(models.Model):
    """A file as it was received, by its SHA-256 in hexadecimal: the evidence behind every quote. Insert-only."""

    sha256 = models.CharField(max_length=64, primary_key=True, db_collation="C")
    name = models.CharField(max_length=200)
    content = models.BinaryField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="source_file_hash_shape"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Load(models.Model):
    """What one file added to what is known. Insert-only; a file that adds nothing makes none.

    Ids and `recorded_at` have one order, that of the commits. The counts are of cells of the file: one currency on
    one day. `left_out` counts them by currency where the currency does not exist here.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=20, choices=Source.choices, db_collation="C")
    file = models.ForeignKey(SourceFile, on_delete=models.PROTECT, related_name="loads")
    first_day = models.DateField()
    last_day = models.DateField()
    added = models.IntegerField()
    corrected = models.IntegerField()
    withdrawn = models.IntegerField()
    unchanged = models.IntegerField()
    older = models.IntegerField()
    missing = models.IntegerField()
    left_out = models.JSONField()
    operation_id = PrefixedIdField(prefix="op", editable=False)
    loaded_by = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(source__in=Source.values), name="load_source_known"),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="load_days_in_order"),
            models.CheckConstraint(
                condition=Q(added__gte=0, corrected__gte=0, withdrawn__gte=0)
                & (Q(added__gt=0) | Q(corrected__gt=0) | Q(withdrawn__gt=0)),
                name="load_adds_something",
            ),
        ]
        indexes = [models.Index(fields=["recorded_at", "id"], name="load_by_time")]

    def __str__(self) -> str:
        return f"{self.source} {self.pk}"


class Quote(models.Model):
    """What one unit of `base` costs in `currency` on a day, as one load said; no rate means that it was withdrawn.

    Of several quotes for a day the one of the latest load stands. Insert-only: a correction is a quote of a later load.
    """

    pk = models.CompositePrimaryKey("source", "base", "currency", "day", "load_id")
    source = models.CharField(max_length=20, choices=Source.choices, db_collation="C")
    base = models.CharField(max_length=5, db_collation="C")
    currency = models.CharField(max_length=5, db_collation="C")
    day = models.DateField()
    load = models.ForeignKey(Load, on_delete=models.PROTECT, related_name="quotes", db_index=False)
    rate = RateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(source__in=Source.values), name="quote_source_known"),
            models.CheckConstraint(condition=Q(rate__gt=0, rate__lt=LIMIT), name="quote_rate_positive"),
            models.CheckConstraint(condition=~Q(base=F("currency")), name="quote_of_two_currencies"),
        ]

    def __str__(self) -> str:
        return f"{self.base}/{self.currency} {self.day}"
