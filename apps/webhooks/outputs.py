"""What the commands of webhooks answer."""

from typing import Any

from rest_framework import serializers

from apps.core.serializer_fields import IdField
from apps.webhooks.models import EndpointStatus, ReplayWhat, WhyDisabled


class EndpointResult(serializers.Serializer[Any]):
    endpoint = IdField("whe")
    url = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    types = serializers.ListField(
        child=serializers.CharField(), help_text="Which events it is told of; none are all."
    )
    version = serializers.IntegerField(help_text="The newest version of payloads that it understands.")
    headers = serializers.ListField(
        child=serializers.CharField(), help_text="The names of its headers; their values are secret."
    )
    most_at_once = serializers.IntegerField()
    per_second = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(EndpointStatus.choices)
    why_disabled = serializers.ChoiceField(WhyDisabled.choices, allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    disabled_at = serializers.DateTimeField(allow_null=True)


class EndpointCreatedResult(EndpointResult):
    secret = serializers.CharField(help_text="What verifies its messages. It is shown this once.")


class SecretRotatedResult(serializers.Serializer[Any]):
    endpoint = IdField("whe")
    secret = serializers.CharField(help_text="The new secret. It is shown this once.")
    old_secret_ends_at = serializers.DateTimeField(help_text="Until then the old one signs beside it.")


class SigningKeyRotatedResult(serializers.Serializer[Any]):
    signing_key = IdField("whk")
    public = serializers.CharField(help_text="What verifies v1a signatures.")
    old_key_ends_at = serializers.DateTimeField(
        allow_null=True, help_text="Until then the old one signs beside it."
    )


class SentResult(serializers.Serializer[Any]):
    delivery = IdField("whd")
    endpoint = IdField("whe")
    message = serializers.CharField(help_text="The `webhook-id` of the message.")
    type = serializers.CharField()


class RetriedResult(serializers.Serializer[Any]):
    deliveries = serializers.ListField(child=IdField("whd"), help_text="What is sent again.")


class AcknowledgedResult(serializers.Serializer[Any]):
    deliveries = serializers.ListField(child=IdField("whd"), help_text="What needs nobody any more.")
    reason = serializers.CharField()


class ReplayResult(serializers.Serializer[Any]):
    replay = IdField("whr")
    endpoint = IdField("whe")
    after = serializers.IntegerField()
    through = serializers.IntegerField()
    types = serializers.ListField(child=serializers.CharField())
    what = serializers.ChoiceField(ReplayWhat.choices)
    deliveries = serializers.IntegerField(help_text="How many messages are sent again.")
