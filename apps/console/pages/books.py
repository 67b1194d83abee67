"""Books and their trial balances."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, KeysetAdmin
from apps.console.readonly import Context
from apps.console.site import site
from apps.ledger.models import PeriodChange, Projection, Seal, Verification
from apps.ledger.queries import trial_balances
from apps.operations.models import Book

CHANGES = 5


def period_commands(book: str = "") -> list[tuple[str, dict[str, str]]]:
    """What changes the periods of a book."""
    names = ("begin_closing", "close_period", "reopen_period", "set_late_policy")
    return [(f"ledger.{name}", {"book": book}) for name in names]


@admin.register(Book, site=site)
class BookAdmin(KeysetAdmin):
    """The platform's book and one for each tenant."""

    related = ("period",)
    keyset = ("id",)
    columns = (
        Column(_("Book")),
        Column(_("Periods")),
        Column(_("Tenant"), "wide"),
        Column(_("Time zone"), "wide"),
        Column(_("Since"), "wide"),
    )
    in_files = {
        "Id": "id",
        "Slug": "slug",
        "Name": "name",
        "Tenant": "tenant_id",
        "Time zone": "time_zone",
        "Closed through": "period.closed_through",
        "Since": "created_at",
    }
    also_found_by = ("slug__startswith",)
    row_template = "console/row/book.html"
    page_template = "console/page/book.html"

    def doings(self, request: HttpRequest, row: Book | None = None) -> list[Doing]:
        """What closes, exports and rebuilds this one."""
        if row is None:
            return doings(request, ("accounts.create_tenant", {}))
        given = {"book": row.slug}
        return doings(
            request,
            *period_commands(row.slug),
            ("ledger.open_account", given),
            ("ledger.export_journal", given),
            ("ledger.rebuild_statements", given),
        )

    def page_context(self, request: HttpRequest, row: Book) -> Context:
        """The trial balance, and how far the book is sealed, projected and verified, and its periods."""
        return {
            "trials": trial_balances(row.pk),
            "seal": Seal.objects.filter(book=row).order_by("-position").first(),
            "projection": Projection.objects.filter(book=row).order_by("-through_position").first(),
            "verification": Verification.objects.filter(book=row).first(),
            "changes": PeriodChange.objects.filter(book=row).order_by("-ordinal")[:CHANGES],
        }
