"""Input of the commands about batches."""

import hashlib
from base64 import b64encode
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.accounts.serializers import OWN_TENANT, RecipientDetails
from apps.core.serializer_fields import (
    CountryField,
    DayField,
    FileField,
    IdField,
    InstantField,
    MoneyField,
    TextField,
    TimeZoneField,
)
from apps.ledger.serializers import ReasonField
from apps.payouts.files import FIELDS
from apps.payouts.files.sheet import MOST_BYTES
from apps.payouts.models.schedules import LONGEST_WAIT, WhenShort
from apps.payouts.when import Every, OnHoliday

MOST_AT_ONCE: Final = 1_000
EXAMPLE: Final = b"name,iban,amount,currency\nBo Lind,DE89370400440532013000,12.30,EUR\n"


class RowInput(serializers.Serializer[Any]):
    """One payout. Who is paid is told by one way: a recipient, your own name for one, or a name with the details of an account."""

    amount = MoneyField(positive=True, help_text=_("What the payee gets; fees come on top."))
    recipient = IdField("rcp", default=None, allow_null=True, help_text=_("Who is paid, if they are known."))
    recipient_external_id = TextField(
        max_length=120, default="", allow_blank=True, help_text=_("Or your own name for them.")
    )
    name = TextField(
        max_length=140,
        default="",
        allow_blank=True,
        help_text=_("Or the name that their bank knows, with details."),
    )
    country = CountryField(
        default="", allow_blank=True, help_text=_("Where their account is; an IBAN says so itself.")
    )
    details = RecipientDetails(
        default=None, allow_null=True, help_text=_("Where the money goes, by one way. Kept encrypted.")
    )
    wallet = IdField(
        "wal", default=None, allow_null=True, help_text=_("The wallet that pays, if it is not the batch's.")
    )
    reference = TextField(
        max_length=120, default="", allow_blank=True, help_text=_("Your own name for this payout.")
    )
    description = TextField(
        max_length=500, default="", allow_blank=True, help_text=_("What statements say of it.")
    )

    example = {
        "amount": {"amount": "12.30", "currency": "EUR"},
        "name": "Bo Lind",
        "details": {"iban": "DE89370400440532013000"},
        "reference": "order-1042",
    }


class CreateBatchInput(serializers.Serializer[Any]):
    tenant = IdField("ten", default=None, allow_null=True, help_text=OWN_TENANT)
    name = TextField(max_length=140, help_text=_("What people call it, such as Salaries of November."))
    wallet = IdField(
        "wal", default=None, allow_null=True, help_text=_("The wallet that pays where a row names none.")
    )
    reference = TextField(max_length=120, default="", allow_blank=True, help_text=_("Your own name for it."))
    rows = serializers.ListField(
        child=RowInput(),
        max_length=MOST_AT_ONCE,
        default=list,
        help_text=_("Payouts, at most 1,000 at once; add the others to the draft."),
    )


class AddRowsInput(serializers.Serializer[Any]):
    batch = IdField("bat")
    rows = serializers.ListField(
        child=RowInput(),
        min_length=1,
        max_length=MOST_AT_ONCE,
        help_text=_("Payouts, at most 1,000 at once."),
    )


class _RowOf(serializers.Serializer[Any]):
    batch = IdField("bat")
    number = serializers.IntegerField(min_value=1, help_text=_("The row's number in the batch."))


class MendRowInput(_RowOf):
    row = RowInput(help_text=_("The whole row anew."))


class DropRowInput(_RowOf):
    pass


class UploadBatchInput(serializers.Serializer[Any]):
    tenant = IdField("ten", default=None, allow_null=True, help_text=OWN_TENANT)
    name = TextField(max_length=140, help_text=_("What people call it, such as Salaries of November."))
    wallet = IdField(
        "wal", default=None, allow_null=True, help_text=_("The wallet that pays where a row names none.")
    )
    reference = TextField(max_length=120, default="", allow_blank=True, help_text=_("Your own name for it."))
    content = FileField(
        max_bytes=MOST_BYTES,
        names={"name": "file_name", "sha256": "sha256"},
        help_text=_("CSV, XLSX or pain.001, at most 10 MB and 10,000 rows. Choose it again after a preview."),
    )
    file_name = TextField(
        max_length=120, help_text=_("What it is called; left blank in a form it is the name of the file.")
    )
    sha256 = TextField(
        max_length=64,
        pattern="[0-9A-Fa-f]{64}",
        help_text=_("Of the file, in hexadecimal; another file is refused."),
    )
    sheet = TextField(
        max_length=60,
        default="",
        allow_blank=True,
        help_text=_("Of a workbook; else the first one that is visible."),
    )
    mapping = serializers.DictField(
        child=serializers.ChoiceField([(each, each) for each in FIELDS]),
        default=None,
        allow_null=True,
        help_text=_(
            "From heading to field, where headings do not tell; it is remembered for files with the same headings."
        ),
    )

    example = {
        "name": "Salaries of November",
        "wallet": "wal_01k9zw3v5r8e2n6b4m7x0q1c9d",
        "content": b64encode(EXAMPLE).decode(),
        "file_name": "salaries.csv",
        "sha256": hashlib.sha256(EXAMPLE).hexdigest(),
    }


class SubmitBatchInput(serializers.Serializer[Any]):
    batch = IdField("bat")
    execute_at = InstantField(
        default=None,
        allow_null=True,
        help_text=_("When it is sent at the earliest. Empty: as soon as it is approved."),
    )
    by_itself = serializers.BooleanField(
        default=True, help_text=_("Off: it waits, approved, until somebody executes it.")
    )


class BatchInput(serializers.Serializer[Any]):
    batch = IdField("bat")


class ExecuteBatchInput(serializers.Serializer[Any]):
    batch = IdField("bat")
    execute_at = InstantField(default=None, allow_null=True, help_text=_("When, if not now."))


class CancelBatchInput(serializers.Serializer[Any]):
    batch = IdField("bat")
    reason = ReasonField()


class AlarmInput(serializers.Serializer[Any]):
    batch = IdField("bat")
    reason = TextField(max_length=120)


class WhenInput(serializers.Serializer[Any]):
    """The days on which a schedule pays."""

    every = serializers.ChoiceField(Every.choices, help_text=_("How often it pays."))
    on_day = serializers.IntegerField(
        default=None,
        allow_null=True,
        min_value=1,
        max_value=31,
        help_text=_(
            "Of a week: 1 is Monday, 7 Sunday. Of a month: 1 to 31, the last day where a month has fewer. Else empty."
        ),
    )
    first_on = DayField(
        default=None,
        allow_null=True,
        help_text=_("The first day that counts, or the day itself of what pays once. Empty: today."),
    )
    last_on = DayField(
        default=None, allow_null=True, help_text=_("The last day that counts. Empty: until it is ended.")
    )
    at = serializers.TimeField(help_text=_("The time of the day at which the batch is made."))
    time_zone = TimeZoneField(default="UTC", help_text=_("Of the time and the days."))
    calendar = TextField(
        max_length=20,
        default="",
        allow_blank=True,
        help_text=_(
            "Whose business days it keeps: weekends (Monday to Friday), TARGET, FED, or a country such as PL. Empty: all days."
        ),
    )
    on_holiday = serializers.ChoiceField(
        OnHoliday.choices,
        default=OnHoliday.AFTER,
        help_text=_("When it pays instead where the day is no business day of the calendar."),
    )


class ScheduleRowInput(serializers.Serializer[Any]):
    """One payout to a recipient who is known already."""

    amount = MoneyField(positive=True, help_text=_("What the payee gets; fees come on top."))
    recipient = IdField("rcp", help_text=_("Who is paid."))
    reference = TextField(
        max_length=120, default="", allow_blank=True, help_text=_("Your own name for this payout.")
    )
    description = TextField(
        max_length=500, default="", allow_blank=True, help_text=_("What statements say of it.")
    )


class _ScheduleSaid(serializers.Serializer[Any]):
    name = TextField(
        max_length=120, help_text=_("What people call it, such as Rent; its batches add the day.")
    )
    reference = TextField(max_length=120, default="", allow_blank=True, help_text=_("Your own name for it."))
    wallet = IdField("wal", help_text=_("The wallet that pays."))
    rows = serializers.ListField(
        child=ScheduleRowInput(),
        min_length=1,
        max_length=MOST_AT_ONCE,
        help_text=_("What is paid on each day, at most 1,000 payouts."),
    )
    when = WhenInput(help_text=_("On which days."))
    when_short = serializers.ChoiceField(
        WhenShort.choices,
        default=WhenShort.WAIT,
        help_text=_("What happens where the wallet has less than the day's payouts come to, without fees."),
    )
    wait_days = serializers.IntegerField(
        default=3,
        min_value=0,
        max_value=LONGEST_WAIT,
        help_text=_("How many days it waits for the money, before the day is skipped."),
    )


class CreateScheduleInput(_ScheduleSaid):
    tenant = IdField("ten", default=None, allow_null=True, help_text=OWN_TENANT)


class ChangeScheduleInput(_ScheduleSaid):
    schedule = IdField("psc")


class ScheduleInput(serializers.Serializer[Any]):
    schedule = IdField("psc")


class StopScheduleInput(serializers.Serializer[Any]):
    schedule = IdField("psc")
    reason = ReasonField()


class RunScheduleInput(serializers.Serializer[Any]):
    schedule = IdField("psc")
    day = DayField(help_text=_("Which of its days."))
