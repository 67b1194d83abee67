"""Standing payouts: schedules that make batches by themselves, their rows, and what came of each of their days."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.accounts.models import Recipient, Wallet
from apps.core.fields import MinorUnitsField, PrefixedIdField
from apps.core.money import Money
from apps.core.state_machine import StateMachineModel
from apps.operations.models import Book
from apps.payouts.models.batches import Batch
from apps.payouts.when import Every, OnHoliday, When

LONGEST_WAIT: Final = 10
"""Days for which a day of a schedule waits for money at most."""


class ScheduleStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class WhenShort(models.TextChoices):
    WAIT = "wait", _("Wait for the money")
    SKIP = "skip", _("Skip the day")
    PAY_WHAT_THERE_IS = "pay_what_there_is", _("Pay what there is")


class Schedule(StateMachineModel):
    """Payouts that are made again and again: on each of its days its rows become a batch, which goes the way of any batch.

    `version` counts its templates: a change replaces rows and calendar. `next_on` is its next day and `next_at` when that is
    due, none once it has ended; `waits_since` is since when that day waits for money. `maker_…` is who set it last, who submits
    its batches; `makers` are all people who set or resumed it, none of whom approves them. `made` counts its batches.
    """

    id = PrefixedIdField(prefix="psc", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=120)
    reference = models.CharField(max_length=120, blank=True, db_collation="C")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+", db_index=False)
    status = FSMField(
        default=ScheduleStatus.ACTIVE, choices=ScheduleStatus.choices, protected=True, max_length=10
    )
    version = models.PositiveIntegerField(default=1)
    every = models.CharField(max_length=5, choices=Every.choices)
    on_day = models.PositiveSmallIntegerField(null=True)
    first_on = models.DateField()
    last_on = models.DateField(null=True)
    at = models.TimeField()
    time_zone = models.CharField(max_length=60)
    calendar = models.CharField(max_length=20, blank=True)
    on_holiday = models.CharField(max_length=6, choices=OnHoliday.choices)
    when_short = models.CharField(max_length=20, choices=WhenShort.choices)
    wait_days = models.PositiveSmallIntegerField()
    next_on = models.DateField(null=True)
    next_at = models.DateTimeField(null=True)
    waits_since = models.DateTimeField(null=True)
    made = models.PositiveIntegerField(default=0)
    maker_kind = models.CharField(max_length=10)
    maker_id = models.CharField(max_length=60)
    maker_label = models.CharField(max_length=200)
    makers = models.JSONField(default=list)
    origin = models.CharField(max_length=20, blank=True)
    why = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "payout schedule"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "paused"], next_on__isnull=False)
                & models.Q(next_at__isnull=False, ended_at__isnull=True)
                | models.Q(status="ended", next_on__isnull=True)
                & models.Q(next_at__isnull=True, ended_at__isnull=False),
                name="payout_schedule_has_ended_or_not",
            ),
            models.CheckConstraint(
                condition=models.Q(every__in=["day", "once"], on_day__isnull=True)
                | models.Q(every="week", on_day__isnull=False, on_day__gte=1, on_day__lte=7)
                | models.Q(every="month", on_day__isnull=False, on_day__gte=1, on_day__lte=31),
                name="payout_schedule_says_when",
            ),
            models.CheckConstraint(
                condition=models.Q(on_holiday__in=OnHoliday.values, when_short__in=WhenShort.values)
                & models.Q(wait_days__lte=LONGEST_WAIT),
                name="payout_schedule_says_what_else",
            ),
        ]
        indexes = [
            models.Index(fields=["book", "-id"], name="payout_schedule_by_book"),
            models.Index(fields=["status", "-id"], name="payout_schedule_by_status"),
            models.Index(
                fields=["next_at"],
                condition=models.Q(next_at__isnull=False),
                name="payout_schedule_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def when(self) -> When:
        """On which days it pays."""
        return When(
            self.every,
            self.on_day,
            self.first_on,
            self.last_on,
            self.at,
            self.time_zone,
            self.calendar,
            self.on_holiday,
        )

    @transition(field=status, source=ScheduleStatus.ACTIVE, target=ScheduleStatus.PAUSED)
    def pause(self) -> None:
        """Its days pass without a batch."""

    @transition(field=status, source=ScheduleStatus.PAUSED, target=ScheduleStatus.ACTIVE)
    def resume(self) -> None:
        """It pays again, from its next day on."""

    @transition(
        field=status, source=[ScheduleStatus.ACTIVE, ScheduleStatus.PAUSED], target=ScheduleStatus.ENDED
    )
    def end(self) -> None:
        """It has no further day, or nobody wants it any more."""


class ScheduleRow(models.Model):
    """One payout of a version of a schedule. Insert-only: another version has rows of its own."""

    id = PrefixedIdField(prefix="psw", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="rows", db_index=False)
    version = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = MinorUnitsField()
    currency = models.CharField(max_length=5)
    reference = models.CharField(max_length=120, blank=True, db_collation="C")
    description = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = "payout schedule row"
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "version", "number"], name="payout_schedule_row_once"
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payout_schedule_row_pays"),
        ]
        indexes = [
            models.Index(fields=["schedule", "-id"], name="payout_schedule_row_by_it"),
            models.Index(fields=["book", "-id"], name="payout_schedule_row_by_book"),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id}/{self.version}/{self.number}"

    @property
    def money(self) -> Money:
        """The amount with its currency."""
        return Money(self.amount, self.currency)


class RunOutcome(models.TextChoices):
    MADE = "made", _("Batch made")
    NO_BUSINESS_DAY = "no_business_day", _("No business day")
    SHORT = "short", _("The wallet was short")
    REFUSED = "refused", _("Nothing could be paid")
    PAUSED = "paused", _("It was paused")
    MISSED = "missed", _("Missed for too long")
    CALLED_OFF = "called_off", _("It was ended")


class ScheduleRun(models.Model):
    """What came of one day of a schedule: the batch that was made, or why none was. Insert-only.

    `needed` and `available` are what was to be paid and what the wallet had when that was looked at, in minor units.
    """

    id = PrefixedIdField(prefix="psr", primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="runs", db_index=False)
    day = models.DateField()
    version = models.PositiveIntegerField()
    outcome = models.CharField(max_length=20, choices=RunOutcome.choices)
    code = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=500, blank=True)
    batch = models.OneToOneField(Batch, on_delete=models.PROTECT, null=True, related_name="schedule_run")
    needed = MinorUnitsField(null=True)
    available = MinorUnitsField(null=True)
    currency = models.CharField(max_length=5)
    ran_at = models.DateTimeField()

    class Meta:
        verbose_name = "payout schedule run"
        constraints = [
            models.UniqueConstraint(fields=["schedule", "day"], name="payout_schedule_run_once"),
            models.CheckConstraint(
                condition=models.Q(outcome="made", batch__isnull=False)
                | (models.Q(outcome__in=RunOutcome.values, batch__isnull=True) & ~models.Q(outcome="made")),
                name="payout_schedule_run_made_or_not",
            ),
        ]
        indexes = [
            models.Index(fields=["schedule", "-id"], name="payout_schedule_run_by_it"),
            models.Index(fields=["book", "-id"], name="payout_schedule_run_by_book"),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.day}"

    @property
    def needed_money(self) -> Money | None:
        """What was to be paid."""
        return None if self.needed is None else Money(self.needed, self.currency)

    @property
    def available_money(self) -> Money | None:
        """What the wallet had."""
        return None if self.available is None else Money(self.available, self.currency)
