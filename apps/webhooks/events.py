"""What is told of webhooks themselves, to the tenant's other endpoints and in its feed."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import IdField
from apps.operations.event_types import Declaring
from apps.operations.events import WHY, of_reason
from apps.webhooks.models import EndpointStatus, ReplayWhat, WhyDisabled

ENDPOINT = _("The endpoint.")


class EndpointEvent(serializers.Serializer[Any]):
    endpoint = IdField("whe", help_text=ENDPOINT)
    url = serializers.CharField(help_text=_("Where messages go."))
    description = serializers.CharField(allow_blank=True, help_text=_("What it is, for people."))
    types = serializers.ListField(
        child=serializers.CharField(), help_text=_("Which events it is told of; none are all.")
    )
    version = serializers.IntegerField(help_text=_("The newest version of payloads that it understands."))
    headers = serializers.ListField(child=serializers.CharField(), help_text=_("The names of its headers."))
    most_at_once = serializers.IntegerField(help_text=_("Messages that are on their way at once."))
    per_second = serializers.IntegerField(
        allow_null=True, help_text=_("Messages that are begun in a second, if that is bounded.")
    )
    status = serializers.ChoiceField(EndpointStatus.choices, help_text=_("What it is now."))
    why_disabled = serializers.ChoiceField(
        WhyDisabled.choices, allow_blank=True, help_text=_("Why it is disabled, if it is.")
    )
    reason = serializers.CharField(allow_blank=True, help_text=WHY)
    disabled_at = serializers.DateTimeField(allow_null=True, help_text=_("Since when it is disabled."))


class SecretRotatedEvent(serializers.Serializer[Any]):
    endpoint = IdField("whe", help_text=ENDPOINT)
    old_secret_ends_at = serializers.DateTimeField(
        help_text=_("Until then messages are signed with the old secret, too.")
    )


class SigningKeyRotatedEvent(serializers.Serializer[Any]):
    signing_key = IdField("whk", help_text=_("The new key."))
    public = serializers.CharField(help_text=_("What verifies its signatures."))
    old_key_ends_at = serializers.DateTimeField(
        allow_null=True, help_text=_("Until then messages are signed with the old key, too.")
    )


class ReplayStartedEvent(serializers.Serializer[Any]):
    replay = IdField("whr", help_text=_("The replay."))
    endpoint = IdField("whe", help_text=ENDPOINT)
    after = serializers.IntegerField(help_text=_("Events beyond this position."))
    through = serializers.IntegerField(help_text=_("Events through this position."))
    types = serializers.ListField(child=serializers.CharField(), help_text=_("Of these types; none are all."))
    what = serializers.ChoiceField(ReplayWhat.choices, help_text=_("Which of them are sent again."))
    deliveries = serializers.IntegerField(help_text=_("How many messages that is."))


class EndpointDisabledAlarm(EndpointEvent):
    reason = of_reason("webhook endpoint disabled")  # type: ignore[assignment]


class WebhooksFailedAlarm(EndpointEvent):
    reason = of_reason("webhooks failed")  # type: ignore[assignment]


declare = Declaring(__file__)
for name, summary, by in (
    ("created", _("An endpoint is told of events from now on."), ("webhooks.create_endpoint",)),
    ("updated", _("An endpoint was changed."), ("webhooks.update_endpoint",)),
    (
        "disabled",
        _("Nothing more is sent to an endpoint."),
        ("webhooks.disable_endpoint", "webhooks.disable_dead_endpoint"),
    ),
    ("enabled", _("An endpoint is told again, first of what it has missed."), ("webhooks.enable_endpoint",)),
    ("removed", _("Nothing is sent to an endpoint ever again."), ("webhooks.remove_endpoint",)),
):
    declare.told(f"webhook_endpoint.{name}", summary, EndpointEvent, *by)
declare.told(
    "webhook_endpoint.secret_rotated",
    _("An endpoint has another secret."),
    SecretRotatedEvent,
    "webhooks.rotate_secret",
)
declare.told(
    "webhook_signing_key.rotated",
    _("A tenant's messages are signed with another key."),
    SigningKeyRotatedEvent,
    "webhooks.rotate_signing_key",
)
declare.told(
    "webhook_replay.started",
    _("A range of events is sent to an endpoint again."),
    ReplayStartedEvent,
    "webhooks.replay_range",
)
declare.alarm("webhook endpoint disabled", EndpointDisabledAlarm, "webhooks.disable_dead_endpoint")
declare.alarm("webhooks failed", WebhooksFailedAlarm, "webhooks.raise_alarm")
