"""Files of payments: what waits for a cut-off, what was made, and how each file stands at its bank."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _

from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin
from apps.console.pages.inbox import provider_choices
from apps.console.policy import HEADER
from apps.console.readonly import Context
from apps.console.site import site
from apps.providers.models import FileStatus, PaymentStatus, RailFile

CUT, HAND_OVER, TAKE_IN = "providers.cut_file", "providers.hand_over_file", "providers.take_in_file"

SHOWN = 200
"""Payments that the page of a file lists."""


@admin.register(RailFile, site=site)
class RailFileAdmin(KeysetAdmin):
    """Every file, the newest first."""

    called = _("Payment files")
    related = ("provider",)
    columns = (
        Column(_("File")),
        Column(_("Provider"), "wide"),
        Column(_("Executed on"), "wide"),
        Column(_("Payments"), "number wide"),
        Column(_("Total"), "amount"),
        Column(_("Made at"), "wide"),
        Column(_("Status")),
    )
    in_files = {
        "Id": "id",
        "Provider": "provider.name",
        "Message id": "message_id",
        "Scheme": "scheme",
        "Format": "format",
        "Payments": "count",
        "Total": "money.decimal",
        "Currency": "currency",
        "Executed on": "execute_on",
        "SHA-256": "hash",
        "Made at": "made_at",
        "Handed over at": "handed_over_at",
        "Taken at": "taken_at",
        "Status": "status",
    }
    row_template = "console/row/rail_file.html"
    page_template = "console/page/rail_file.html"
    empty_template = "console/empty/rail_files.html"
    tabs = "status"
    filters = (
        Filter("status", _("Status"), choices=lambda: FileStatus.choices),
        Filter("provider", _("Provider"), lookup="provider", choices=provider_choices),
    )

    def rows(self) -> Any:
        """All rows without their bytes, which a download alone shows."""
        return super().rows().defer("content")

    def doings(self, request: HttpRequest, row: RailFile | None = None) -> list[Doing]:
        """Make files now, take in one of the bank; say that this one was handed over."""
        if row is None:
            chosen = dict(provider_choices()).get(request.GET.get("provider", ""))
            return doings(request, (CUT, {"provider": chosen}), (TAKE_IN, {"provider": chosen}))
        if row.status != FileStatus.MADE or row.next_attempt_at:
            return doings(request, (TAKE_IN, {"provider": row.provider.name}))
        return doings(request, (HAND_OVER, {"file": row.pk}), (TAKE_IN, {"provider": row.provider.name}))

    def page_context(self, request: HttpRequest, row: RailFile) -> Context:
        """What is in it, how that stands, and where its bytes are."""
        by_status = row.payments.values("status").annotate(count=Count("id")).order_by("status")
        labels = dict(PaymentStatus.choices)
        return {
            "title": row.message_id,
            "payments": list(row.payments.order_by("sequence")[:SHOWN]),
            "more": max(row.count - SHOWN, 0),
            "standing": [(each["status"], labels[each["status"]], each["count"]) for each in by_status],
            "download": reverse("console:payment_file", args=[row.pk]) if may_download(request) else "",
        }


def may_download(request: HttpRequest) -> bool:
    """Whether this person may have the bytes, which say whom we pay: who hands files over."""
    return request.user.has_perms(["providers.view_railfile", HAND_OVER])


def payment_file(request: HttpRequest, file_id: str) -> HttpResponse:
    """The bytes of a file as they were stored; no browser opens them within this origin."""
    if request.method not in {"GET", "HEAD"} or not may_download(request):
        raise PermissionDenied
    try:
        found = RailFile.objects.get(pk=file_id)
    except (RailFile.DoesNotExist, ValidationError):
        raise Http404(f"There is no file {file_id[:60]}.") from None
    answer = HttpResponse(bytes(found.content), content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(True, found.name)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    answer[HEADER] = "default-src 'none'; sandbox"
    return answer
