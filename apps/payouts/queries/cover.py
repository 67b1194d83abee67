"""Whether providers have what a batch needs."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q, Sum

from apps.core.money import Money
from apps.payouts.models import Batch, BatchStatus
from apps.providers.models import ProviderHealth
from apps.providers.queries import routing
from apps.transfers.models import Status, Transfer
from apps.transfers.services.asking import wanted


def shortfalls(transfers: Iterable[Transfer], *, now: datetime) -> list[dict[str, Any]]:
    """What is missing where, if these are sent now; a provider that does not say what it has is not short.

    What is about to be sent, or was and is not known to be there, counts against what a provider has.
    """
    needs, opened = _needs(transfers, now), _needs(_opened(), now)
    short = []
    for (provider, currency), needed in sorted(needs.items()):
        has = _has(provider, currency)
        before = _sent(provider, currency) + opened.get((provider, currency), Money.zero(currency))
        if has is not None and (missing := needed + before - has).is_positive:
            short.append(
                {
                    "provider": provider,
                    "currency": currency,
                    "has": has.decimal,
                    "needs": needed.decimal,
                    "short": missing.decimal,
                }
            )
    return short


def _needs(transfers: Iterable[Transfer], now: datetime) -> dict[tuple[str, str], Money]:
    """By provider and currency, what would be sent through it; the provider of those that are alike is looked for once."""
    found: dict[tuple[str, str], Money] = {}
    sums: dict[Any, Money] = {}
    routes: dict[Any, str] = {}
    for each in transfers:
        asked = wanted(each, each.recipient)
        alike = (asked.kind, asked.amount, asked.country, tuple(sorted(asked.facts.items())))
        if alike not in routes:
            route = routing.route(asked, now=now)
            routes[alike] = route.provider.name if route.provider else ""
        sums[alike] = sums.get(alike, Money.zero(each.currency)) + each.money
    for alike, amount in sums.items():
        if routes[alike]:
            at = (routes[alike], amount.currency)
            found[at] = found.get(at, Money.zero(amount.currency)) + amount
    return found


def _has(provider: str, currency: str) -> Money | None:
    health = ProviderHealth.objects.filter(provider__name=provider).first()
    told = health.balances.get(currency) if health else None
    return None if told is None else Money.parse(told, currency)


def _opened() -> Iterator[Transfer]:
    """What workers may send at any moment, and nobody has been asked for yet."""
    begun = Batch.objects.filter(status=BatchStatus.EXECUTING).values_list("pk", flat=True)
    agreed = Q(expires_at__isnull=True) | Q(batch_id__in=list(begun))
    free = Q(status=Status.BALANCE_RESERVED) | Q(agreed, status=Status.AWAITING_APPROVAL)
    yield from (
        Transfer.objects.filter(free, next_attempt_at__isnull=False).select_related("recipient").iterator()
    )


def _sent(provider: str, currency: str) -> Money:
    sent = Transfer.objects.filter(status=Status.SENT_TO_PROVIDER, provider=provider, currency=currency)
    return Money(int(sent.aggregate(total=Sum("amount"))["total"] or 0), currency)
