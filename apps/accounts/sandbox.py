"""The sandbox provider's desks as providers of ours, where the settings name one."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from apps.accounts.people import SETUP
from apps.core import ids
from apps.operations.executor import execute_many
from apps.operations.plan import Request
from apps.providers.models import Provider

DESKS: Mapping[str, Mapping[str, Any]] = {
    "bank": {"title": "Sandbox bank", "kinds": ["payout", "refund"], "expected_seconds": 60},
    "card": {"title": "Sandbox card acquirer", "kinds": ["refund"], "expected_seconds": 60, "priority": 200},
    "ramp": {"title": "Sandbox ramp", "kinds": ["onramp", "offramp"], "expected_seconds": 60},
    "exchange": {"title": "Sandbox exchange", "kinds": ["buy", "sell", "bridge"], "expected_seconds": 60},
    "custody": {
        "title": "Sandbox custodian",
        "kinds": ["strategy_start", "strategy_stop", "payout"],
        "currencies": ["BTC", "ETH", "SOL", "USDC", "USDT"],
        "expected_seconds": 60,
    },
    "stripe": {
        "title": "Sandbox Stripe",
        "adapter": "stripe",
        "kinds": ["refund"],
        "expected_seconds": 60,
        "priority": 500,
    },
}
"""What each desk does. `expected_seconds` is short: the sandbox needs less than one.

Stripe pays only to cards and accounts of which it has given a token, so it carries no payouts until an operator adds that
kind, best with a routing rule for the tenants whose recipients are such.
"""

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "bank": {"virtual_accounts": True, "verifies_payees": ["bank_account"]},
}
"""What the bank is asked besides."""


def connect() -> None:
    """Make a provider of each desk, unless it is one already, at the same place and by the same secrets."""
    if not settings.SANDBOX_URL:
        return
    known = {provider.name: provider for provider in Provider.objects.all()}
    requests = [
        _request(name, desk)
        for desk in DESKS
        if not _is_connected(known.get(name := f"sandbox-{desk}"), desk)
    ]
    for outcome in execute_many(requests):
        outcome.or_raise()


def _is_connected(provider: Provider | None, desk: str) -> bool:
    return provider is not None and _access(desk) == {
        "base_url": provider.base_url,
        "secret": provider.secret,
        "webhook_secret": provider.webhook_secret,
    }


def _access(desk: str) -> dict[str, str]:
    """Where the desk is, and by which secrets. That of Stripe takes test keys alone, as such keys move no real money."""
    url, key = settings.SANDBOX_URL, settings.SANDBOX_KEY
    if desk == "stripe":
        url, key = f"{url}/stripe", f"sk_test_{key}"
    return {"base_url": url, "secret": key, "webhook_secret": settings.SANDBOX_WEBHOOK_SECRET}


def _request(name: str, desk: str) -> Request:
    data = {
        "name": name,
        **_access(desk),
        "options": {"desk": desk, **OPTIONS.get(desk, {})},
        **DESKS[desk],
    }
    return Request("providers.set_provider", data, ids.new_id("k"), SETUP, origin="setup")
