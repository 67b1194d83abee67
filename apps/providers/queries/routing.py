"""Which provider executes: those that can, by rule or else by priority, health and cost, each with the reason."""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.backends.signals import connection_created

from apps.core.money import Money
from apps.operations import conditions, isolation
from apps.providers.models import Provider, ProviderHealth, RoutingRule
from apps.providers.models.providers import Circuit
from apps.providers.queries import cut_offs

RESTORED = "The database was restored from a backup: what was executed since is not known yet."
"""How the reason begins for which nothing is sent to a provider that has not said what it executed since."""

FACTS: Final = ("kind", "currency", "country", "amount", "tenant", "recipient_kind", "receives")
"""What the conditions of a rule may ask."""

KEPT_SECONDS = 1
"""How long a process remembers providers, rules and how they are."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be executed. `facts` are what rules may ask beside kind, currency, country and amount: see FACTS.

    `only` names the one provider that can, such as the one through which refunded money came; `play` says that no real
    money may move, because it is a test environment's.
    """

    kind: str
    amount: Money
    country: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    only: str = ""
    play: bool = False

    @property
    def all_facts(self) -> dict[str, Any]:
        """What rules may ask."""
        amount = {"currency": self.amount.currency, "amount": self.amount.decimal}
        return {"kind": self.kind, "country": self.country, **amount, **self.facts}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider that was looked at; `unfit` says why it cannot now, `never` that it cannot at all."""

    provider: Provider
    cost: Money
    unfit: str = ""
    never: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """The chosen provider, if there is one, and everything that was considered, as an attempt keeps it."""

    provider: Provider | None
    considered: tuple[Candidate, ...]
    rule: str = ""

    @property
    def possible(self) -> bool:
        """Whether any of them could, at another time."""
        return any(not each.never for each in self.considered)

    def as_dict(self) -> dict[str, Any]:
        """Why this provider, as JSON."""
        return {
            "rule": self.rule,
            "considered": [
                {"provider": each.provider.name, "cost": each.cost.decimal, "unfit": each.unfit}
                for each in self.considered
            ],
        }


@dataclass(slots=True)
class _Known:
    until: float = 0
    providers: tuple[Provider, ...] = ()
    health: Mapping[str, ProviderHealth] = field(default_factory=dict)
    rules: tuple[RoutingRule, ...] = ()


_known = _Known()


def route(wanted: Wanted, *, now: datetime, without: Collection[str] = ()) -> Route:
    """The best provider for what is wanted, leaving out by name those that did not accept it."""
    known = _fresh()
    rule = None if wanted.only else _rule(wanted, known.rules)
    looked_at = [_look_at(provider, wanted, known.health, now, without) for provider in known.providers]
    ordered = sorted(looked_at, key=lambda each: _order(each, rule, known.health))
    considered = tuple(each for each in ordered if rule is None or each.provider.name in rule.providers)
    chosen = next((each.provider for each in considered if not each.unfit), None)
    return Route(chosen, considered, rule.name if rule else "")


def ails(provider: Provider) -> bool:
    """Whether it was left alone, so that one caller at a time may try it."""
    known = _fresh().health.get(str(provider.pk))
    return known is not None and known.circuit != Circuit.CLOSED


def is_catching_up() -> bool:
    """Whether a restore is not finished: what the books say of transfers may be older than what providers did."""
    return any(each.locked_because.startswith(RESTORED) for each in _fresh().providers)


def moves_real_money() -> bool:
    """Whether any provider here does, so that play money must stay in test environments."""
    return any(each.enabled and not each.is_play for each in _fresh().providers)


def by_name(name: str) -> Provider | None:
    """The provider of a name, as the process remembers it."""
    return next((each for each in _fresh().providers if each.name == name), None)


def by_id(pk: str) -> Provider | None:
    """The provider of an id, as the process remembers it."""
    return next((each for each in _fresh().providers if each.pk == pk), None)


def with_virtual_accounts(currency: str, *, play: bool = False) -> Provider | None:
    """The provider that gives numbers for deposits in a currency (`options["virtual_accounts"]`), the first by priority."""
    return next(
        (
            each
            for each in _fresh().providers
            if each.enabled
            and each.options.get("virtual_accounts")
            and (each.is_play or not play)
            and (not each.currencies or currency in each.currencies)
        ),
        None,
    )


def verifying_payees(
    kind: str, currency: str, country: str, *, now: datetime, play: bool = False
) -> Provider | None:
    """The provider to be asked now whose an account is, the first by priority that can tell and is not left alone.

    `options["verifies_payees"]` names the kinds of recipients of which it can.
    """
    known, wanted = _fresh(), Wanted("", Money(0, currency), country, play=play)
    return next(
        (
            each
            for each in known.providers
            if each.enabled
            and kind in each.options.get("verifies_payees", ())
            and (each.is_play or not play)
            and (not each.currencies or currency in each.currencies)
            and (not country or not each.countries or country in each.countries)
            and not _not_now(each, wanted, known.health.get(str(each.pk)), now, ())
        ),
        None,
    )


def expected_at(
    provider: Provider, now: datetime, *, usually: timedelta, amount: Money | None = None
) -> datetime:
    """When a provider is expected to have executed what is sent now: after the cut-off, counted from the next day.

    One of business days rests on those of its calendar (`options["calendar"]`, or else its one currency's). What leaves
    in a file is counted from the cut-off with which it goes.
    """
    if provider.makes_files and (cut_off := cut_offs.next_cut_off(provider, now)):
        day = cut_offs.execution_day(provider, cut_off, amount)
        return cut_offs.executed_by(provider, day, cut_off)
    begins = now.astimezone(ZoneInfo(provider.time_zone))
    if provider.cut_off and begins.time() >= provider.cut_off:
        begins = begins.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    takes = usually if provider.expected_seconds is None else timedelta(seconds=provider.expected_seconds)
    ends = begins + takes
    if provider.business_days:
        ends = cut_offs.on_business_days(begins, ends, cut_offs.calendar_of(provider))
    return ends.astimezone(UTC)


def forget(**_: Any) -> None:
    """Drop what is remembered."""
    _known.until = 0


def _fresh() -> _Known:
    if time.monotonic() > _known.until:
        with isolation.as_platform():
            _known.providers = tuple(Provider.objects.order_by("priority", "name"))
            _known.health = {str(each.provider_id): each for each in ProviderHealth.objects.all()}
            _known.rules = tuple(RoutingRule.objects.filter(enabled=True))
        _known.until = time.monotonic() + KEPT_SECONDS
    return _known


def _rule(wanted: Wanted, rules: Iterable[RoutingRule]) -> RoutingRule | None:
    facts = wanted.all_facts
    return next((rule for rule in rules if conditions.all_hold(rule.conditions, facts)), None)


def _look_at(
    provider: Provider,
    wanted: Wanted,
    health: Mapping[str, ProviderHealth],
    now: datetime,
    without: Collection[str],
) -> Candidate:
    cost = cost_of(provider, wanted.amount)
    if never := _never(provider, wanted):
        return Candidate(provider, cost, never, never=True)
    return Candidate(provider, cost, _not_now(provider, wanted, health.get(str(provider.pk)), now, without))


def _never(provider: Provider, wanted: Wanted) -> str:
    """Why it cannot carry this at all, or nothing."""
    limits = provider.limits.get(wanted.amount.currency, {})
    if not provider.enabled:
        return "disabled"
    if wanted.play and not provider.is_play:
        return "moves real money"
    if wanted.only and provider.name != wanted.only:
        return f"only {wanted.only} can"
    if provider.kinds and wanted.kind not in provider.kinds:
        return f"does no {wanted.kind}"
    if provider.currencies and wanted.amount.currency not in provider.currencies:
        return f"has no {wanted.amount.currency}"
    if wanted.country and provider.countries and wanted.country not in provider.countries:
        return f"does not reach {wanted.country}"
    if (to := wanted.facts.get("recipient_kind")) and not provider.pays_to(to):
        return f"pays to no {to}"
    if limits.get("smallest") and wanted.amount < Money.parse(limits["smallest"], wanted.amount.currency):
        return f"carries no less than {limits['smallest']}"
    if limits.get("largest") and wanted.amount > Money.parse(limits["largest"], wanted.amount.currency):
        return f"carries no more than {limits['largest']}"
    return ""


def _not_now(
    provider: Provider,
    wanted: Wanted,
    health: ProviderHealth | None,
    now: datetime,
    without: Collection[str],
) -> str:
    if provider.name in without:
        return "did not accept it"
    if provider.locked_because:
        return f"locked: {provider.locked_because}"
    if health and health.circuit != Circuit.CLOSED and not (health.probe_at and health.probe_at <= now):
        return f"left alone after {health.failures} failures in a row"
    return ""


def _order(
    each: Candidate, rule: RoutingRule | None, health: Mapping[str, ProviderHealth]
) -> tuple[Any, ...]:
    name = each.provider.name
    by_rule = rule.providers.index(name) if rule and name in rule.providers else 0
    known = health.get(str(each.provider.pk))
    is_tried = known is not None and known.circuit != Circuit.CLOSED
    return by_rule, each.provider.priority, is_tried, each.cost.minor, name


def cost_of(provider: Provider, amount: Money) -> Money:
    """What the provider takes for an amount, in its currency: a share and something fixed."""
    fixed = provider.cost.get("fixed", {}).get(amount.currency, "0")
    share = Money(amount.minor * int(provider.cost.get("basis_points", 0)) // 10_000, amount.currency)
    return Money.parse(fixed, amount.currency) + share


connection_created.connect(forget, dispatch_uid="forget-providers")
