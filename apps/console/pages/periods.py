"""Changes of the books' periods, and what a closing reported against what is so now."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin, query
from apps.console.pages.accounts import book_choices
from apps.console.pages.books import period_commands
from apps.console.readonly import Context
from apps.console.site import site
from apps.ledger.models import GlAccount, PeriodChange
from apps.ledger.queries import (
    Restated,
    late_lines,
    reported_position,
    restated_accounts,
    restatement,
)
from apps.operations.models import Operation

ACCOUNTS = 200


@admin.register(PeriodChange, site=site)
class PeriodChangeAdmin(KeysetAdmin):
    """Every closing and reopening of every book, the newest first."""

    called = _("Periods")
    related = ("book", "book__period")
    keyset = ("-ordinal",)
    columns = (
        Column(_("Change")),
        Column(_("Book"), "wide"),
        Column(_("Closed through")),
        Column(_("Closing through"), "wide"),
        Column(_("By"), "wide"),
        Column(_("At"), "wide"),
    )
    in_files = {
        "Id": "id",
        "Book": "book.slug",
        "Change": "what",
        "Closed through": "closed_through",
        "Closing through": "closing_through",
        "By": "changed_by",
        "At": "changed_at",
        "Reason": "reason",
    }
    row_template = "console/row/period_change.html"
    page_template = "console/page/period_change.html"
    empty_template = "console/empty/periods.html"
    filters = (Filter("book", _("Book"), choices=book_choices, keyset=("-book_id", "-ordinal")),)

    def doings(self, request: HttpRequest, row: PeriodChange | None = None) -> list[Doing]:
        """Close and reopen: this book's periods, or any."""
        return doings(request, *period_commands(row.book.slug if row else ""))

    def page_context(self, request: HttpRequest, row: PeriodChange) -> Context:
        """What was changed; of a closing also the comparison, and the lines behind it."""
        operation = Operation.objects.filter(pk=row.operation_id).first() if row.operation_id else None
        context = {"operation": operation, "position": reported_position(row)}
        return context if row.reported_through is None else {**context, **_comparison(request, row)}


def _comparison(request: HttpRequest, change: PeriodChange) -> Context:
    gl_code, currency = request.GET.get("gl") or None, request.GET.get("currency") or None
    codes = restatement(change)
    chosen = [row for row in codes if gl_code in {None, row.gl_code} and currency in {None, row.currency}]
    names = dict(GlAccount.objects.values_list("code", "name"))
    return {
        "codes": [
            {
                **_shown(row),
                "name": names.get(row.gl_code, ""),
                "link": query(request, {"gl": row.gl_code, "currency": row.currency}),
            }
            for row in codes
        ],
        "differing": sum(bool(row.lines) for row in codes),
        "accounts": _shown_all(restated_accounts(change, gl_code=gl_code, currency=currency, size=ACCOUNTS)),
        "lines": late_lines(change, gl_code=gl_code, currency=currency),
        "lines_in_all": sum(row.lines for row in chosen),
        "gl_code": gl_code,
        "currency": currency,
    }


def _shown_all(rows: Sequence[Restated]) -> list[dict[str, Any]]:
    return [_shown(row) for row in rows]


def _shown(row: Restated) -> dict[str, Any]:
    """A row with its amounts as people read them."""
    return {
        "row": row,
        "reported": row.shown(row.reported),
        "restated": row.shown(row.restated),
        "difference": row.shown(row.difference),
    }
