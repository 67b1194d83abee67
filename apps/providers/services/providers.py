"""Which providers there are, and which of them may be sent anything."""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from apps.core.errors import DomainError
from apps.operations.plan import Context, EventDraft
from apps.operations.registry import Done
from apps.providers.adapters import ADAPTERS
from apps.providers.formats import calendars
from apps.providers.models import Provider, RoutingRule
from apps.providers.queries import routing
from apps.providers.queries.routing import RESTORED

LONGEST_REASON = 300


class AdapterUnknown(DomainError):
    """There is no adapter of that name."""

    code = "ADAPTER_UNKNOWN"


class PlayIsFixed(DomainError):
    """A provider of play money cannot become one of real money, nor the other way round: what waits there would go with it."""

    code = "PROVIDER_PLAY_IS_FIXED"
    http_status = 409


class ProviderUnknown(DomainError):
    """There is no provider of that name."""

    code = "PROVIDER_UNKNOWN"
    http_status = 404


class RestoreUnfinished(DomainError):
    """A backup was restored, and providers have not all said what they executed since."""

    code = "RESTORE_UNFINISHED"
    http_status = 503
    transient = True


def set_provider(
    context: Context,
    *,
    name: str,
    adapter: str,
    secret: str,
    webhook_secret: str,
    limits: Mapping[str, Any],
    title: str,
    base_url: str,
    options: Mapping[str, Any],
    enabled: bool,
    priority: int,
    kinds: Sequence[str],
    currencies: Sequence[str],
    countries: Sequence[str],
    cost: Mapping[str, Any],
    low_balance: Mapping[str, str],
    cut_off: time | None,
    time_zone: str,
    business_days: bool,
    expected_seconds: int | None,
) -> Done:
    """Add a provider, or change all of it but its name; a secret that is left empty stays."""
    if adapter not in ADAPTERS:
        raise AdapterUnknown(
            f"There is no adapter {adapter}: {', '.join(sorted(ADAPTERS))}.", field="/adapter"
        )
    if "calendar" in options:
        calendars.check(options["calendar"], field="/options/calendar")
    provider = Provider.objects.filter(name=name).first() or Provider(name=name, created_at=context.now)
    was_play = provider.is_play if provider.adapter else None
    provider.title, provider.adapter, provider.base_url = title, adapter, base_url.rstrip("/")
    provider.secret = secret or provider.secret
    provider.webhook_secret = webhook_secret or provider.webhook_secret
    provider.options, provider.enabled, provider.priority = dict(options), enabled, priority
    provider.kinds, provider.currencies, provider.countries = [*kinds], [*currencies], [*countries]
    provider.limits, provider.cost, provider.low_balance = _by_currency(limits), dict(cost), dict(low_balance)
    provider.cut_off, provider.time_zone = cut_off, time_zone
    provider.business_days, provider.expected_seconds = business_days, expected_seconds
    provider.changed_at = context.now
    if was_play not in {None, provider.is_play}:
        raise PlayIsFixed(
            f"{name} moves {'play' if was_play else 'real'} money and stays so: set up another.",
            field="/options/play",
        )
    if provider.makes_files:
        ADAPTERS[adapter](provider)  # It raises what it cannot work with.
    provider.save()
    result = {"provider": provider.pk, "name": name, "enabled": enabled}
    return Done(result, (EventDraft("provider.changed", provider.pk, result),))


def set_rule(
    context: Context,
    *,
    name: str,
    place: int,
    conditions: Sequence[Mapping[str, Any]],
    providers: Sequence[str],
    enabled: bool,
) -> Done:
    """Add a routing rule, or change it."""
    for provider in providers:
        find(provider, field="/providers")
    values = {"place": place, "conditions": [*conditions], "providers": [*providers], "enabled": enabled}
    RoutingRule.objects.update_or_create(name=name, defaults=values)
    return Done({"rule": name, **values})


def lock_sending(context: Context, *, provider: str, reason: str) -> Done:
    """Send nothing to a provider until it is unlocked; what it has goes on. A person's reason does not end a restore."""
    found = find(provider)
    if found.locked_because.startswith(RESTORED) and context.actor.kind != "system":
        reason = f"{RESTORED} {reason}"[:LONGEST_REASON]
    found.locked_because, found.changed_at = reason, context.now
    found.save(update_fields=["locked_because", "changed_at"])
    result = {"provider": found.pk, "name": provider, "reason": reason}
    return Done(result, (EventDraft("provider.locked", found.pk, result),))


def unlock_sending(context: Context, *, provider: str, reason: str) -> Done:
    """Send to a provider again; after a restore for a reason, where it has not said what it executed since."""
    found = find(provider)
    if found.locked_because.startswith(RESTORED) and not reason:
        raise RestoreUnfinished(
            f"{provider} has not said what it executed since the backup: run catch_up, or say in the reason how you know.",
            field="/reason",
        )
    found.locked_because, found.changed_at = "", context.now
    found.save(update_fields=["locked_because", "changed_at"])
    result = {"provider": found.pk, "name": provider, "reason": reason}
    return Done(result, (EventDraft("provider.unlocked", found.pk, result),))


def find(name: str, *, field: str = "/provider") -> Provider:
    """The provider of a name."""
    found = Provider.objects.filter(name=name).first()
    if found is None:
        raise ProviderUnknown(f"There is no provider {name}.", field=field)
    return found


def refuse_while_catching_up() -> None:
    """Raise RestoreUnfinished while what the books say of a transfer may be older than what a provider did."""
    if routing.is_catching_up():
        raise RestoreUnfinished(
            "A backup was restored, and the providers have not all said yet what they executed since: ask again later."
        )


def _by_currency(limits: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Limits as routing reads them: by currency."""
    found: dict[str, dict[str, str]] = {}
    for bound in ("smallest", "largest"):
        for code, amount in limits.get(bound, {}).items():
            found.setdefault(code, {})[bound] = amount
    return found
