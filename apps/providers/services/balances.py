"""What providers have of ours: asked for every minute, and people are told once when it becomes too little."""

import json
import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from django.db import connection

from apps.core import clock, ids
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations.executor import execute_many
from apps.operations.plan import Context, EventDraft, Plan, Request
from apps.providers.adapters import adapter_of
from apps.providers.models import Provider
from apps.providers.queries.figures import outflow
from apps.providers.services.providers import find

logger = logging.getLogger(__name__)

DAYS_OF_OUTFLOW: Final = Fraction(2)
"""How many trailing days' outflow should be there at least."""

AT_ONCE: Final = 8
"""Providers that are asked at once."""

WATCH: Final = Actor.system("watch", {"providers.raise_low_balance"})
"""Who tells people that a provider runs out of money."""

Balances = Mapping[str, Money]
Low = dict[str, dict[str, str]]

_KEEP: Final = """
INSERT INTO providers_providerhealth (provider_id, circuit, failures, last_error, balances, balances_at, low)
VALUES (%(provider)s, 'closed', 0, '', %(balances)s::jsonb, %(now)s, %(low)s::jsonb)
ON CONFLICT (provider_id) DO UPDATE
   SET balances = excluded.balances, balances_at = excluded.balances_at, low = excluded.low
"""


def ask_all(now: datetime) -> None:
    """Ask every enabled provider what it has of ours, keep it, and tell of what has become too little."""
    providers = list(Provider.objects.filter(enabled=True).select_related("health"))
    spent = outflow([str(each.pk) for each in providers], since=now - timedelta(days=1))
    with ThreadPoolExecutor(AT_ONCE, "balances") as pool:
        answers = list(pool.map(_ask, providers))
    told = []
    for provider, balances in zip(providers, answers, strict=True):
        if not balances:
            continue  # It did not say: what is known stays, with its age.
        low = low_of(provider, balances, spent.get(str(provider.pk), {}), now)
        _keep(provider, balances, low, now)
        told += list(_alarms(provider, low))
    execute_many(told)


def low_of(provider: Provider, balances: Balances, spent: Balances, now: datetime) -> Low:
    """The currencies of which too little is there: since when, how much there should be, and why so much."""
    health = getattr(provider, "health", None)
    was: Low = health.low if health else {}
    found: Low = {}
    for code in sorted({*balances, *provider.low_balance}):
        wanted, because = _least(code, provider.low_balance, spent)
        if wanted and balances.get(code, Money.zero(code)) < wanted:
            since = was.get(code, {}).get("since") or clock.written(now)
            found[code] = {"since": since, "least": wanted.decimal, "because": because}
    return found


def plan_raise_low_balance(context: Context, *, provider: str, currency: str) -> Plan:
    """Tell people that a provider has too little of a currency."""
    found = find(provider)
    health = getattr(found, "health", None)
    low = health.low.get(currency) if health else None
    result = {"provider": provider, "currency": currency}
    if health is None or low is None:
        return Plan(result=result)
    data = {
        "reason": "low balance",
        **result,
        "balance": health.balances.get(currency, "0"),
        "least": low["least"],
        "because": low["because"],
        "since": low["since"],
    }
    return Plan(result=result, events=[EventDraft("alert.raised", found.pk, data)])


def _least(code: str, limits: Mapping[str, str], spent: Balances) -> tuple[Money | None, str]:
    """What should be there: what was set, or two days' outflow if that is more."""
    limit = Money.parse(limits[code], code) if code in limits else None
    days = spent[code].times(DAYS_OF_OUTFLOW) if code in spent else None
    if days and (limit is None or days > limit):
        return days, "outflow"
    return limit, "limit"


def _alarms(provider: Provider, low: Low) -> Iterator[Request]:
    """One for each time that a currency became too little, however often it is looked at."""
    for code, told in low.items():
        key = f"{provider.pk}:low:{code}:{told['since']}"
        data: dict[str, Any] = {"provider": provider.name, "currency": code}
        yield Request("providers.raise_low_balance", data, key, WATCH, origin="worker")


def _ask(provider: Provider) -> Balances:
    try:
        return adapter_of(provider).balances()
    except DomainError:
        logger.exception("%s tells balances that cannot be read.", provider.name)
        return {}


def _keep(provider: Provider, balances: Balances, low: Low, now: datetime) -> None:
    told = {code: amount.decimal for code, amount in sorted(balances.items())}
    values: dict[str, Any] = {
        "provider": ids.decode("pvd", str(provider.pk)),
        "balances": json.dumps(told),
        "low": json.dumps(low),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, values)
