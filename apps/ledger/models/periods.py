"""Which days of a book are open, closing or closed, and how they came to be so."""

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.fields import PrefixedIdField
from apps.operations.models import Book


class LatePolicy(models.TextChoices):
    """What becomes of an entry whose day is not open to it."""

    REFUSE = "refuse", _("refused")
    NEXT_OPEN_DAY = "next_open_day", _("posted on the first open day")


class PeriodStep(models.TextChoices):
    """What was done to the periods of a book."""

    CLOSING_BEGUN = "closing_begun", _("Closing begun")
    CLOSED = "closed", _("Closed")
    REOPENED = "reopened", _("Reopened")
    LATE_POLICY_SET = "late_policy_set", _("Late entries")


class Periods(models.Model):
    """Two days, inclusive, and a policy. The days after the first through the second take only what adjusts."""

    closed_through = models.DateField(null=True)
    closing_through = models.DateField(null=True)
    late_policy = models.CharField(
        max_length=20, choices=LatePolicy.choices, default=LatePolicy.REFUSE, db_collation="C"
    )

    class Meta:
        abstract = True


def _constraints(name: str) -> list[models.BaseConstraint]:
    in_order = Q(closing_through=None) | Q(closed_through=None) | Q(closing_through__gt=F("closed_through"))
    return [
        models.CheckConstraint(condition=in_order, name=f"{name}_closing_after_closed"),
        models.CheckConstraint(
            condition=Q(late_policy__in=LatePolicy.values), name=f"{name}_late_policy_known"
        ),
    ]


class BookPeriod(Periods):
    """The periods of a book as they are; without a row every day is open. Changed under a lock that posting shares."""

    book = models.OneToOneField(Book, on_delete=models.PROTECT, primary_key=True, related_name="period")

    class Meta:
        constraints = _constraints("period")

    def __str__(self) -> str:
        return f"{self.book_id} closed through {self.closed_through}"


class PeriodChange(Periods):
    """One change of a book's periods, with what they were from then on. Insert-only.

    Its ordinal lies between those of the entries posted before and after it.
    """

    id = PrefixedIdField(prefix="prd", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="period_changes", db_index=False)
    what = models.CharField(max_length=20, choices=PeriodStep.choices, db_collation="C")
    ordinal = models.BigIntegerField(unique=True)
    operation_id = PrefixedIdField(prefix="op", null=True, editable=False)
    changed_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField()
    reason = models.CharField(max_length=500)

    class Meta:
        constraints = [
            *_constraints("period_change"),
            models.CheckConstraint(
                condition=Q(what__in=PeriodStep.values)
                & (~Q(what=PeriodStep.CLOSED) | Q(closed_through__isnull=False))
                & (~Q(what=PeriodStep.CLOSING_BEGUN) | Q(closing_through__isnull=False)),
                name="period_change_known",
            ),
        ]
        indexes = [models.Index(fields=["book", "ordinal"], name="period_change_by_book")]

    def __str__(self) -> str:
        if self.what == PeriodStep.LATE_POLICY_SET:
            return _("Late entries %(become)s") % {"become": self.get_late_policy_display()}
        if self.what != PeriodStep.REOPENED:
            return f"{self.get_what_display()} {_('through')} {self.reported_through}"
        done = _("Reopened for adjustments") if self.closing_through else self.get_what_display()
        return f"{done} {_('after')} {self.closed_through}" if self.closed_through else str(done)

    @property
    def reported_through(self) -> date | None:
        """The last day of what was reported with this change; None if nothing was."""
        if self.what == PeriodStep.CLOSED:
            return self.closed_through
        return self.closing_through if self.what == PeriodStep.CLOSING_BEGUN else None
