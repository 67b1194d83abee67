"""The rates of a day, how they came to it, and the loads that brought them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from apps.console.as_of import AsOfForm
from apps.console.listing import query
from apps.console.site import site
from apps.core import clock
from apps.core.currencies import all_currencies, currency
from apps.core.money import MINUS, round_half_even
from apps.rates.ecb import BASE
from apps.rates.models import Load
from apps.rates.queries import FRANKFURT, Quoted, Rates, history, standing

DAYS = 45
"""Days of the small picture."""

LOADS = 20
WIDTH, HEIGHT = 120, 18

Course = Sequence[tuple[date, Decimal]]


@dataclass(frozen=True, slots=True)
class ShownRate:
    """A currency as the page shows it; `is_known` is off where its last quote is too old to be a rate."""

    quoted: Quoted
    name: str
    is_known: bool
    change: str
    before: date | None
    picture: str


def rates_page(request: HttpRequest) -> HttpResponse:
    """Every currency that ever had a rate by a day, as known now or at a time."""
    if request.method not in {"GET", "HEAD"} or not request.user.has_perm("rates.view_quote"):
        raise PermissionDenied
    form = AsOfForm(request.GET)
    then = form.points()
    on = then["on"] or clock.today_in(FRANKFURT, clock.now())
    rows = _rows(on, then["at"])
    last_day = _last_day(rows)
    context = {
        "title": _("Rates"),
        "crumbs": [(_("Rates"), None)],
        "form": form,
        "then": then,
        "on": on,
        "base": BASE,
        "max_age": settings.RATES_MAX_AGE_DAYS,
        "rows": rows,
        "last_day": last_day,
        "to_last_day": last_day and query(request, {"on": last_day.isoformat()}),
        "loads": _loads(then["at"]),
        "width": WIDTH,
        "height": HEIGHT,
    }
    return site.page(request, "console/rates.html", context)


def _rows(on: date, known_at: datetime | None) -> list[ShownRate]:
    codes = [each.code for each in all_currencies() if each.code != BASE]
    found = Rates(on, settings.RATES_MAX_AGE_DAYS, BASE, standing(codes, on=on, known_at=known_at))
    courses = history(list(found.quoted), on=on, days=DAYS, known_at=known_at)
    shown = [
        _shown(each, not found.is_stale(each), courses.get(code, [])) for code, each in found.quoted.items()
    ]
    return sorted(shown, key=lambda row: (not row.is_known, row.quoted.currency))


def _last_day(rows: Sequence[ShownRate]) -> date | None:
    """The last day that had rates, if all are too old by now."""
    if any(row.is_known for row in rows):
        return None
    return max((row.quoted.day for row in rows), default=None)


def _shown(quoted: Quoted, is_known: bool, course: Course) -> ShownRate:
    before = course[-2] if is_known and len(course) > 1 else None
    return ShownRate(
        quoted=quoted,
        name=currency(quoted.currency).name,
        is_known=is_known,
        change=_change(before[1], quoted.rate) if before else "",
        before=before and before[0],
        picture=picture([rate for _, rate in course]) if is_known else "",
    )


def _change(before: Decimal, now: Decimal) -> str:
    """By how much it went up or down, in hundredths of a per cent."""
    share = (Fraction(now) / Fraction(before) - 1) * 10_000
    points = round_half_even(share.numerator, share.denominator)
    sign = MINUS if points < 0 else "+" if points else ""
    return f"{sign}{abs(points) // 100}.{abs(points) % 100:02} %"


def picture(course: Sequence[Decimal]) -> str:
    """The points of a line from the left to the right edge, the highest rate on top; nothing of fewer than two."""
    if len(course) < 2:
        return ""
    low, high = min(course), max(course)
    spread = high - low
    room = HEIGHT - 4
    return " ".join(
        f"{place * WIDTH // (len(course) - 1)},{2 + (int((high - rate) * room / spread) if spread else room // 2)}"
        for place, rate in enumerate(course)
    )


def _loads(known_at: datetime | None) -> QuerySet[Load]:
    loads = Load.objects.select_related("file").defer("file__content").order_by("-id")
    if known_at is not None:
        loads = loads.filter(recorded_at__lte=known_at)
    return loads[:LOADS]
