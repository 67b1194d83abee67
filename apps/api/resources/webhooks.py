"""Endpoints, what was sent to them, each attempt at it, and the keys that verify it."""

from typing import Any

from rest_framework import serializers

from apps.api.resources.base import Computed, Filter, Resource, declare
from apps.api.resources.outputs import Output, anything, instant, number, text
from apps.core.serializer_fields import IdField, TextField
from apps.webhooks.models import (
    Attempt,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Endpoint,
    EndpointStatus,
    Failure,
    Replay,
    ReplayWhat,
    SigningKey,
    WhyDisabled,
)

SCOPE = "webhooks:read"
ENDPOINT = Filter("endpoint_id", IdField("whe"))
NAMES = serializers.ListField(child=serializers.CharField())


class WebhookEndpointOutput(Output):
    id = IdField("whe")
    url = text()
    description = text(allow_blank=True)
    types = serializers.ListField(
        child=serializers.CharField(), help_text="Which events it is told of; none are all."
    )
    version = number(help_text="The newest version of payloads that it understands.")
    headers = serializers.ListField(
        child=serializers.CharField(), help_text="The names of its headers; their values are secret."
    )
    most_at_once = number()
    per_second = number(allow_null=True)
    status = serializers.ChoiceField(EndpointStatus.choices)
    why_disabled = serializers.ChoiceField(WhyDisabled.choices, allow_blank=True)
    reason = text(allow_blank=True)
    disabled_at = instant(allow_null=True)
    failing_since = instant(
        source="line.failing_since", allow_null=True, help_text="Since then nothing was accepted."
    )
    succeeded_at = instant(source="line.succeeded_at", allow_null=True)
    matched_through = number(
        source="line.matched_through", help_text="Up to this position of the feed it has deliveries."
    )
    created_at = instant()


def _names(headers: str) -> list[str]:
    return sorted(Endpoint(headers_text=headers).headers)


declare(
    Resource(
        path="webhook-endpoints",
        name="webhook endpoint",
        summary="Webhook endpoints",
        model=Endpoint,
        output=WebhookEndpointOutput,
        scope=SCOPE,
        owner="book_id",
        key_prefix="whe",
        filters={"status": Filter("status", serializers.ChoiceField(EndpointStatus.choices))},
        computed={"headers": Computed(("headers_text",), _names)},
    )
)


class WebhookDeliveryOutput(Output):
    id = IdField("whd")
    endpoint = IdField("whe", source="endpoint_id")
    kind = serializers.ChoiceField(DeliveryKind.choices)
    message = text(help_text="The `webhook-id`, the same however often it is sent.")
    event = IdField("evt", source="event_id", allow_null=True)
    position = number(allow_null=True, help_text="The event's place in the feed.")
    type = text()
    subject = text()
    status = serializers.ChoiceField(DeliveryStatus.choices)
    attempts = number(help_text="Since it was last sent again by hand.")
    runs = number(help_text="How often it was sent again by hand.")
    next_attempt_at = instant(allow_null=True)
    failure = serializers.ChoiceField(
        Failure.choices, allow_blank=True, help_text="Why the last attempt failed."
    )
    answered = number(allow_null=True, help_text="The status that was answered last.")
    created_at = instant()
    delivered_at = instant(allow_null=True, help_text="When it was first accepted.")


def _message(event: str | None, own: str) -> str:
    return event or own


declare(
    Resource(
        path="webhook-deliveries",
        name="webhook delivery",
        summary="Webhook deliveries",
        description="What was sent, is sent, and was not accepted; newest first.",
        model=Delivery,
        output=WebhookDeliveryOutput,
        scope=SCOPE,
        owner="book_id",
        key_prefix="whd",
        filters={
            "endpoint": ENDPOINT,
            "status": Filter("status", serializers.ChoiceField(DeliveryStatus.choices)),
            "event": Filter("event_id", IdField("evt")),
            "type": Filter("type", TextField(max_length=80)),
            "subject": Filter("subject", TextField(max_length=60)),
        },
        computed={"message": Computed(("event_id", "message_id"), _message)},
    )
)


class WebhookAttemptOutput(Output):
    id = IdField("wha")
    delivery = IdField("whd", source="delivery_id")
    endpoint = IdField("whe", source="endpoint_id")
    run = number()
    began_at = instant()
    url = text()
    request_headers = anything()
    body_sha256 = text(help_text="Of the message's bytes, in hexadecimal digits.")
    failure = serializers.ChoiceField(Failure.choices, allow_blank=True)
    why = text(allow_blank=True, help_text="Why it failed, in words.")
    address = text(allow_blank=True, help_text="The address of the internet that was connected to.")
    tls = anything(allow_null=True, help_text="Version, cipher and the certificate's SHA-256.")
    head_ms = number(allow_null=True, help_text="Until the head of the answer came.")
    took_ms = number(help_text="Until all was over.")
    answered = number(allow_null=True, help_text="The status of the answer.")
    answer_headers = anything()
    answer = text(allow_blank=True, help_text="At most 64 kB of it; what is no text is replaced.")
    seal = text(
        allow_null=True, help_text="The hash that chains it to the attempt before, once it is sealed."
    )
    seal_position = number(source="seal.position", allow_null=True)
    number = number(help_text="Which attempt of the run it was.")


def _hex(value: Any) -> str | None:
    return None if value is None else bytes(value).hex()


def _text(value: Any) -> str:
    return bytes(value).decode("utf-8", "replace").replace("\0", "\ufffd")


declare(
    Resource(
        path="webhook-attempts",
        name="webhook attempt",
        summary="Attempts at webhook deliveries",
        description="Each time that something was sent, with what was answered. Written once, and sealed.",
        model=Attempt,
        output=WebhookAttemptOutput,
        scope=SCOPE,
        owner="book_id",
        key_prefix="wha",
        filters={"delivery": Filter("delivery_id", IdField("whd")), "endpoint": ENDPOINT},
        computed={
            "body_sha256": Computed(("body_sha256",), _hex),
            "answer": Computed(("answer",), _text),
            "seal": Computed(("seal__hash",), _hex),
        },
    )
)


class WebhookSigningKeyOutput(Output):
    id = IdField("whk")
    public = text(help_text="`whpk_` and base64 of the ed25519 key, which verifies `v1a` signatures.")
    created_at = instant()
    ends_at = instant(allow_null=True, help_text="After this it signs nothing; empty if it goes on.")


declare(
    Resource(
        path="webhook-signing-keys",
        name="webhook signing key",
        summary="Public keys that verify webhooks",
        model=SigningKey,
        output=WebhookSigningKeyOutput,
        scope=SCOPE,
        owner="book_id",
        key_prefix="whk",
    )
)


class WebhookReplayOutput(Output):
    id = IdField("whr")
    endpoint = IdField("whe", source="endpoint_id")
    after = number()
    through = number()
    types = NAMES
    what = serializers.ChoiceField(ReplayWhat.choices)
    deliveries = number(help_text="How many messages it was to send when it was asked for.")
    sent = number(help_text="How many it has taken up.")
    reason = text()
    created_at = instant()
    ended_at = instant(allow_null=True)


declare(
    Resource(
        path="webhook-replays",
        name="webhook replay",
        summary="Ranges of events that are sent again",
        model=Replay,
        output=WebhookReplayOutput,
        scope=SCOPE,
        owner="book_id",
        key_prefix="whr",
        filters={"endpoint": ENDPOINT},
    )
)
