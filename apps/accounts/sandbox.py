"""The sandbox provider's desks as providers of ours, where the settings name one."""

from collections.abc import Mapping
from typing import Any, Final

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

Stripe pays only to cards of which it has given a token, so it carries no payouts until an operator adds that kind.
"""

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "bank": {"virtual_accounts": True, "verifies_payees": ["bank_account"]},
}
"""What the bank is asked besides."""

FILE_DESKS: Mapping[str, Mapping[str, Any]] = {
    "bankfile": {
        "title": "Sandbox bank by file",
        "currencies": ["EUR", "GBP"],
        "cut_off": "15:00",
        "time_zone": "Europe/Berlin",
        "limits": {"smallest": {"EUR": "50000.00", "GBP": "50000.00"}},
        "options": {
            "calendar": "TARGET",
            "name": "Countinghouse",
            "country": "DE",
            "accounts": [
                {"currency": "EUR", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"},
                {"currency": "GBP", "iban": "GB29NWBK60161331926819", "bic": "NWBKGB2LXXX"},
            ],
        },
    },
    "ach": {
        "title": "Sandbox bank by ACH",
        "currencies": ["USD"],
        "countries": ["US"],
        "time_zone": "America/New_York",
        "limits": {"smallest": {"USD": "50000.00"}},
        "options": {
            "same_day": True,
            "destination": " 091000019",
            "destination_name": "SANDBOX BANK",
            "origin": " 091000019",
            "origin_name": "COUNTINGHOUSE",
            "company_name": "COUNTINGHOUSE",
            "company_id": "1234567890",
            "odfi": "09100001",
        },
    },
}
"""The desks that take files, for large amounts alone, which a rule sends there; the account numbers are examples."""

RULES: Mapping[str, tuple[list[dict[str, Any]], list[str]]] = {
    "Large payouts leave in files": (
        [{"fact": "currency", "op": "in", "value": ["EUR", "GBP"]}],
        ["sandbox-bankfile", "sandbox-bank"],
    ),
    "Large payouts in dollars leave by ACH": (
        [{"fact": "currency", "op": "eq", "value": "USD"}, {"fact": "country", "op": "eq", "value": "US"}],
        ["sandbox-ach", "sandbox-bank"],
    ),
}
"""Which large payouts go where first: conditions, and providers in their order."""

LARGE: Final = "50000.00"


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
    files = [desk for desk in FILE_DESKS if not _is_connected(known.get(f"sandbox-{desk}"), desk)]
    requests += [_file_request(desk) for desk in files]
    requests += [_rule(name) for name in RULES if any(f"sandbox-{desk}" in RULES[name][1] for desk in files)]
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
        key = f"sk_test_{key}"
    if desk == "stripe" or desk in FILE_DESKS:
        url = f"{url}/{desk}"
    return {"base_url": url, "secret": key, "webhook_secret": settings.SANDBOX_WEBHOOK_SECRET}


def _request(name: str, desk: str) -> Request:
    data = {
        "name": name,
        **_access(desk),
        "options": {"desk": desk, **OPTIONS.get(desk, {})},
        **DESKS[desk],
    }
    return Request("providers.set_provider", data, ids.new_id("k"), SETUP, origin="setup")


def _file_request(desk: str) -> Request:
    told = FILE_DESKS[desk]
    data = {
        "name": f"sandbox-{desk}",
        "adapter": desk,
        **_access(desk),
        "kinds": ["payout"],
        "priority": 500,
        **told,
        "options": {**told["options"], "play": True},
    }
    return Request("providers.set_provider", data, ids.new_id("k"), SETUP, origin="setup")


def _rule(name: str) -> Request:
    conditions, providers = RULES[name]
    large = [{"fact": "kind", "op": "eq", "value": "payout"}, {"fact": "amount", "op": "gte", "value": LARGE}]
    data = {"name": name, "place": 500, "conditions": [*large, *conditions], "providers": providers}
    return Request("providers.set_routing_rule", data, ids.new_id("k"), SETUP, origin="setup")
