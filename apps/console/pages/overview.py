"""The first page: what needs a person, how the books stand, what moved."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from apps.console import attention, beside, standing
from apps.console.forms.outcomes import page_of
from apps.console.pages.entries import totals
from apps.console.site import site
from apps.core import clock
from apps.ledger.models import JournalEntry
from apps.operations.models import Operation

RECENT = 8
NEEDED = ("ledger.view_journalentry", "operations.view_operation")


def overview(request: HttpRequest) -> HttpResponse:
    """Every number opens what made it."""
    if request.method not in {"GET", "HEAD"} or not request.user.has_perms(NEEDED):
        raise PermissionDenied
    entries = list(JournalEntry.objects.select_related("book").order_by("-ordinal")[:RECENT])
    moved = totals(entries)
    books = standing.books()
    return site.page(
        request,
        "console/overview.html",
        {
            "title": _("Overview"),
            "crumbs": [(_("Overview"), None)],
            "notices": attention.notices(clock.now(), books),
            "books": books,
            "mine": [(each, page_of(each.assignment.subject)) for each in beside.mine(request)],
            "volumes": standing.volumes(request.GET.get("currency", ""), books),
            "entries": [{"entry": entry, "totals": moved[str(entry.pk)]} for entry in entries],
            "operations": list(Operation.objects.order_by("-id")[:RECENT]),
        },
    )
