"""Settings of webhooks that are for tests alone fail `manage.py check --deploy` in production."""

from typing import Any

from django.conf import settings
from django.core import checks


@checks.register("webhooks", deploy=True)
def check_settings(**_: Any) -> list[checks.CheckMessage]:
    """Messages go to public addresses alone, at the pace that receivers are promised."""
    if not settings.PRODUCTION:
        return []
    found: list[checks.CheckMessage] = []
    if settings.WEBHOOKS_LOOPBACK:
        found.append(
            checks.Error(
                "WEBHOOKS_LOOPBACK is set: test tenants could reach what listens on this machine alone.",
                id="webhooks.E001",
            )
        )
    if settings.WEBHOOKS_HASTE != 1:
        found.append(
            checks.Error(
                f"WEBHOOKS_HASTE is {settings.WEBHOOKS_HASTE}: a receiver that is down for minutes would lose"
                " its messages.",
                id="webhooks.E002",
            )
        )
    return found
