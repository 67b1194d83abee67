"""Money that came: deposits with their stages, those in suspense first, chargebacks, and virtual accounts."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin
from apps.console.readonly import Context
from apps.console.site import site
from apps.transfers.arrivals import (
    IN_SUSPENSE,
    Chargeback,
    ChargebackStatus,
    Deposit,
    DepositStatus,
    VirtualAccount,
)


@admin.register(Deposit, site=site)
class DepositAdmin(KeysetAdmin):
    """Every deposit, the newest first; those in suspense wait for a person."""

    called = _("Suspense")
    related = ("provider", "book", "wallet")
    columns = (
        Column(_("From")),
        Column(_("Sent to"), "wide"),
        Column(_("Waits"), "wide"),
        Column(_("Received at"), "wide"),
        Column(_("Status")),
        Column(_("Amount"), "amount"),
    )
    in_files = {
        "Id": "id",
        "Provider": "provider.name",
        "Reference": "reference",
        "Status": "status",
        "Remitter": "remitter",
        "Remittance": "remittance",
        "Virtual account": "virtual_account",
        "Wallet": "wallet_id",
        "Matched by": "matched_by",
        "Why": "why",
        "Amount": "money",
        "Currency": "currency",
        "Received at": "received_at",
        "Credited at": "credited_at",
        "Returned at": "returned_at",
        "Returned by": "returned_by",
        "Return reference": "return_reference",
    }
    row_template = "console/row/deposit.html"
    page_template = "console/page/deposit.html"
    empty_template = "console/empty/deposits.html"
    tabs = "status"
    filters = (
        Filter("status", _("Status"), choices=lambda: DepositStatus.choices),
        Filter("wallet", _("Wallet"), lookup="wallet"),
    )

    def doings(self, request: HttpRequest, row: Deposit | None = None) -> list[Doing]:
        """Give what is in suspense to somebody, or have it sent back; what is marked for that is first."""
        if row is None or row.status not in IN_SUSPENSE:
            return []
        marked = row.status == DepositStatus.RETURNING
        back = "transfers.return_deposit" if marked else "transfers.mark_for_return"
        ways = [back, "transfers.assign_deposit"] if marked else ["transfers.assign_deposit", back]
        return doings(request, *((way, {"deposit": row.pk}) for way in ways))

    def page_context(self, request: HttpRequest, row: Deposit) -> Context:
        """What was taken back of it."""
        taken_back = Chargeback.objects.filter(provider=row.provider, deposit_reference=row.reference)
        return {"chargebacks": list(taken_back.order_by("id")[:20]), "waits": row.status in IN_SUSPENSE}


@admin.register(Chargeback, site=site)
class ChargebackAdmin(KeysetAdmin):
    """What providers took back of deposits, the newest first."""

    related = ("provider",)
    columns = (
        Column(_("Of the deposit")),
        Column(_("Reason"), "wide"),
        Column(_("Received at"), "wide"),
        Column(_("Status")),
        Column(_("Amount"), "amount"),
    )
    in_files = {
        "Id": "id",
        "Provider": "provider.name",
        "Reference": "reference",
        "Deposit": "deposit_reference",
        "Status": "status",
        "Reason": "reason",
        "Note": "note",
        "Entry": "entry_id",
        "Amount": "money",
        "Currency": "currency",
        "Received at": "received_at",
        "Closed at": "closed_at",
    }
    row_template = "console/row/chargeback.html"
    page_template = "console/page/chargeback.html"
    empty_template = "console/empty/chargebacks.html"
    tabs = "status"
    filters = (Filter("status", _("Status"), choices=lambda: ChargebackStatus.choices),)

    def doings(self, request: HttpRequest, row: Chargeback | None = None) -> list[Doing]:
        """Debit the wallet, or say why not."""
        if row is None or row.status != ChargebackStatus.OPEN:
            return []
        return doings(
            request,
            ("transfers.post_chargeback", {"chargeback": row.pk}),
            ("transfers.close_chargeback", {"chargeback": row.pk}),
            ("ledger.post_correction", {}),
        )

    def page_context(self, request: HttpRequest, row: Chargeback) -> Context:
        """The deposit, if it is known."""
        return {"deposit": row.deposit}


@admin.register(VirtualAccount, site=site)
class VirtualAccountAdmin(KeysetAdmin):
    """Numbers under which deposits are a wallet's, the newest first."""

    related = ("provider", "book", "wallet")
    columns = (
        Column(_("Number")),
        Column(_("Wallet")),
        Column(_("Provider"), "wide"),
        Column(_("Since"), "wide"),
        Column(_("Status")),
    )
    in_files = {
        "Id": "id",
        "Number": "number",
        "Wallet": "wallet_id",
        "Book": "book.slug",
        "Provider": "provider.name",
        "Status": "status",
        "Asked for at": "requested_at",
        "Active at": "active_at",
    }
    row_template = "console/row/virtual_account.html"
    page_template = "console/page/virtual_account.html"
    empty_template = "console/empty/virtual_accounts.html"

    def doings(self, request: HttpRequest, row: VirtualAccount | None = None) -> list[Doing]:
        """Ask for one."""
        return [] if row else doings(request, ("transfers.request_virtual_account", {}))
