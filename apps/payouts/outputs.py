"""What the commands about batches answer."""

from typing import Any

from rest_framework import serializers

from apps.core.serializer_fields import IdField, MoneyField
from apps.payouts.models import BatchStatus, RowStatus, ScheduleStatus


class RowProblem(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable.")
    field = serializers.CharField(help_text="What it is about.")
    message = serializers.CharField(help_text="What is wrong, and what to do.")


class RowReport(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    status = serializers.ChoiceField(RowStatus.choices)
    problems = RowProblem(many=True)


class BatchResult(serializers.Serializer[Any]):
    batch = IdField("bat")
    name = serializers.CharField()
    reference = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(BatchStatus.choices)


class RowsResult(BatchResult):
    rows = RowReport(many=True, help_text="Of the rows that were given, those that are to be mended.")


class FileShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    sha256 = serializers.CharField()
    kind = serializers.CharField(help_text="csv, xlsx or pain001.")
    mapping = serializers.DictField(
        child=serializers.CharField(), help_text="How it was read: heading to field."
    )


class UploadedResult(RowsResult):
    file = FileShown()
    payouts = serializers.IntegerField(help_text="How many rows it has.")
    problems = RowProblem(many=True, help_text="What is to be known of the file as a whole.")


class RowResult(BatchResult):
    row = RowReport()


class SubmittedResult(BatchResult):
    payouts = serializers.IntegerField(help_text="How many there are.")
    totals = serializers.ListField(child=MoneyField(), help_text="Without fees, by currency.")


class ExecuteResult(BatchResult):
    execute_at = serializers.DateTimeField(allow_null=True, help_text="When, if not at once.")
    short = serializers.ListField(
        child=serializers.DictField(), help_text="What was missing at providers when that was looked at last."
    )


class CancelledResult(BatchResult):
    why = serializers.CharField()


class ScheduleResult(serializers.Serializer[Any]):
    schedule = IdField("psc")
    name = serializers.CharField()
    reference = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(ScheduleStatus.choices)
    version = serializers.IntegerField(help_text="Of its rows and its calendar.")
    next_on = serializers.DateField(allow_null=True, help_text="Its next day.")
    next_at = serializers.DateTimeField(allow_null=True, help_text="When that day is due.")
