"""Batches of payouts, schedules that make them, and the rows of both."""

from rest_framework import serializers

from apps.api.resources.accounts import CREATED
from apps.api.resources.base import Computed, Filter, Resource, declare
from apps.api.resources.outputs import Output, anything, instant, text
from apps.core.money import Money
from apps.core.serializer_fields import IdField, MoneyField, TextField
from apps.payouts.models import (
    Batch,
    BatchRow,
    BatchStatus,
    RowStatus,
    RunOutcome,
    Schedule,
    ScheduleRow,
    ScheduleRun,
    ScheduleStatus,
    WhenShort,
)
from apps.payouts.models.batches import Source
from apps.payouts.when import Every, OnHoliday
from apps.transfers.words import PUBLIC_STATUS


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)


def _public(status: str | None) -> str | None:
    return None if status is None else PUBLIC_STATUS[status]


class BatchOutput(Output):
    id = IdField("bat")
    name = text()
    reference = text(allow_blank=True)
    status = serializers.ChoiceField(BatchStatus.choices)
    came_from = serializers.ChoiceField(
        Source.choices, source="source", help_text="Where its rows came from."
    )
    wallet = IdField("wal", source="wallet_id", allow_null=True)
    by_itself = serializers.BooleanField(help_text="Whether it is sent without anybody saying so.")
    execute_at = instant(allow_null=True)
    short = anything(help_text="What was missing at providers when that was looked at last.")
    why = text(allow_blank=True, help_text="Why it was cancelled.")
    approval_request = IdField("apr", source="approval_request_id", allow_null=True)
    created_at = instant()
    submitted_at = instant(allow_null=True)
    approved_at = instant(allow_null=True)
    executed_at = instant(allow_null=True)
    ended_at = instant(allow_null=True)


declare(
    Resource(
        path="payout-batches",
        name="payout batch",
        summary="Batches of payouts",
        model=Batch,
        output=BatchOutput,
        scope="transfers:read",
        owner="book_id",
        key_prefix="bat",
        filters={
            "status": Filter("status", serializers.ChoiceField(BatchStatus.choices)),
            "reference": Filter("reference", TextField(max_length=120), "Your own name for it."),
            **CREATED,
        },
    )
)


class BatchRowOutput(Output):
    id = IdField("brw")
    batch = IdField("bat", source="batch_id")
    number = serializers.IntegerField()
    status = serializers.ChoiceField(
        RowStatus.choices, help_text="Before it is a payout, and whether it became one."
    )
    problems = anything(help_text="What is to be mended: code, field and message of each.")
    wallet = IdField("wal", source="wallet_id", allow_null=True)
    recipient = IdField("rcp", source="recipient_id", allow_null=True)
    amount = MoneyField(allow_null=True)
    reference = text(allow_blank=True)
    transfer = IdField("trf", source="transfer_id", allow_null=True, help_text="The payout.")
    payout = text(source="transfer__status", allow_null=True, help_text="The payout's status.")
    code = text(allow_blank=True, help_text="Why no money could be held.")
    message = text(allow_blank=True)


declare(
    Resource(
        path="payout-batch-rows",
        name="payout batch row",
        summary="The rows of batches of payouts",
        model=BatchRow,
        output=BatchRowOutput,
        scope="transfers:read",
        owner="book_id",
        key_prefix="brw",
        filters={
            "batch": Filter("batch_id", IdField("bat")),
            "status": Filter("status", serializers.ChoiceField(RowStatus.choices)),
        },
        computed={
            "amount": Computed(("amount", "currency"), _money),
            "payout": Computed(("transfer__status",), _public),
        },
    )
)


class ScheduleOutput(Output):
    id = IdField("psc")
    name = text()
    reference = text(allow_blank=True)
    status = serializers.ChoiceField(ScheduleStatus.choices)
    version = serializers.IntegerField(help_text="Of its rows and its calendar.")
    wallet = IdField("wal", source="wallet_id")
    every = serializers.ChoiceField(Every.choices)
    on_day = serializers.IntegerField(
        allow_null=True, help_text="Of a week (1 is Monday) or of a month, whose last day it is at most."
    )
    first_on = serializers.DateField()
    last_on = serializers.DateField(allow_null=True)
    at = serializers.TimeField(help_text="When its batches are made.")
    time_zone = text()
    calendar = text(allow_blank=True, help_text="Whose business days it keeps; none if empty.")
    on_holiday = serializers.ChoiceField(OnHoliday.choices)
    when_short = serializers.ChoiceField(WhenShort.choices)
    wait_days = serializers.IntegerField()
    next_on = serializers.DateField(allow_null=True, help_text="Its next day.")
    next_at = instant(allow_null=True, help_text="When that is due.")
    waits_since = instant(allow_null=True, help_text="Since when that day waits for money.")
    made = serializers.IntegerField(help_text="How many batches it has made.")
    why = text(allow_blank=True, help_text="Why it was paused or ended.")
    created_at = instant()
    ended_at = instant(allow_null=True)


declare(
    Resource(
        path="payout-schedules",
        name="payout schedule",
        summary="Schedules of payouts",
        model=Schedule,
        output=ScheduleOutput,
        scope="transfers:read",
        owner="book_id",
        key_prefix="psc",
        filters={"status": Filter("status", serializers.ChoiceField(ScheduleStatus.choices)), **CREATED},
    )
)


class ScheduleRowOutput(Output):
    id = IdField("psw")
    schedule = IdField("psc", source="schedule_id")
    version = serializers.IntegerField(help_text="Of the schedule; others than its last are history.")
    number = serializers.IntegerField()
    recipient = IdField("rcp", source="recipient_id")
    amount = MoneyField()
    reference = text(allow_blank=True)
    description = text(allow_blank=True)


declare(
    Resource(
        path="payout-schedule-rows",
        name="payout schedule row",
        summary="The rows of schedules of payouts",
        model=ScheduleRow,
        output=ScheduleRowOutput,
        scope="transfers:read",
        owner="book_id",
        key_prefix="psw",
        filters={"schedule": Filter("schedule_id", IdField("psc"))},
        computed={"amount": Computed(("amount", "currency"), Money)},
    )
)


class ScheduleRunOutput(Output):
    id = IdField("psr")
    schedule = IdField("psc", source="schedule_id")
    day = serializers.DateField()
    version = serializers.IntegerField(help_text="Of the schedule.")
    outcome = serializers.ChoiceField(RunOutcome.choices)
    code = text(allow_blank=True, help_text="Why there is no batch.")
    message = text(allow_blank=True)
    batch = IdField("bat", source="batch_id", allow_null=True)
    needed = MoneyField(allow_null=True, help_text="What was to be paid, without fees.")
    available = MoneyField(allow_null=True, help_text="What the wallet had when that was looked at.")
    ran_at = instant()


declare(
    Resource(
        path="payout-schedule-runs",
        name="payout schedule run",
        summary="What came of each day of schedules of payouts",
        model=ScheduleRun,
        output=ScheduleRunOutput,
        scope="transfers:read",
        owner="book_id",
        key_prefix="psr",
        filters={"schedule": Filter("schedule_id", IdField("psc"))},
        computed={
            "needed": Computed(("needed", "currency"), _money),
            "available": Computed(("available", "currency"), _money),
        },
    )
)
