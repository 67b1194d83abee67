"""Files of payments: what waits for a cut-off, what was made, and how each file stands at its bank."""

import json
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _

from apps.accounts.people import actor_of
from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin
from apps.console.pages.inbox import provider_choices
from apps.console.policy import HEADER
from apps.console.readonly import Context
from apps.console.site import site
from apps.core import ids
from apps.operations.executor import execute
from apps.operations.models import Event
from apps.operations.plan import Request
from apps.providers.models import FileStatus, PaymentStatus, RailFile, RailPayment

DOWNLOAD = "providers.download_file"
CUT, HAND_OVER, TAKE_IN = "providers.cut_file", "providers.hand_over_file", "providers.take_in_file"

SHOWN = 200
"""Payments that the page of a file lists."""
TAKEN = 20
"""Downloads that it lists, the latest."""


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
        """Make files now, take in one of the bank; keep this one, and say that it was handed over."""
        if row is None:
            chosen = dict(provider_choices()).get(request.GET.get("provider", ""))
            return doings(request, (CUT, {"provider": chosen}), (TAKE_IN, {"provider": chosen}))
        keep = [Doing(DOWNLOAD, _("Download"), reverse("console:payment_file", args=[row.pk]))]
        waits = row.status == FileStatus.MADE and not row.next_attempt_at
        given = [(HAND_OVER, {"file": row.pk})] if waits else []
        return [
            *(keep if may_download(request) else []),
            *doings(request, *given, (TAKE_IN, {"provider": row.provider.name})),
        ]

    def page_context(self, request: HttpRequest, row: RailFile) -> Context:
        """What is in it, how that stands, and where its bytes are."""
        by_status = row.payments.values("status").annotate(count=Count("id")).order_by("status")
        labels = dict(PaymentStatus.choices)
        return {
            "title": row.message_id,
            "payments": [_payment(each) for each in row.payments.order_by("sequence")[:SHOWN]],
            "more": max(row.count - SHOWN, 0),
            "standing": [(each["status"], labels[each["status"]], each["count"]) for each in by_status],
            "downloads": Event.objects.filter(subject=row.pk, type="payment_file.downloaded")
            .select_related("operation")
            .order_by("-ordinal")[:TAKEN],
        }


def _payment(row: RailPayment) -> Context:
    """A payment with whom it pays, and the transfer whose submission it is."""
    payee = json.loads(row.to).get("name", "") if row.to else ""
    return {"row": row, "payee": payee, "transfer": row.reference.partition(".")[0]}


def may_download(request: HttpRequest) -> bool:
    """Whether this person may have the bytes, which say whom we pay."""
    return request.user.has_perms(["providers.view_railfile", DOWNLOAD])


def payment_file(request: HttpRequest, file_id: str) -> HttpResponse:
    """The bytes of a file as they were stored, once it is written down who takes them; no browser opens them within this
    origin.
    """
    if request.method not in {"GET", "HEAD"} or not may_download(request):
        raise PermissionDenied
    try:
        found = RailFile.objects.get(pk=file_id)
    except (RailFile.DoesNotExist, ValidationError):
        raise Http404(f"There is no file {file_id[:60]}.") from None
    if request.method == "GET":
        given = {"file": found.pk, "sha256": found.hash}
        key, actor = ids.new_id("rlf"), actor_of(request.user)  # type: ignore[arg-type]
        execute(Request(DOWNLOAD, given, key, actor, origin="console")).or_raise()
    answer = HttpResponse(bytes(found.content), content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(True, found.name)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    answer[HEADER] = "default-src 'none'; sandbox"
    return answer
