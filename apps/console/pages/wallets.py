"""Wallets: what is in them, and why."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Wallet, WalletStatus
from apps.accounts.queries.wallets import balances, holders
from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin, Search
from apps.console.pages.tenants import OF_TENANT
from apps.console.plotting import USUAL_SPAN, balance_plot
from apps.console.readonly import Context
from apps.console.site import site
from apps.ledger.models import Account, Hold
from apps.ledger.queries import statement_page
from apps.transfers.models import Transfer
from apps.transfers.queries.escrow import in_escrow, open_escrows
from apps.transfers.reserves import ReservePolicy

LATEST = 10
LINES = 20


@admin.register(Wallet, site=site)
class WalletAdmin(KeysetAdmin):
    """Every wallet with what is in it."""

    related = ("tenant", "customer")
    columns = (
        Column(_("Wallet")),
        Column(_("Owner"), "wide"),
        Column(_("Status"), "wide"),
        Column(_("Held"), "amount wide"),
        Column(_("Available"), "amount"),
    )
    in_files = {
        "Id": "row.id",
        "Name": "row.name",
        "Tenant": "row.tenant.slug",
        "Customer": "row.customer_id",
        "Customer's name": "row.customer.name",
        "External id": "row.external_id",
        "Category": "row.category",
        "Status": "row.status",
        "Currency": "row.currency",
        "Available": "balances.available",
        "Held": "balances.held",
        "Owed": "balances.owed",
        "Total": "balances.total",
        "Low below": "row.low_money",
        "Low since": "row.low_since",
        "Since": "row.created_at",
    }
    also_found_by = ("name__istartswith",)
    row_template = "console/row/wallet.html"
    page_template = "console/page/wallet.html"
    empty_template = "console/empty/wallets.html"
    filters = (
        OF_TENANT,
        Filter("customer", _("Customer"), lookup="customer"),
        Filter(
            "low", _("Balance"), choices=lambda: [("yes", _("Low"))], conditions={"yes": {"is_low": True}}
        ),
    )
    search = Search(
        "external_id",
        ("external_id", "-id"),
        _("an external id"),
        condition={"external_id__gt": ""},
    )

    def doings(self, request: HttpRequest, row: Wallet | None = None) -> list[Doing]:
        """Open one; pay into, transfer from, hold of, put in escrow, charge, change and close this one."""
        if row is None:
            return doings(request, ("accounts.create_wallet", {"tenant": request.GET.get("tenant")}))
        if row.status == WalletStatus.CLOSED:
            return []
        given = {"wallet": row.pk, "amount.currency": row.currency}
        return doings(
            request,
            ("transfers.post_pay_in", given),
            ("transfers.create_transfer", {"from_wallet": row.pk, "amount.currency": row.currency}),
            ("transfers.place_hold", given),
            ("transfers.hold_in_escrow", given),
            ("transfers.charge_fee", given),
            ("accounts.update_wallet", {"wallet": row.pk}),
            ("accounts.close_wallet", {"wallet": row.pk}),
        )

    def decorate(self, rows: list[Any]) -> list[Any]:
        """What is in each."""
        inside = balances(holders(str(row.pk) for row in rows).values())
        return [{"row": row, "balances": inside[str(row.pk)]} for row in rows]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Context | None = None
    ) -> HttpResponse:
        """The page of a wallet; what moves in it alone when the page looks again by itself."""
        if "part" not in request.GET:
            return super().change_view(request, object_id, form_url, extra_context)
        self.allow(request)
        return self.render(request, "console/wallet/live.html", _inside(self.find(object_id)))

    def page_context(self, request: HttpRequest, row: Wallet) -> Context:
        """What is in it and why, its days, its statement, holds and transfers."""
        inside = _inside(row)
        span = request.GET.get("span", USUAL_SPAN)
        policy = ReservePolicy.objects.filter(wallet=row, basis_points__gt=0).first()
        return {**inside, **balance_plot(inside["parts"]["available"], span), "reserve_policy": policy}


def _inside(row: Wallet) -> Context:
    """What moves while one looks at a wallet."""
    addresses = [row.available, row.held, row.owed]
    parts = {
        account.address.rpartition(":")[2]: account
        for account in Account.objects.filter(book=row.book_id, address__in=addresses, currency=row.currency)
    }
    open_holds = Hold.objects.filter(account=parts["available"], remaining__gt=0)
    return {
        "row": row,
        "balances": balances(holders([str(row.pk)]).values())[str(row.pk)],
        "parts": parts,
        "lines": list(reversed(statement_page(parts["available"], size=LINES).lines)),
        "holds": open_holds.order_by("-id")[:LATEST],
        "transfers": latest_transfers(row),
        "in_escrow": in_escrow(str(row.pk), row.currency),
        "escrows": open_escrows(str(row.pk))[:LATEST],
    }


def latest_transfers(wallet: Wallet) -> list[Transfer]:
    """The latest out of a wallet and into it: each walks an index of its own, which no one walk over both has."""
    some = Transfer.objects.order_by("-id")
    found = [*some.filter(source_wallet=wallet)[:LATEST], *some.filter(destination_wallet=wallet)[:LATEST]]
    return sorted({each.pk: each for each in found}.values(), key=lambda each: each.pk, reverse=True)[:LATEST]
