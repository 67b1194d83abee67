"""The commands of webhooks."""

from django.utils.translation import gettext_lazy as _

from apps.operations import facts
from apps.operations.facts import Fact
from apps.operations.registry import BY_OPERATORS, EVERYWHERE, Command, register
from apps.webhooks import outputs, serializers
from apps.webhooks.services import alarming, endpoints, sending

SCOPE = "webhooks:write"

facts.register(Fact("deliveries", _("Messages that are sent again"), "whole"))

register(
    Command(
        name="webhooks.create_endpoint",
        summary=_("Create a webhook endpoint"),
        plan=endpoints.plan_create_endpoint,
        input=serializers.CreateEndpointInput,
        output=outputs.EndpointCreatedResult,
        permission="webhooks.create_endpoint",
        scope=SCOPE,
        path="webhook-endpoints",
        secret_fields=frozenset({"headers"}),
        secret_results=frozenset({"secret"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="webhooks.update_endpoint",
        summary=_("Change a webhook endpoint"),
        plan=endpoints.plan_update_endpoint,
        targets=endpoints.target,
        input=serializers.UpdateEndpointInput,
        output=outputs.EndpointResult,
        permission="webhooks.update_endpoint",
        scope=SCOPE,
        path="webhook-endpoints/{endpoint}/update",
        secret_fields=frozenset({"headers"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="webhooks.rotate_secret",
        summary=_("Rotate the secret of a webhook endpoint"),
        plan=endpoints.plan_rotate_secret,
        targets=endpoints.target,
        input=serializers.RotateSecretInput,
        output=outputs.SecretRotatedResult,
        permission="webhooks.rotate_secret",
        scope=SCOPE,
        path="webhook-endpoints/{endpoint}/rotate-secret",
        secret_results=frozenset({"secret"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="webhooks.rotate_signing_key",
        summary=_("Rotate the key that signs a tenant's webhooks"),
        plan=endpoints.plan_rotate_signing_key,
        input=serializers.RotateSigningKeyInput,
        output=outputs.SigningKeyRotatedResult,
        permission="webhooks.rotate_signing_key",
        scope=SCOPE,
        path="webhook-signing-keys/rotate",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="webhooks.disable_endpoint",
        summary=_("Disable a webhook endpoint"),
        plan=endpoints.plan_disable_endpoint,
        targets=endpoints.target,
        input=serializers.EndpointAndReasonInput,
        output=outputs.EndpointResult,
        permission="webhooks.disable_endpoint",
        scope=SCOPE,
        path="webhook-endpoints/{endpoint}/disable",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="webhooks.enable_endpoint",
        summary=_("Enable a webhook endpoint again"),
        plan=endpoints.plan_enable_endpoint,
        targets=endpoints.target_with_line,
        input=serializers.EndpointInput,
        output=outputs.EndpointResult,
        permission="webhooks.enable_endpoint",
        scope=SCOPE,
        path="webhook-endpoints/{endpoint}/enable",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="webhooks.remove_endpoint",
        summary=_("Remove a webhook endpoint"),
        plan=endpoints.plan_remove_endpoint,
        targets=endpoints.target,
        input=serializers.EndpointAndReasonInput,
        output=outputs.EndpointResult,
        permission="webhooks.remove_endpoint",
        scope=SCOPE,
        path="webhook-endpoints/{endpoint}/remove",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="webhooks.send_test",
        summary=_("Send a test webhook"),
        plan=sending.plan_send_test,
        targets=endpoints.target,
        input=serializers.EndpointInput,
        output=outputs.SentResult,
        permission="webhooks.send_test",
        scope=SCOPE,
        path="webhook-endpoints/{endpoint}/test",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="webhooks.send_raw",
        summary=_("Send a webhook written by hand"),
        plan=sending.plan_send_raw,
        targets=endpoints.target,
        input=serializers.SendRawInput,
        output=outputs.SentResult,
        permission="webhooks.send_raw",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="webhooks.retry_delivery",
        summary=_("Send a webhook again"),
        plan=sending.plan_retry_delivery,
        targets=sending.delivery_target,
        input=serializers.RetryDeliveryInput,
        output=outputs.RetriedResult,
        permission="webhooks.retry_delivery",
        scope=SCOPE,
        path="webhook-deliveries/{delivery}/retry",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="webhooks.retry_deliveries",
        summary=_("Send webhooks again"),
        plan=sending.plan_retry_deliveries,
        targets=sending.delivery_targets,
        input=serializers.RetryDeliveriesInput,
        output=outputs.RetriedResult,
        permission="webhooks.retry_delivery",
        scope=SCOPE,
        path="webhook-deliveries/retry",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="webhooks.acknowledge_deliveries",
        summary=_("Acknowledge failed webhooks"),
        plan=sending.plan_acknowledge_deliveries,
        targets=sending.delivery_targets,
        input=serializers.AcknowledgeDeliveriesInput,
        output=outputs.AcknowledgedResult,
        permission="webhooks.acknowledge_delivery",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="webhooks.replay_range",
        summary=_("Send a range of events again"),
        plan=sending.plan_replay_range,
        targets=endpoints.target,
        input=serializers.ReplayRangeInput,
        output=outputs.ReplayResult,
        permission="webhooks.replay_range",
        scope=SCOPE,
        path="webhook-endpoints/{endpoint}/replay",
        facts=sending.facts_of_replay,
        tells=frozenset({"deliveries"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="webhooks.disable_dead_endpoint",
        summary=_("Disable an endpoint that is gone"),
        plan=alarming.plan_disable_dead_endpoint,
        targets=endpoints.target_with_line,
        input=serializers.DeadEndpointInput,
        permission="webhooks.disable_dead_endpoint",
    )
)
register(
    Command(
        name="webhooks.raise_alarm",
        summary=_("Tell that webhooks have failed"),
        plan=alarming.plan_raise_alarm,
        targets=endpoints.target_with_line,
        input=serializers.EndpointInput,
        permission="webhooks.raise_alarm",
    )
)
