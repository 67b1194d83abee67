"""What an account held at the end of each day, as a plot that a page draws."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.currencies import currency
from apps.ledger.models import Account
from apps.ledger.queries import NOW, AsOf, DayBalance, account_days

SPANS = {"90": _("90 days"), "366": _("A year"), "all": _("All")}
USUAL_SPAN = "366"


def balance_plot(account: Account, span: str, *, as_of: AsOf = NOW) -> dict[str, Any]:
    """What the plot of a page draws: `chart`, None if there is nothing yet, and the spans that it offers."""
    if span not in SPANS:
        span = USUAL_SPAN
    days = _within(account_days(account, as_of=as_of), span)
    points = [[day.on.isoformat(), day.closing.decimal] for day in days]
    digits = currency(account.currency).exponent
    chart = {"kind": "balance", "currency": account.currency, "digits": digits, "points": points}
    return {"chart": chart if days else None, "spans": SPANS.items(), "span": span}


def _within(days: list[DayBalance], span: str) -> list[DayBalance]:
    """The last days of a series, begun by the one before them, whose balance they start from."""
    if span == "all" or not days:
        return days
    start = days[-1].on - timedelta(days=int(span))
    first = next(index for index, day in enumerate(days) if day.on >= start)
    return days[max(first - 1, 0) :]
