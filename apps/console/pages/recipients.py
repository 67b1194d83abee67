"""Recipients: where payouts go, masked."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Recipient, RecipientKind, RecipientStatus, Verification
from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin, Search
from apps.console.pages.tenants import OF_TENANT
from apps.console.readonly import Context
from apps.console.site import site
from apps.transfers.micro_deposits import MicroDepositsStatus
from apps.transfers.models import Transfer

LATEST = 20


@admin.register(Recipient, site=site)
class RecipientAdmin(KeysetAdmin):
    """Whom the tenants pay, and what may be shown of where."""

    related = ("tenant", "customer")
    columns = (
        Column(_("Recipient")),
        Column(_("Bank"), "wide"),
        Column(_("Currency")),
        Column(_("Paid by"), "wide"),
        Column(_("Verification"), "wide"),
        Column(_("Status")),
        Column(_("Since"), "wide"),
    )
    in_files = {
        "Id": "id",
        "Tenant": "tenant.slug",
        "Customer": "customer_id",
        "Name": "name",
        "Kind": "kind",
        "Leads to": "display",
        "Bank": "bank_name",
        "BIC": "bic",
        "Country": "country",
        "Currency": "currency",
        "External id": "external_id",
        "Status": "status",
        "Verification": "verification",
        "Verified": "verified_at",
        "Verified again": "verify_again_at",
        "Version": "version",
        "Since": "created_at",
        "This version since": "changed_at",
    }
    also_found_by = ("name__istartswith",)
    row_template = "console/row/recipient.html"
    page_template = "console/page/recipient.html"
    empty_template = "console/empty/recipients.html"
    filters = (
        OF_TENANT,
        Filter("customer", _("Customer"), lookup="customer"),
        Filter("verification", _("Verification"), choices=lambda: Verification.choices),
    )
    search = Search(
        "external_id",
        ("external_id", "-id"),
        _("an external id"),
        condition={"external_id__gt": ""},
    )

    def doings(self, request: HttpRequest, row: Recipient | None = None) -> list[Doing]:
        """Make one; verify, change and close this one."""
        if row is None:
            given = {name: request.GET.get(name) for name in ("tenant", "customer")}
            return doings(request, ("accounts.create_recipient", given))
        if row.status == RecipientStatus.CLOSED:
            return []
        given = {"recipient": row.pk}
        names = [] if row.check_id else ["accounts.verify_recipient"]
        if row.kind == RecipientKind.BANK_ACCOUNT:
            waits = row.micro_deposits.filter(status=MicroDepositsStatus.SENT).exists()
            names.append("transfers.prove_micro_deposits" if waits else "transfers.send_micro_deposits")
        if row.verification != Verification.UNVERIFIED:
            names.append("accounts.reset_recipient_verification")
        names += ["accounts.update_recipient", "accounts.close_recipient"]
        return doings(request, *((name, given) for name in names))

    def page_context(self, request: HttpRequest, row: Recipient) -> Context:
        """The latest that went there, and what was found of whose account it is."""
        latest: Any = Transfer.objects.filter(recipient=row).order_by("-id")[:LATEST]
        return {
            "transfers": latest,
            "verifications": row.verifications.order_by("-id")[:LATEST],
            "micro_deposits": row.micro_deposits.order_by("-id").first(),
        }
