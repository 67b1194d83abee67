"""Money in reserve."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin
from apps.console.readonly import Context
from apps.console.site import site
from apps.core.money import Money
from apps.ledger.models import Hold, Line


@admin.register(Hold, site=site)
class HoldAdmin(KeysetAdmin):
    """All holds, the newest first."""

    related = ("book", "account", "held_account")
    columns = (
        Column(_("Hold")),
        Column(_("Account"), "wide"),
        Column(_("Opened at"), "wide"),
        Column(_("State")),
        Column(_("Amount"), "amount wide"),
        Column(_("Remaining"), "amount"),
    )
    in_files = {
        "Id": "id",
        "Book": "book.slug",
        "Account": "account.address",
        "Currency": "account.currency",
        "Amount": lambda row: Money(int(row.amount), row.account.currency),
        "Remaining": lambda row: Money(int(row.remaining), row.account.currency),
        "Opened at": "opened_at",
    }
    row_template = "console/row/hold.html"
    page_template = "console/page/hold.html"
    empty_template = "console/empty/holds.html"
    tabs = "state"
    filters = (
        Filter(
            "state",
            _("State"),
            choices=lambda: [("open", _("Open"))],
            conditions={"open": {"remaining__gt": 0}},
            keyset=("-book_id", "-id"),
        ),
        Filter("account", _("Account"), lookup="account"),
    )

    def doings(self, request: HttpRequest, row: Hold | None = None) -> list[Doing]:
        """Place one; settle or release what remains of this one."""
        if row is None:
            return doings(request, ("ledger.place_hold", {}))
        if not row.remaining:
            return []
        given = {"hold": row.pk}
        return doings(request, ("ledger.settle_hold", given), ("ledger.release_hold", given))

    def page_context(self, request: HttpRequest, row: Hold) -> Context:
        """The lines that opened, used and gave back."""
        lines = Line.objects.filter(hold_id=row.pk).select_related("entry", "account")
        return {"lines": list(lines.order_by("recorded_at", "entry_id", "posting", "amount")[:200])}
