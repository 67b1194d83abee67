"""What we hold at each provider and bank, what is reserved against it and when it is due, and where too little is."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.db.models import F, Sum
from django.db.models.functions import TruncDate

from apps.core.money import Money
from apps.ledger.models import Account, GlAccount
from apps.operations.models import Book
from apps.providers.models import Provider
from apps.transfers.flows import FLOWS
from apps.transfers.models import Status, Transfer
from apps.transfers.reserves import ReserveStatus, RollingReserve
from apps.treasury.models import SweepRule
from apps.treasury.queries.places import CASH

DAYS: Final = 7
"""How far the page looks ahead, today included."""

UNDER_WAY: Final = (
    Status.BALANCE_RESERVED,
    Status.UNDER_REVIEW,
    Status.AWAITING_APPROVAL,
    Status.SENT_TO_PROVIDER,
    Status.PROVIDER_PROCESSING,
    Status.OUTCOME_UNKNOWN,
    Status.MANUAL_REVIEW,
    Status.PROVIDER_COMPLETED,
)
"""From when a transfer's money is put aside until it stands in the books as gone."""


@dataclass(frozen=True, slots=True)
class AtProvider:
    """One currency at one provider. `says` is None where it never told, `least` where nobody wants a least amount there."""

    provider: Provider
    says: Money | None
    said_at: datetime | None
    books: Money
    reserved: Money
    least: Money | None

    @property
    def difference(self) -> Money | None:
        """What the provider says that it has beyond our books."""
        return self.says - self.books if self.says is not None else None

    @property
    def left(self) -> Money:
        """What our books have there when everything reserved has gone. Of what a provider says, part may have gone already."""
        return self.books - self.reserved

    @property
    def is_used(self) -> bool:
        """Whether our books have something of it there, something will leave, or somebody wants it to be there."""
        return bool(self.books.minor or self.reserved.minor) or self.least is not None

    @property
    def missing(self) -> Money | None:
        """How much less it says than should be there or, if it never told, our books have than is reserved. None if it is enough."""
        has, wanted = (self.books, self.reserved) if self.says is None else (self.says, self.least)
        return wanted - has if wanted is not None and wanted.minor > has.minor else None


@dataclass(frozen=True, slots=True)
class AtBank:
    """What our books have at one address in one currency, over all books, and the rule that keeps it."""

    address: str
    books: Money
    rule: SweepRule | None

    @property
    def kind(self) -> str:
        """The first segment, such as bank or pool."""
        return self.address.partition(":")[0]

    @property
    def name(self) -> str:
        """The other segments."""
        return self.address.partition(":")[2]

    @property
    def missing(self) -> Money | None:
        """How much it is below the floor of its rule; None if it is not, or none keeps it."""
        if self.rule is None or self.books.minor >= self.rule.floor:
            return None
        return self.rule.floor_money - self.books


@dataclass(frozen=True, slots=True)
class Due:
    """What is due on a day: through which provider it leaves, or None for rolling reserves that are released to wallets."""

    day: date | None
    provider: str | None
    amount: Money
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything of a moment. `unrouted` is reserved and goes through a provider that is not chosen yet."""

    providers: Sequence[AtProvider]
    banks: Sequence[AtBank]
    due: Sequence[Due]
    unrouted: Sequence[Money]


@dataclass(slots=True)
class _Leaving:
    """What is under way, by provider and currency, and of that by day."""

    reserved: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    due: dict[tuple[date | None, str, str], int] = field(default_factory=lambda: defaultdict(int))


def figures(now: datetime) -> Figures:
    """As of now, in as many queries however much there is."""
    held, leaving = _held(), _leaving()
    names = set()
    providers = []
    for provider in Provider.objects.select_related("health").defer("secret", "webhook_secret"):
        names.add(provider.name)
        providers += _at(provider, held, leaving.reserved)
    places = {key: minor for key, minor in held.items() if not _is_of(key[0], names)}
    unrouted = [Money(minor, code) for (name, code), minor in sorted(leaving.reserved.items()) if not name]
    return Figures(providers, _banks(places), _due(leaving.due, now), unrouted)


def _held() -> dict[tuple[str, str], int]:
    """What our books have, by address and currency, over all books."""
    books = list(Book.objects.values_list("pk", flat=True))
    codes = GlAccount.objects.filter(parent_id=CASH).values_list("code", flat=True)
    rows = Account.objects.filter(book_id__in=books, gl_code__in=list(codes))
    found = rows.values_list("address", "currency").annotate(minor=Sum(F("balance__balance") * F("side")))
    return {
        (address, code): int(minor or 0) for address, code, minor in found.order_by("address", "currency")
    }


def _leaving() -> _Leaving:
    leaving = _Leaving()
    rows = Transfer.objects.filter(status__in=UNDER_WAY, kind__in=[*FLOWS])
    found = rows.annotate(day=TruncDate("expected_at", tzinfo=UTC)).values_list("provider", "currency", "day")
    for provider, code, day, minor in found.annotate(minor=Sum("amount")):
        leaving.reserved[provider, code] += int(minor)
        leaving.due[day, provider, code] += int(minor)
    return leaving


def _at(
    provider: Provider, held: Mapping[tuple[str, str], int], reserved: Mapping[tuple[str, str], int]
) -> list[AtProvider]:
    health = getattr(provider, "health", None)
    says: Mapping[str, str] = health.balances if health else {}
    low = health.low if health else {}
    own = {code: held[address, code] for address, code in held if _is_of(address, {provider.name})}
    wanted = {name_code[1] for name_code in reserved if name_code[0] == provider.name}
    codes = {*says, *low, *provider.low_balance, *wanted, *(code for code, minor in own.items() if minor)}
    return [
        AtProvider(
            provider=provider,
            says=Money.parse(says[code], code) if code in says else None,
            said_at=health.balances_at if health and code in says else None,
            books=Money(_sum_of(provider.name, held, code), code),
            reserved=Money(reserved.get((provider.name, code), 0), code),
            least=_least(provider, low, code),
        )
        for code in sorted(codes)
    ]


def _sum_of(provider: str, held: Mapping[tuple[str, str], int], code: str) -> int:
    return sum(minor for (address, of), minor in held.items() if of == code and _is_of(address, {provider}))


def _is_of(address: str, providers: set[str]) -> bool:
    """Whether one of these providers has it: `provider:<name>`, or a part of that."""
    kind, name = [*address.split(":"), ""][:2]
    return kind == "provider" and name in providers


def _least(provider: Provider, low: Mapping[str, Mapping[str, str]], code: str) -> Money | None:
    """What should be there: what was found too little last, else what was set."""
    digits = low[code]["least"] if code in low else provider.low_balance.get(code)
    return Money.parse(digits, code) if digits else None


def _banks(places: Mapping[tuple[str, str], int]) -> list[AtBank]:
    """Every address of our money that no provider tells of."""
    rules = {
        (rule.account.address, rule.currency): rule
        for rule in SweepRule.objects.filter(ended_at=None).select_related("account").order_by("-id")
    }
    return [
        AtBank(address, Money(minor, code), rules.get((address, code)))
        for (address, code), minor in places.items()
    ]


def _due(leaving: Mapping[tuple[date | None, str, str], int], now: datetime) -> list[Due]:
    today = now.astimezone(UTC).date()
    last = today + timedelta(days=DAYS - 1)
    found = [
        Due(day, provider, Money(minor, code), bool(day and day < today))
        for (day, provider, code), minor in leaving.items()
        if day is None or day <= last
    ]
    until = datetime.combine(last + timedelta(days=1), datetime.min.time(), UTC)
    held = RollingReserve.objects.filter(status=ReserveStatus.HELD, release_at__lt=until)
    rows = held.annotate(day=TruncDate("release_at", tzinfo=UTC)).values_list("day", "currency")
    for day, code, minor in rows.annotate(minor=Sum("amount")):
        found.append(Due(day, None, Money(int(minor), code), day < today))
    return sorted(found, key=lambda each: (each.day or date.max, each.provider or "~", each.amount.currency))
