"""The chart of accounts with balances, and the address patterns."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from apps.console.as_of import POINTS, AsOfForm, points_of
from apps.console.listing import query
from apps.console.readonly import Context
from apps.core.money import Money
from apps.ledger.chart import ChartInvalid
from apps.ledger.models import AddressPattern
from apps.ledger.queries import GlBalance, chart_drift, gl_balances


@dataclass(frozen=True, slots=True)
class Standing:
    """What `ledger.rebuild_coa` would do to the codes and patterns, or what is wrong with the file."""

    added: Sequence[str] = ()
    changed: Sequence[str] = ()
    removed: Sequence[str] = ()
    fault: str = ""

    @property
    def count(self) -> int:
        """How many codes and patterns are not as in the file."""
        return len(self.added) + len(self.changed) + len(self.removed)


def standing() -> Standing:
    """How the chart in the database stands to its file."""
    try:
        found = chart_drift()
    except ChartInvalid as error:
        return Standing(fault=error.message)
    both = (found.accounts, found.patterns)
    return Standing(
        added=[name for parts in both for name in parts.added],
        changed=[name for parts in both for name in parts.changed],
        removed=[name for parts in both for name in parts.removed],
    )


@dataclass(frozen=True, slots=True)
class Branch:
    """A GL account on the page; `fold` leads to the page with what is below it folded away, or unfolded again."""

    of: GlBalance
    is_folded: bool = False
    fold: str | None = None


def context(request: HttpRequest) -> Context:
    """Every GL account with what it holds, in one book or in all, now or as of another time."""
    book, form = request.GET.get("book", ""), AsOfForm(request.GET)
    book_id = int(book) if book.isascii() and book.isdigit() and len(book) < 19 else None
    balances = gl_balances(book_id, **form.points())
    hides = request.GET.get("empty") == "hidden"
    return {
        "branches": list(_branches(request, [each for each in balances if each.accounts or not hides])),
        "folded": request.GET.get("folded", ""),
        "off": _off_zero(balances),
        "standing": standing(),
        "form": form,
        "book_id": book_id,
        "hides": hides,
        "toggle": query(request, {} if hides else {"empty": "hidden"}, drop=("empty",)),
        "then": form.points(),
        "now": query(request, {}, drop=POINTS),
        "points": points_of(request),
    }


def _branches(request: HttpRequest, balances: Iterable[GlBalance]) -> Iterator[Branch]:
    """Those that no folded heading hides."""
    folded = {code for code in request.GET.get("folded", "").split(",") if code}
    hidden_below: int | None = None
    for each in balances:
        if hidden_below is not None and each.depth > hidden_below:
            continue
        is_folded = each.is_heading and each.code in folded
        hidden_below = each.depth if is_folded else None
        changed = ",".join(sorted(folded ^ {each.code}))
        fold = query(request, {"folded": changed} if changed else {}, drop=("folded",))
        yield Branch(each, is_folded, fold if each.is_heading else None)


def patterns() -> Context:
    """Every pattern with its GL account."""
    return {"patterns": AddressPattern.objects.select_related("gl_account")}


def _off_zero(balances: Iterable[GlBalance]) -> list[Money]:
    """By how much all accounts together miss zero, in the currencies in which they do."""
    sums: dict[str, int] = {}
    for root in (each for each in balances if each.parent is None):
        for currency, raw in root.raw.items():
            sums[currency] = sums.get(currency, 0) + raw
    return [Money(raw, currency) for currency, raw in sums.items() if raw]
