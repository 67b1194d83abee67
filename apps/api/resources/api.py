"""What the API keeps itself: the log of requests, and bulks that are worked off later."""

from rest_framework import serializers

from apps.api.models import BulkJob, BulkStatus, LoggedRequest
from apps.api.resources.base import Filter, Resource, declare
from apps.api.resources.outputs import Output, instant, number, text
from apps.core.serializer_fields import IdField, InstantField, TextField


class LoggedRequestOutput(Output):
    id = IdField("rql")
    request_id = text()
    key = IdField("key", source="key_id")
    method = text()
    path = text()
    status = number()
    code = text(allow_blank=True, help_text="Of the refusal, if it was one.")
    milliseconds = number()
    operation = text(source="operation_id", allow_blank=True)
    retry_of = text(allow_blank=True, help_text="The refused operation that was run again.")
    address = text(allow_blank=True)
    asked_at = instant()


declare(
    Resource(
        path="requests",
        name="request",
        summary="The log of requests of the last 90 days",
        model=LoggedRequest,
        output=LoggedRequestOutput,
        scope="keys:read",
        owner="tenant_id",
        key_prefix="rql",
        filters={
            "key": Filter("key_id", IdField("key")),
            "request_id": Filter("request_id", TextField(max_length=64)),
            "status": Filter("status", serializers.IntegerField(min_value=100, max_value=599)),
            "operation": Filter("operation_id", IdField("op")),
            "asked_from": Filter("asked_at__gte", InstantField(), "Asked at this moment or later."),
            "asked_before": Filter("asked_at__lt", InstantField(), "Asked before this moment."),
        },
    )
)


class BulkJobOutput(Output):
    id = IdField("blk")
    status = serializers.ChoiceField(BulkStatus.choices)
    items = number(help_text="How many were asked.")
    answered = number(help_text="How many have their answer.")
    refused = number(help_text="How many of those were refused.")
    created_at = instant()
    finished_at = instant(allow_null=True)


declare(
    Resource(
        path="bulk",
        name="bulk",
        summary="Bulks that are worked off later",
        model=BulkJob,
        output=BulkJobOutput,
        scope="operations:read",
        owner="tenant_id",
        key_prefix="blk",
        filters={"status": Filter("status", serializers.ChoiceField(BulkStatus.choices))},
    )
)
