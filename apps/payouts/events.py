"""What is told of batches of payouts and of schedules."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import CurrencyField, IdField, MoneyField
from apps.operations.event_types import Declaring
from apps.operations.events import of_reason
from apps.payouts.models import RunOutcome
from apps.payouts.outputs import BatchResult, CancelledResult, ScheduleResult, SubmittedResult

SCHEDULE = _("The schedule that made it, if one did.")
DAY = _("The day that it is about.")


class BatchCreatedEvent(BatchResult):
    schedule = IdField("psc", required=False, help_text=SCHEDULE)


class BatchSubmittedEvent(SubmittedResult):
    schedule = IdField("psc", required=False, help_text=SCHEDULE)


class BatchApprovedEvent(SubmittedResult):
    refused = serializers.IntegerField(help_text=_("How many rows could not be held, and are not paid."))
    fees = serializers.ListField(child=MoneyField(), help_text=_("On top of the totals, by currency."))


class BatchPendingEvent(BatchApprovedEvent):
    approval_request = IdField("apr", help_text=_("What other people decide about."))


class BatchEndedEvent(BatchResult):
    completed = serializers.IntegerField(help_text=_("How many were paid."))
    payouts = serializers.IntegerField(help_text=_("How many there were."))
    paid = serializers.ListField(child=MoneyField(), help_text=_("What was paid, by currency."))


class DaySkippedEvent(ScheduleResult):
    day = serializers.DateField(help_text=DAY)
    outcome = serializers.ChoiceField(RunOutcome.choices, help_text=_("What came of the day."))
    code = serializers.CharField(allow_blank=True, help_text=_("Stable; empty where nothing was refused."))
    message = serializers.CharField(allow_blank=True, help_text=_("The same in words."))


class ShortTold(serializers.Serializer[Any]):
    provider = serializers.CharField(help_text=_("The name of the provider."))
    currency = CurrencyField()
    has = serializers.CharField(help_text=_("What is there, in digits."))
    needs = serializers.CharField(help_text=_("What the batch needs there, in digits."))
    short = serializers.CharField(help_text=_("What is missing, in digits."))


class BatchAlarm(BatchResult):
    reason = serializers.RegexField(
        r"^payout batch: ", help_text=_("What it waits for: approval for so long, or money at providers.")
    )
    short = ShortTold(many=True, help_text=_("What is missing at providers, as far as that was looked at."))


class ScheduleWaitsAlarm(ScheduleResult):
    reason = of_reason("payout schedule: waits for money")
    day = serializers.DateField(help_text=DAY)
    needed = MoneyField(help_text=_("What the day pays."))
    available = MoneyField(help_text=_("What the wallet has."))


class RefusedRowTold(serializers.Serializer[Any]):
    number = serializers.IntegerField(help_text=_("Which row."))
    code = serializers.CharField(help_text=_("Stable."))
    message = serializers.CharField(help_text=_("Why it is not paid."))


class ScheduleAlarm(DaySkippedEvent):
    reason = of_reason(
        "payout schedule: missed for too long",
        "payout schedule: nothing could be paid",
        "payout schedule: the wallet was short",
        "payout schedule: rows refused",
    )
    rows = RefusedRowTold(many=True, help_text=_("The rows that were refused."))


ENDING_DAYS = ("payouts.run_schedule", "payouts.resume_schedule", "payouts.end_schedule")

declare = Declaring(__file__)
declare.told(
    "payout_batch.created",
    _("A batch was begun."),
    BatchCreatedEvent,
    "payouts.create_batch",
    "payouts.upload_batch",
    "payouts.run_schedule",
)
declare.told(
    "payout_batch.submitted",
    _("A batch is complete; what it pays is being held."),
    BatchSubmittedEvent,
    "payouts.submit_batch",
    "payouts.run_schedule",
)
declare.told(
    "payout_batch.pending_approval",
    _("Everything is held, and other people decide."),
    BatchPendingEvent,
    "payouts.ask_for_approval",
)
declare.told(
    "payout_batch.approved",
    _("A batch may be executed."),
    BatchApprovedEvent,
    "payouts.approve_batch",
    "payouts.ask_for_approval",
)
declare.told("payout_batch.executing", _("Its payouts are on their way."), BatchResult, "payouts.begin_batch")
declare.told("payout_batch.completed", _("All of it was paid."), BatchEndedEvent, "payouts.end_batch")
declare.told(
    "payout_batch.partially_completed",
    _("Every payout has ended, and not all were paid."),
    BatchEndedEvent,
    "payouts.end_batch",
)
declare.told(
    "payout_batch.cancelled",
    _("A batch is not executed; what was held for it goes back."),
    CancelledResult,
    "payouts.cancel_batch",
    "payouts.reject_batch",
    "payouts.begin_batch",
    "payouts.ask_for_approval",
)
declare.told(
    "payout_schedule.created",
    _("Payouts are made again and again."),
    ScheduleResult,
    "payouts.create_schedule",
)
declare.told(
    "payout_schedule.changed",
    _("Its rows or its calendar are others."),
    ScheduleResult,
    "payouts.change_schedule",
)
declare.told(
    "payout_schedule.paused", _("It pays nothing for a while."), ScheduleResult, "payouts.pause_schedule"
)
declare.told("payout_schedule.resumed", _("It pays again."), ScheduleResult, "payouts.resume_schedule")
declare.told("payout_schedule.skipped", _("Nothing was paid for a day."), DaySkippedEvent, *ENDING_DAYS)
declare.told(
    "payout_schedule.ended",
    _("It pays no more."),
    ScheduleResult,
    *ENDING_DAYS,
)
declare.alarm("payout batch", BatchAlarm, "payouts.raise_alarm")
declare.alarm("payout schedule: waits for money", ScheduleWaitsAlarm, "payouts.wait_for_money")
declare.alarm("payout schedule", ScheduleAlarm, "payouts.run_schedule")
