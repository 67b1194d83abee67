"""Input of the commands of webhooks."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import IdField, TextField
from apps.ledger.serializers import ReasonField
from apps.webhooks.models import ReplayWhat, WhyDisabled
from apps.webhooks.urls import LONGEST

ENDPOINT = _("The endpoint.")
TYPES = _("Names of events such as transfer.completed, or of a kind such as transfer.*; none are all.")
HEADERS = _('Sent with each message, such as {"Authorization": "Bearer ..."}; their values are kept secret.')
AT_ONCE = _("So many messages are on their way at once at most.")
PER_SECOND = _("So many messages are begun in a second at most; empty is as many as it answers.")
OVERLAP = _("For so many hours messages are signed with the old one, too.")
OWN_TENANT = _("Whose it is; a tenant's own key names none.")
VERSION = _("The newest version of events' payloads that it understands.")


class HeadersField(serializers.DictField):
    """Names and values of headers."""

    child = serializers.CharField(max_length=1_000, trim_whitespace=False)


class CreateEndpointInput(serializers.Serializer[Any]):
    example = {
        "url": "https://hooks.acme.example/countinghouse",
        "types": ["transfer.*", "wallet.created"],
        "headers": {"Authorization": "Bearer e29b41d4"},
    }
    tenant = IdField("ten", default=None, allow_null=True, help_text=OWN_TENANT)
    url = TextField(max_length=LONGEST, help_text=_("Where messages go, beginning with https://."))
    description = TextField(
        max_length=200, default="", allow_blank=True, help_text=_("What it is, for people.")
    )
    types = serializers.ListField(
        child=TextField(max_length=80), default=list, max_length=200, help_text=TYPES
    )
    version = serializers.IntegerField(min_value=1, max_value=1, default=1, help_text=VERSION)
    headers = HeadersField(default=dict, help_text=HEADERS)
    most_at_once = serializers.IntegerField(min_value=1, max_value=64, default=8, help_text=AT_ONCE)
    per_second = serializers.IntegerField(
        min_value=1, max_value=1_000, default=None, allow_null=True, help_text=PER_SECOND
    )


class UpdateEndpointInput(serializers.Serializer[Any]):
    example = {"endpoint": "whe_01k9zw3v5r8e2n6b4m7x0q1c9d", "types": ["transfer.*"], "most_at_once": 16}
    endpoint = IdField("whe", help_text=ENDPOINT)
    url = TextField(
        max_length=LONGEST, default=None, allow_null=True, help_text=_("Where messages go from now on.")
    )
    description = TextField(
        max_length=200,
        default=None,
        allow_null=True,
        allow_blank=True,
        help_text=_("What it is, for people."),
    )
    types = serializers.ListField(
        child=TextField(max_length=80), default=None, allow_null=True, max_length=200, help_text=TYPES
    )
    version = serializers.IntegerField(
        min_value=1, max_value=1, default=None, allow_null=True, help_text=VERSION
    )
    headers = HeadersField(
        default=None, allow_null=True, help_text=_("All headers anew, in the place of those before.")
    )
    most_at_once = serializers.IntegerField(
        min_value=1, max_value=64, default=None, allow_null=True, help_text=AT_ONCE
    )
    per_second = serializers.IntegerField(
        min_value=0,
        max_value=1_000,
        default=None,
        allow_null=True,
        help_text=_("So many messages are begun in a second at most; 0 is as many as it answers."),
    )


class RotateSecretInput(serializers.Serializer[Any]):
    endpoint = IdField("whe", help_text=ENDPOINT)
    overlap_hours = serializers.IntegerField(min_value=0, max_value=168, default=24, help_text=OVERLAP)


class RotateSigningKeyInput(serializers.Serializer[Any]):
    tenant = IdField("ten", default=None, allow_null=True, help_text=OWN_TENANT)
    overlap_hours = serializers.IntegerField(min_value=0, max_value=168, default=24, help_text=OVERLAP)


class EndpointInput(serializers.Serializer[Any]):
    endpoint = IdField("whe", help_text=ENDPOINT)


class EndpointAndReasonInput(EndpointInput):
    reason = ReasonField()


class SendRawInput(serializers.Serializer[Any]):
    endpoint = IdField("whe", help_text=ENDPOINT)
    type = TextField(
        max_length=80, default="webhook.raw", help_text=_("Under which type it stands in the history.")
    )
    body = serializers.CharField(
        max_length=65_536,
        help_text=_("A JSON object, which is sent as it is written here."),
        style={"base_template": "textarea.html"},
    )


class RetryDeliveryInput(serializers.Serializer[Any]):
    delivery = IdField("whd", help_text=_("The delivery; one that was accepted may be sent again, too."))


class RetryDeliveriesInput(serializers.Serializer[Any]):
    deliveries = serializers.ListField(
        child=IdField("whd"), min_length=1, max_length=500, help_text=_("The deliveries, at most 500.")
    )


class AcknowledgeDeliveriesInput(serializers.Serializer[Any]):
    deliveries = serializers.ListField(
        child=IdField("whd"), min_length=1, max_length=500, help_text=_("The failed deliveries, at most 500.")
    )
    reason = ReasonField()


class ReplayRangeInput(serializers.Serializer[Any]):
    endpoint = IdField("whe", help_text=ENDPOINT)
    after = serializers.IntegerField(
        min_value=0, max_value=2**62, help_text=_("Events beyond this position of the feed.")
    )
    through = serializers.IntegerField(
        min_value=1,
        max_value=2**62,
        default=None,
        allow_null=True,
        help_text=_("Events through this position; empty is through the newest."),
    )
    types = serializers.ListField(
        child=TextField(max_length=80), default=list, max_length=200, help_text=TYPES
    )
    what = serializers.ChoiceField(
        ReplayWhat.choices, default=ReplayWhat.MISSING, help_text=_("Which of them are sent again.")
    )
    reason = ReasonField()


class DeadEndpointInput(serializers.Serializer[Any]):
    endpoint = IdField("whe", help_text=ENDPOINT)
    why = serializers.ChoiceField(
        [WhyDisabled.FAILING.value, WhyDisabled.GONE.value], help_text=_("What was found.")
    )
