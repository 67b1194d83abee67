"""Accounts by address, by the chart of accounts and as a list; address patterns; an account with its statement."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from apps.console import address_tree, chart, keyset
from apps.console.as_of import POINTS, AccountAsOfForm, AsOfForm, points_of
from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin, Search, number, query
from apps.console.plotting import USUAL_SPAN, balance_plot
from apps.console.readonly import Context
from apps.console.site import site
from apps.core import clock
from apps.core.money import Money
from apps.ledger.models import Account, GlAccount
from apps.ledger.queries import (
    AsOf,
    StatementPage,
    balance,
    balances_then,
    explain_balance,
    statement_page,
)
from apps.ledger.reports.tree import tree
from apps.operations.models import Book


def book_choices() -> Iterable[tuple[str, str]]:
    """Every book by name."""
    return [(str(pk), name) for pk, name in Book.objects.values_list("id", "name")]


def at_or_below(code: str) -> Mapping[str, Any]:
    """The accounts of a GL code; of a heading, those of all codes below it."""
    codes = sorted(tree().postable(code))
    if codes in ([], [code]):
        return {"gl_code": code}
    # The range is what keeps the order of the index; a list alone would have them sorted.
    return {"gl_code__gte": codes[0], "gl_code__lte": codes[-1], "gl_code__in": codes}


@admin.register(Account, site=site)
class AccountAdmin(KeysetAdmin):
    """Browsed as a tree of addresses or as the chart of accounts; a search or a GL code gives a plain list."""

    related = ("book", "balance")
    keyset = ("book_id", "address", "currency")
    columns = (
        Column(_("Account")),
        Column(_("GL code"), "wide"),
        Column(_("Book"), "wide"),
        Column(_("State"), "wide"),
        Column(_("Balance"), "amount"),
    )
    in_files = {
        "Id": "id",
        "Book": "book.slug",
        "Address": "address",
        "Name": "name",
        "GL code": "gl_code",
        "Currency": "currency",
        "Balance": lambda row: getattr(row, "then", None) or Money(row.balance.shown, row.currency),
        "Opened at": "opened_at",
        "Closed": "balance.closed",
    }
    row_template = "console/row/account.html"
    page_template = "console/page/account.html"
    empty_template = "console/empty/accounts.html"
    filters = (
        Filter("book", _("Book"), choices=book_choices),
        Filter(
            "gl",
            _("GL code"),
            lookups=at_or_below,
            keyset=("gl_code", "book_id", "address", "currency"),
        ),
    )
    search = Search("address__startswith", keyset, _("start of an address"), in_every_book=True)

    def doings(self, request: HttpRequest, row: Account | None = None) -> list[Doing]:
        """Open one; freeze, correct, reserve from and close this one."""
        if row is None:
            return doings(request, ("ledger.open_account", {}))
        pair = {"book": row.book.slug, "account": row.address}
        one, amount = pair | {"currency": row.currency}, pair | {"amount.currency": row.currency}
        if row.balance.closed:
            return []
        opening = [] if row.balance.sequence else [("ledger.post_opening_balance", amount)]
        return doings(
            request,
            *opening,
            ("ledger.post_correction", amount),
            ("ledger.place_hold", amount),
            ("ledger.freeze_account", one),
            ("ledger.set_floor", one),
            ("ledger.close_account", one),
        )

    def changelist_view(self, request: HttpRequest, extra_context: Context | None = None) -> HttpResponse:
        """The tree; its branches alone when a script asks for them; a list when something is looked for."""
        self.allow(request)
        if request.GET.get("q") or request.GET.get("gl") or request.GET.keys() & keyset.PARAMETERS:
            return super().changelist_view(request, extra_context)
        if request.GET.get("by") == "gl":
            more = {"doings": doings(request, ("ledger.rebuild_coa", {}))}
            return self.render(request, "console/chart.html", self._context() | chart.context(request) | more)
        if request.GET.get("by") == "pattern":
            return self.render(request, "console/patterns.html", self._context() | chart.patterns())
        template = "console/tree_rows.html" if "part" in request.GET else "console/tree.html"
        return self.render(request, template, self._tree_context(request) | {"doings": self.doings(request)})

    def list_context(self, request: HttpRequest) -> Context:
        """A plain list, with the balances of now or as of another time."""
        context, form = super().list_context(request) | self._crumbs(request), AsOfForm(request.GET)
        if form.is_now:
            return context
        then = balances_then(context["rows"], **form.points())
        for row in context["rows"]:
            row.then = then[row.pk]
        return {
            **context,
            "then": form.points(),
            "asked": {name: request.GET.get(name, "") for name in POINTS},
            "now": query(request, {}, drop=POINTS),
            "points": points_of(request),
        }

    def file_rows(self, request: HttpRequest) -> Iterator[Account]:
        """With the balances of now or as of another time."""
        form = AsOfForm(request.GET)
        for rows in self.batches(request):
            then = {} if form.is_now else balances_then(rows, **form.points())
            for row in rows:
                row.then = then.get(row.pk)
            yield from rows

    def _crumbs(self, request: HttpRequest) -> Context:
        """From the accounts of a GL code back to the chart, at the same points in time."""
        found = GlAccount.objects.filter(pk=request.GET.get("gl", "")[:20]).first()
        if found is None:
            return {}
        back = query(request, {"by": "gl"}, drop=("gl", "q"))
        return {"crumbs": [(_("Chart of accounts"), back), (str(found), None)]}

    def page_context(self, request: HttpRequest, row: Account) -> Context:
        """The balance and why, the days and the statement: now, or as of another time."""
        form = AccountAsOfForm(request.GET)
        as_of = form.as_of(row.book_id)
        return {
            "title": row.address,
            "gl_account": GlAccount.objects.get(pk=row.gl_code),
            "form": form,
            "as_of": as_of,
            "balance_then": balance(row, as_of),
            "why": explain_balance(row, now=clock.now()),
            "may_unfreeze": bool(doings(request, ("ledger.unfreeze_account", {}))),
            **balance_plot(row, request.GET.get("span", USUAL_SPAN), as_of=as_of),
            **_statement(request, row, as_of),
        }

    def _tree_context(self, request: HttpRequest) -> Context:
        book = _book(request)
        under = request.GET.get("under", "")
        nodes, after = address_tree.children(book.pk, under, request.GET.get("from", ""))
        return {
            **self._context(),
            "book": book,
            "under": under,
            "trail": _trail(under),
            "nodes": nodes,
            "after": after,
            "depth": number(request.GET.get("depth", "")) or 0,
            "files": self.file_ways(request, {"book": str(book.pk), "q": f"{under}:" if under else ""}),
        }

    def _context(self) -> Context:
        """What stands on every way to browse."""
        return {
            "title": self.plural,
            "crumbs": [(self.plural, None)],
            "books": book_choices(),
            "search_hint": self.search_hint,
        }


def _book(request: HttpRequest) -> Book:
    """The book that the address names, else the first that has accounts, else the platform's."""
    named = number(request.GET.get("book", ""))
    book = Book.objects.filter(pk=named).first() if named else None
    in_use = Exists(Account.objects.filter(book=OuterRef("pk")))
    return book or Book.objects.filter(in_use).first() or Book.objects.get(slug="platform")


def _trail(under: str) -> list[tuple[str, str]]:
    """Each segment above, with the address down to it."""
    segments = under.split(":") if under else []
    return [(segment, ":".join(segments[: depth + 1])) for depth, segment in enumerate(segments)]


def _statement(request: HttpRequest, row: Account, as_of: AsOf) -> Context:
    """The lines, the newest first."""
    page = statement_page(
        row,
        as_of=as_of,
        before=number(request.GET.get("before", "")),
        after=number(request.GET.get("after", "")),
    )
    return {
        "statement": page,
        "lines": list(reversed(page.lines)),
        "way": {name: query(request, change) for name, change in _ways(page).items()},
    }


def _ways(page: StatementPage) -> dict[str, dict[str, str] | None]:
    newer, older = page.after, page.before
    return {
        "first": None if newer is None else {},
        "previous": None if newer is None else {"after": str(newer)},
        "next": None if older is None else {"before": str(older)},
        "last": None if older is None else {"after": "0"},
    }
