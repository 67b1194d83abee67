"""What needs a person of webhooks: messages that failed for good, and endpoints that were disabled for failing."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.console.noticing import Notice, figure
from apps.webhooks.models import Delivery, DeliveryStatus, Endpoint, EndpointStatus, WhyDisabled


def watched() -> dict[str, QuerySet[Any]]:
    """What is counted, by name. What was to go to an endpoint that is removed can be sent by nobody."""
    failed = Delivery.objects.filter(status=DeliveryStatus.FAILED)
    disabled = Endpoint.objects.filter(status=EndpointStatus.DISABLED)
    return {
        "deliveries": failed.exclude(endpoint__status=EndpointStatus.REMOVED),
        "endpoints": disabled.filter(why_disabled__in=[WhyDisabled.FAILING, WhyDisabled.GONE]),
    }


def told(counts: Mapping[str, int]) -> Iterator[Notice]:
    """What these numbers mean."""
    if count := counts["deliveries"]:
        yield Notice(
            "stop",
            figure(count),
            ngettext("webhook has failed", "webhooks have failed", count),
            _("Each says why. Once its endpoint is well, send it again."),
            reverse("console:webhooks_delivery_changelist") + "?status=failed",
        )
    if count := counts["endpoints"]:
        yield Notice(
            "stop",
            figure(count),
            ngettext("endpoint was disabled for failing", "endpoints were disabled for failing", count),
            _("Its owners have a mail. Once it is enabled, it is told all that it missed."),
            reverse("console:webhooks_endpoint_changelist") + "?status=disabled",
        )
