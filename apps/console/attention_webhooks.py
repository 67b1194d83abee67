"""What needs a person of webhooks: messages that failed for good, endpoints that were disabled for failing, broken seals."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.console.durations import in_short
from apps.console.noticing import Notice, figure
from apps.webhooks.models import Delivery, DeliveryStatus, Endpoint, EndpointStatus, WhyDisabled


def watched() -> dict[str, QuerySet[Any]]:
    """What is counted, by name. What was to go to an endpoint that is removed can be sent by nobody."""
    failed = Delivery.objects.filter(status=DeliveryStatus.FAILED, acknowledged_in__isnull=True)
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
            _(
                "Each says why. Once its endpoint is well, send it again; if nothing is to be done, acknowledge it."
            ),
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


def verified(books: Sequence[Any], now: datetime, limit: datetime) -> Iterator[Notice]:
    """Whose attempts were found broken, and that nobody has looked at some since this limit.

    The books have their `attempt_verification`, if there is one, and `attempts_looked_at`.
    """
    url = reverse("console:outbox") + "#verified"
    broken = [
        each for each in books if hasattr(each, "attempt_verification") and each.attempt_verification.found
    ]
    if broken:
        yield Notice(
            "stop",
            figure(len(broken)),
            ngettext(
                "book whose webhook attempts are not what was sealed",
                "books whose webhook attempts are not what was sealed",
                len(broken),
            ),
            _("The outbox says where; script/manage verify_webhooks looks at all of them again."),
            url,
        )
    oldest = min((each.attempts_looked_at for each in books), default=now)
    if oldest < limit:
        yield Notice(
            "wait",
            in_short(now - oldest),
            _("since the attempts of all webhooks were verified"),
            _("A worker does so each hour. Is one running? script/manage verify_webhooks does it now."),
            url,
        )
