"""What is kept back of pay-ins for a while."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin
from apps.console.site import site
from apps.transfers.reserves import ReserveStatus, RollingReserve


@admin.register(RollingReserve, site=site)
class RollingReserveAdmin(KeysetAdmin):
    """Every rolling reserve, the newest first."""

    called = _("Rolling reserves")
    related = ("book", "wallet")
    columns = (
        Column(_("Wallet")),
        Column(_("Of"), "wide"),
        Column(_("Kept since"), "wide"),
        Column(_("Free on")),
        Column(_("Status"), "wide"),
        Column(_("Amount"), "amount"),
    )
    in_files = {
        "Id": "id",
        "Wallet": "wallet_id",
        "Book": "book.slug",
        "Transfer": "transfer_id",
        "Reason": "reason",
        "Status": "status",
        "Amount": "money",
        "Currency": "currency",
        "Kept since": "held_at",
        "Free on": "release_at",
        "Freed at": "released_at",
    }
    row_template = "console/row/reserve.html"
    page_template = "console/page/reserve.html"
    empty_template = "console/empty/reserves.html"
    tabs = "status"
    filters = (
        Filter("status", _("Status"), choices=lambda: ReserveStatus.choices),
        Filter("wallet", _("Wallet"), lookup="wallet"),
    )

    def doings(self, request: HttpRequest, row: RollingReserve | None = None) -> list[Doing]:
        """Keep something back, say what is kept back from now on; let this one go."""
        if row is None:
            given = {"wallet": request.GET.get("wallet")}
            return doings(
                request, ("transfers.hold_rolling_reserve", given), ("transfers.set_reserve_policy", given)
            )
        if row.status != ReserveStatus.HELD:
            return []
        return doings(request, ("transfers.release_rolling_reserve", {"reserve": row.pk}))
