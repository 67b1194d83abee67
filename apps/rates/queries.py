"""What a currency costs in another, as of any day and as known at any time. What is not known is None, never a guess."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from apps.core import arrays
from apps.core.currencies import all_currencies
from apps.core.currencies import currency as find_currency
from apps.core.money import Money
from apps.rates.ecb import BASE
from apps.rates.ecb.shape import FIRST_DAY
from apps.rates.models import Load, Source

PUBLISHED_AT = time(16, 0)
FRANKFURT = ZoneInfo("Europe/Berlin")
"""Where the ECB publishes the rates of a working day, at about that time."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote that stood: what a unit of the source's base cost in a currency on a day, and which load said so."""

    source: str
    base: str
    currency: str
    rate: Decimal
    day: date
    load: int


@dataclass(frozen=True, slots=True)
class Rate:
    """What a unit of `base` costs in `quote`, exactly. `day` is the earliest of the days of the quotes it is made of."""

    base: str
    quote: str
    value: Fraction
    day: date
    quotes: tuple[Quoted, ...] = ()


@dataclass(frozen=True, slots=True)
class InBase:
    """Amounts added up in one currency. `unknown` has what is not in the total, because it has no rate."""

    total: Money
    parts: tuple[tuple[Money, Money], ...]
    """What there is of each currency, and what that is in the base: the rounded parts add up to the total."""
    unknown: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates that stood on a day, through one base. Those older than so many days are unknown."""

    on: date
    max_age: int
    base: str = BASE
    quoted: Mapping[str, Quoted] = field(default_factory=dict)

    def rate(self, base: str, quote: str) -> Rate | None:
        """What a unit of `base` costs in `quote`: directly, the other way round, or through our base."""
        for code in (base, quote):
            find_currency(code)
        if base == quote:
            return Rate(base, quote, Fraction(1), self.on)
        used = [self._standing(code) for code in (base, quote) if code != self.base]
        if None in used:
            return None
        quotes = tuple(each for each in used if each)
        return Rate(
            base, quote, self._per_base(quote) / self._per_base(base), min(q.day for q in quotes), quotes
        )

    def convert(self, amount: Money, currency: str) -> Money | None:
        """The amount in another currency, rounded half-even once."""
        if amount.currency == currency:
            return amount
        found = self.rate(amount.currency, currency)
        return None if found is None else amount.convert(found.value, currency)

    def in_base(self, amounts: Iterable[Money], base: str) -> InBase:
        """All amounts in one currency: what there is of each is added up first, then rounded half-even once."""
        sums: dict[str, Money] = {}
        for amount in amounts:
            sums[amount.currency] = sums.get(amount.currency, Money.zero(amount.currency)) + amount
        parts, unknown = [], []
        for amount in (sums[code] for code in sorted(sums)):
            converted = self.convert(amount, base)
            if converted is None:
                unknown.append(amount)
            else:
                parts.append((amount, converted))
        total = sum((converted for _, converted in parts), Money.zero(base))
        return InBase(total, tuple(parts), tuple(unknown))

    def above(self, amount: Money, threshold: Money) -> bool:
        """Whether the amount is more than the threshold, without rounding; without a rate it is above any."""
        found = self.rate(amount.currency, threshold.currency)
        if found is None:
            return True
        return _units(amount) * found.value > _units(threshold)

    def is_stale(self, quoted: Quoted) -> bool:
        """Whether a quote is too old to be a rate on this day."""
        return (self.on - quoted.day).days > self.max_age

    def _standing(self, code: str) -> Quoted | None:
        quoted = self.quoted.get(code)
        return None if quoted is None or self.is_stale(quoted) else quoted

    def _per_base(self, code: str) -> Fraction:
        return Fraction(1) if code == self.base else Fraction(self.quoted[code].rate)


def rates(
    *, on: date | datetime, known_at: datetime | None = None, currencies: Collection[str] | None = None
) -> Rates:
    """The rates of a day, or those that were published by an instant, as they were known at a time.

    One query, whatever the number of currencies; none is kept for the next call.
    """
    day, most = day_of(on), settings.RATES_MAX_AGE_DAYS
    wanted = _others(currencies)
    quoted = standing(wanted, on=day, since=_before(day, most), known_at=known_at) if wanted else {}
    return Rates(day, most, BASE, quoted)


def rate(base: str, quote: str, *, on: date | datetime, known_at: datetime | None = None) -> Rate | None:
    """What a unit of one currency costs in another, or None if that is unknown."""
    return rates(on=on, known_at=known_at, currencies=(base, quote)).rate(base, quote)


def convert(
    amount: Money, currency: str, *, on: date | datetime, known_at: datetime | None = None
) -> Money | None:
    """An amount in another currency, rounded half-even once, or None if its rate is unknown."""
    return rates(on=on, known_at=known_at, currencies=(amount.currency, currency)).convert(amount, currency)


def in_base(
    amounts: Iterable[Money], base: str, *, on: date | datetime, known_at: datetime | None = None
) -> InBase:
    """Amounts of any currencies added up in one."""
    found = list(amounts)
    currencies = {base, *(each.currency for each in found)}
    return rates(on=on, known_at=known_at, currencies=currencies).in_base(found, base)


def above(amount: Money, threshold: Money, *, on: date | datetime, known_at: datetime | None = None) -> bool:
    """Whether an amount is more than a threshold of any currency; without a rate it is above any."""
    currencies = (amount.currency, threshold.currency)
    return rates(on=on, known_at=known_at, currencies=currencies).above(amount, threshold)


def day_of(on: date | datetime) -> date:
    """The day whose rates count: of an instant, the last day whose rates are published by then."""
    if not isinstance(on, datetime):
        return on
    if on.tzinfo is None:
        raise ValueError(f"{on} has no time zone; an instant needs one.")
    there = on.astimezone(FRANKFURT)
    return there.date() if there.time() >= PUBLISHED_AT else there.date() - timedelta(days=1)


def standing(
    currencies: Collection[str], *, on: date, since: date = FIRST_DAY, known_at: datetime | None = None
) -> dict[str, Quoted]:
    """For each currency the last quote of the days from one to another that stood, by currency."""
    through = load_at(known_at)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT w.currency, q.rate, q.day, q.load_id
              FROM unnest(%(currencies)s::text[]) w(currency) CROSS JOIN LATERAL (
                SELECT rate, day, load_id FROM (
                  SELECT DISTINCT ON (q.day) q.rate, q.day, q.load_id FROM rates_quote q
                   WHERE q.source = %(source)s AND q.base = %(base)s AND q.currency = w.currency
                     AND q.day BETWEEN %(since)s AND %(on)s AND q.load_id <= %(through)s
                   ORDER BY q.day DESC, q.load_id DESC) s
                 WHERE rate IS NOT NULL ORDER BY day DESC LIMIT 1) q
            """,
            _asked(currencies, on, since, through),
        )
        return {code: Quoted(Source.ECB, BASE, code, *rest) for code, *rest in cursor.fetchall()}


def history(
    currencies: Collection[str], *, on: date, days: int, known_at: datetime | None = None
) -> dict[str, list[tuple[date, Decimal]]]:
    """For each currency the quotes that stood, of so many days up to one, in the order of days."""
    found: dict[str, list[tuple[date, Decimal]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT currency, day, rate FROM (
              SELECT DISTINCT ON (q.currency, q.day) q.currency, q.day, q.rate FROM rates_quote q
               WHERE q.source = %(source)s AND q.base = %(base)s AND q.currency = ANY(%(currencies)s::text[])
                 AND q.day BETWEEN %(since)s AND %(on)s AND q.load_id <= %(through)s
               ORDER BY q.currency, q.day, q.load_id DESC) s
             WHERE rate IS NOT NULL ORDER BY currency, day
            """,
            _asked(currencies, on, _before(on, days), load_at(known_at)),
        )
        for code, day, value in cursor.fetchall():
            found.setdefault(code, []).append((day, value))
    return found


def load_at(known_at: datetime | None) -> int:
    """The last load that was known at a time; without one, the last that there will ever be."""
    if known_at is None:
        return 2**63 - 1
    known = Load.objects.filter(recorded_at__lte=known_at).order_by("-recorded_at", "-id")
    return known.values_list("id", flat=True).first() or 0


def _before(day: date, days: int) -> date:
    """So many days earlier, or the first of the calendar."""
    return date.fromordinal(max(day.toordinal() - days, 1))


def _others(currencies: Collection[str] | None) -> list[str]:
    codes = {each.code for each in all_currencies()} if currencies is None else set(currencies)
    return sorted(codes - {BASE})


def _asked(currencies: Collection[str], on: date, since: date, through: int) -> dict[str, Any]:
    return {
        "currencies": arrays.texts(sorted(currencies)),
        "source": Source.ECB,
        "base": BASE,
        "on": on,
        "since": since,
        "through": through,
    }


def _units(amount: Money) -> Fraction:
    """Whole units of the currency, exactly."""
    return Fraction(amount.minor, 10 ** find_currency(amount.currency).exponent)
