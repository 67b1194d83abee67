"""The caller's own tenant, single entries and events, statistics, health and treasury."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar
from uuid import UUID

import redis
from django.conf import settings
from django.db.models import Count, Sum
from rest_framework import serializers

from apps.api import parameters
from apps.api.errors import NotFound, ParameterInvalid
from apps.api.money_views import TENANT, known_to
from apps.api.read_views import found
from apps.api.reading import as_caller
from apps.api.resources.accounts import TenantOutput
from apps.api.resources.base import Resource, find
from apps.api.resources.figures import AliveOutput, HealthOutput, RatesOutput, StatisticsOutput
from apps.api.resources.ledger import ENTRY, EntryOutput
from apps.api.resources.operations import EVENT, SingleEventOutput
from apps.api.resources.treasury import TreasuryOutput
from apps.api.view import Answer, ApiView, Asking
from apps.core import clock
from apps.core.money import Money
from apps.core.serializer_fields import CurrencyField, DayField, InstantField
from apps.ledger.models import DailyBalance
from apps.operations import sequencer
from apps.operations.models import Heartbeat, Operation, OperationStatus
from apps.operations.services import heartbeats
from apps.rates import queries as rates
from apps.treasury.queries.figures import AtBank, AtProvider, Due, figures

LONGEST_SPAN = 92
FRESH = timedelta(seconds=60)


class OwnTenant(ApiView):
    """The tenant whose key it is."""

    identity = "get_own_tenant"
    output = TenantOutput
    scope = "tenant:read"

    def get(self, asking: Asking) -> Answer:
        """Its profile and settings."""
        caller, resource = asking.caller, find("tenants")
        parameters.read(asking.request, {})
        if caller.tenant_id is None:
            raise NotFound("This key is an operator's, who is no tenant; see /v1/tenants.")
        with as_caller(caller):
            rows = resource.rows(caller).filter(pk=caller.tenant_id).values_list(*resource.columns)
            return Answer(resource.show(list(rows), caller)[0])


class Rates(ApiView):
    """Exchange rates that stand on a day, as they were published."""

    scope = "rates:read"
    output = RatesOutput
    known: ClassVar[Mapping[str, Any]] = {
        "on": serializers.DateField(help_text="Today without it."),
        "known_at": InstantField(help_text="As they were known at this moment."),
        "currency": CurrencyField(help_text="This one alone."),
    }

    def get(self, asking: Asking) -> Answer:
        """By currency; one that was not published lately is not among them."""
        given = parameters.read(asking.request, self.known)
        currencies = [given["currency"]] if "currency" in given else None
        on = given.get("on") or clock.now()
        found = rates.rates(on=on, known_at=given.get("known_at"), currencies=currencies)
        quotes = [
            found.quoted[code] for code in sorted(found.quoted) if not found.is_stale(found.quoted[code])
        ]
        shown = [
            {
                "source": each.source,
                "base": each.base,
                "currency": each.currency,
                "rate": each.rate,
                "day": each.day,
            }
            for each in quotes
        ]
        return Answer({"on": found.on, "items": shown})


class _Single(ApiView):
    """One row of a list that is read from another table."""

    resource: ClassVar[Resource]

    def get(self, asking: Asking, id: str) -> Answer:
        """It, or NOT_FOUND."""
        parameters.read(asking.request, {})
        return Answer(found(self.resource, asking, id))


class SingleEntry(_Single):
    """One journal entry with its lines."""

    output = EntryOutput
    scope = "ledger:read"
    resource = ENTRY


class SingleEvent(_Single):
    """One event."""

    output = SingleEventOutput
    scope = "operations:read"
    resource = EVENT


class Statistics(ApiView):
    """What was asked of the platform, what failed, and what moved."""

    output = StatisticsOutput
    scope = "platform:read"
    known: ClassVar[Mapping[str, Any]] = {
        "since": DayField(help_text="The first day, in UTC; thirty days ago without it."),
        "through": DayField(help_text="The last day; today without it."),
        **TENANT,
    }

    def get(self, asking: Asking) -> Answer:
        """Over some days, of all tenants or of one."""
        caller = asking.caller
        given = parameters.read(asking.request, known_to(caller, self.known))
        today = clock.now().date()
        through: date = given.get("through", today)
        first: date = given.get("since", through - timedelta(days=30))
        if not timedelta(0) <= through - first < timedelta(days=LONGEST_SPAN):
            raise ParameterInvalid(f"Ask for 1 to {LONGEST_SPAN} days.", details={"parameter": "since"})
        with as_caller(caller):
            body = {"since": first, "through": through, **_statistics(first, through, given.get("tenant"))}
        return Answer(body)


class Health(ApiView):
    """Whether the parts that a request needs are there."""

    output = HealthOutput
    scope = "platform:read"

    def get(self, asking: Asking) -> Answer:
        """Each part with `ok` or what is wrong."""
        parameters.read(asking.request, {})
        parts = {"database": "ok", "redis": _redis(), "workers": _workers(), "sequencer": _sequencer()}
        return Answer({"status": "ok" if set(parts.values()) == {"ok"} else "degraded", "parts": parts})


class Treasury(ApiView):
    """What we hold at each provider and bank, what is reserved against it, and what is due by day."""

    output = TreasuryOutput
    scope = "platform:read"

    def get(self, asking: Asking) -> Answer:
        """As of now, over all books."""
        parameters.read(asking.request, {})
        now = clock.now()
        with as_caller(asking.caller):
            found = figures(now)
        return Answer(
            {
                "as_of": now,
                "providers": [_at_provider(each) for each in found.providers],
                "banks": [_at_bank(each) for each in found.banks],
                "due": [_due(each) for each in found.due],
                "unrouted": found.unrouted,
            }
        )


class Alive(ApiView):
    """Whether the API answers, and in which version. Needs no key."""

    output = AliveOutput
    needs_key = False

    def get(self, asking: Asking) -> Answer:
        """It does."""
        parameters.read(asking.request, {})
        return Answer({"status": "ok", "version": asking.version, "time": clock.now()})


def _at_provider(each: AtProvider) -> dict[str, Any]:
    return {
        "provider": each.provider.name,
        "currency": each.books.currency,
        "says": each.says,
        "said_at": each.said_at,
        "books": each.books,
        "difference": each.difference,
        "reserved": each.reserved,
        "left": each.left,
        "least": each.least,
        "missing": each.missing,
    }


def _at_bank(each: AtBank) -> dict[str, Any]:
    return {
        "account": each.address,
        "currency": each.books.currency,
        "books": each.books,
        "rule": each.rule.pk if each.rule else None,
        "missing": each.missing,
    }


def _due(each: Due) -> dict[str, Any]:
    return {
        "day": each.day,
        "provider": each.provider,
        "amount": each.amount,
        "is_overdue": each.is_overdue,
    }


def _statistics(first: date, through: date, tenant: str | None) -> dict[str, Any]:
    operations = Operation.objects.filter(
        pk__gte=_earliest(first), pk__lt=_earliest(through + timedelta(days=1))
    )
    days = DailyBalance.objects.filter(effective_on__gte=first, effective_on__lte=through)
    if tenant:
        operations = operations.filter(book__tenant_id=tenant)
        days = days.filter(account__book__tenant_id=tenant)
    commands = (
        operations.values("command", "status").annotate(count=Count("pk")).order_by("command", "status")
    )
    refused = operations.filter(status=OperationStatus.REFUSED)
    reasons = refused.values("command", "refusal__code").annotate(count=Count("pk")).order_by("-count")
    moved = days.values("account__currency").annotate(total=Sum("amount_in")).order_by("account__currency")
    return {
        "operations": list(commands),
        "refusals": [
            {"command": row["command"], "code": row["refusal__code"], "count": row["count"]}
            for row in reasons[:100]
        ],
        "volumes": [
            Money(int(row["total"]), row["account__currency"]) for row in moved if row["total"] is not None
        ],
    }


def _earliest(day: date) -> UUID:
    """The smallest id that can have been made on a day: ids begin with the time."""
    start = datetime.combine(day, time(), UTC)
    milliseconds = (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return UUID(int=max(milliseconds, 0) << 80)


def _redis() -> str:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
    except redis.RedisError as error:
        return f"unreachable: {type(error).__name__}"
    return "ok"


def _workers() -> str:
    seen = Heartbeat.objects.filter(name__startswith=heartbeats.WORKER).order_by("-seen_at").first()
    if seen is None:
        return "no worker was ever seen"
    age = clock.now() - seen.seen_at
    return "ok" if age <= FRESH else f"last seen {age // timedelta(seconds=1)} s ago"


def _sequencer() -> str:
    """Whether what was committed gets its position."""
    oldest = min((lag.oldest for lag in sequencer.lag() if lag.oldest), default=None)
    if oldest is None or clock.now() - oldest <= FRESH:
        return "ok"
    return f"something waits for its position since {clock.written(oldest)}"
