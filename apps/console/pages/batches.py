"""Batches of payouts: how far each is and what it waits for, its rows, and what can be done with it."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _

from apps.console import keyset
from apps.console.batching import Standing, shortfall, standings
from apps.console.deciding import Asked, asked
from apps.console.forms.outcomes import SHOWN_BY
from apps.console.forms.ways import Doing, doings, form_url
from apps.console.list_files import Declared, ListFile, ListResource
from apps.console.listing import Column, Filter, KeysetAdmin, query
from apps.console.pages.tenants import tenant_choices, tenant_name
from apps.console.policy import HEADER
from apps.console.readonly import Context
from apps.console.site import site
from apps.operations import books
from apps.operations.models import ApprovalStatus, Operation, OperationStatus
from apps.operations.registry import all_commands
from apps.payouts import files
from apps.payouts.models import Batch, BatchFile, BatchRow, BatchSheet, BatchStatus, RowStatus
from apps.payouts.models.batches import BEFORE_EXECUTION
from apps.payouts.queries.leaving import leaving
from apps.payouts.queries.sheet import WORDS, WRONG, Line, lines
from apps.transfers.models import Status

ROWS: Final = 100
"""Rows of one page."""
SHEETS: Final = 10
"""Files of comparisons on one page, the newest first."""

MEND, DROP = "payouts.mend_row", "payouts.drop_row"
BUTTONS: Final = {MEND: _("Mend"), DROP: _("Leave out")}

SHEET: Final[Declared] = {
    "Number": "row.number",
    "Payee": lambda line: str(line.row.recipient or ""),
    "Amount": "row.money",
    "Currency": "row.currency",
    "Reference": "row.reference",
    "Wallet": "row.wallet_id",
    "Transfer": "row.transfer_id",
    "Status": lambda line: status_of(line),
    "Paid": "paid",
    "Provider": "transfer.provider",
    "Provider's references": "submissions",
    "Executed there": "executed",
    "Verdict": lambda line: str(WORDS[line.verdict]),
}
"""The columns of the reconciliation sheet as a file."""

MEDIA_TYPES: Final = {
    "csv": "text/csv",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pain001": "application/xml",
}


def status_of(line: Line) -> str:
    """What became of a row: of its transfer, or of itself where it has none."""
    return str(line.transfer.get_status_display() if line.transfer else line.row.get_status_display())


def of_tenant(tenant: str) -> dict[str, Any]:
    """The batches of a tenant, which are those of its book."""
    return {"book_id": books.id_of_tenant(tenant) or 0}


@admin.register(Batch, site=site)
class BatchAdmin(KeysetAdmin):
    """Every batch of every tenant, the newest first."""

    related = ("book", "wallet")
    columns = (
        Column(_("Batch")),
        Column(_("Tenant"), "wide"),
        Column(_("Payouts"), "number wide"),
        Column(_("Waits for"), "wide"),
        Column(_("Submitted at"), "wide"),
        Column(_("Status")),
        Column(_("Total"), "amount"),
    )
    in_files = {
        "Id": "row.id",
        "Name": "row.name",
        "Reference": "row.reference",
        "Tenant": "tenant.slug",
        "Status": "row.status",
        "Payouts": "count.rows",
        "Total": lambda one: [str(each) for each in one.count.totals],
        "Paid": lambda one: [str(each) for each in one.progress.paid],
        "Waits for": "waiting.why",
        "More exactly": "waiting.words",
        "Source": "row.source",
        "Submitted by": "row.maker_label",
        "Submitted at": "row.submitted_at",
        "Approved at": "row.approved_at",
        "Executed at": "row.executed_at",
        "Ended at": "row.ended_at",
    }
    row_template = "console/row/batch.html"
    page_template = "console/page/batch.html"
    empty_template = "console/empty/batches.html"
    tabs = "status"
    filters = (
        Filter("status", _("Status"), choices=lambda: BatchStatus.choices),
        Filter("tenant", _("Tenant"), choices=tenant_choices, named=tenant_name, lookups=of_tenant),
    )

    def get_urls(self) -> list[URLPattern]:
        """What leaves as a file, then the pages of every list."""
        view = self.admin_site.admin_view
        return [
            path("example/", view(self.example_view), name="payouts_batch_example"),
            path("<str:object_id>/original/", view(self.original_view), name="payouts_batch_original"),
            path("<str:object_id>/kept/<str:sheet>/", view(self.kept_view), name="payouts_batch_kept"),
            path("<str:object_id>/sheet/<slug:ending>/", view(self.sheet_view), name="payouts_batch_sheet"),
            *super().get_urls(),
        ]

    def doings(self, request: HttpRequest, row: Batch | None = None) -> list[Doing]:
        """Begin one; do with this one what its status allows."""
        if row is None:
            return doings(request, ("payouts.upload_batch", {}), ("payouts.create_batch", {}))
        return doings(request, *((name, {"batch": row.pk}) for name in ways(row)))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """How each stands."""
        return list(standings(rows))

    def page_context(self, request: HttpRequest, row: Batch) -> Context:
        """How it stands, what is decided about it, its rows, and what is proved of it when it has ended."""
        [one] = standings([row])
        sheets = list(row.sheets.defer("content").order_by("-compared_at", "format")[:SHEETS])
        waits = one.approval is not None and one.approval.status == ApprovalStatus.PENDING
        return {
            "one": one,
            "done": _done(request, row),
            "asked": _asked(request, one) if waits else None,
            "file": BatchFile.objects.filter(batch=row).defer("content").first(),
            "short": [shortfall(each) for each in row.short],
            "rows_by_status": _rows_by_status(one),
            "payouts_by_status": [(Status(each), count) for each, count in one.progress.by_status.items()],
            "leaving": leaving(row) if row.executed_at else [],
            "sheets": sheets,
            "verdicts": _verdicts(sheets[0]) if sheets else [],
            "is_moving": not row.ended_at and row.status != BatchStatus.DRAFT,
            **_rows(request, one),
        }

    def example_view(self, request: HttpRequest) -> HttpResponse:
        """A file to start from."""
        self.allow(request)
        return _download(files.template(), "payouts.csv", MEDIA_TYPES["csv"])

    def original_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The file of which the batch was made, as it came."""
        self.allow(request)
        kept = BatchFile.objects.filter(batch=self.find(object_id)).select_related("batch").first()
        if kept is None:
            raise Http404(_("This batch did not come of a file."))
        return _download(b64decode(kept.content), kept.name, MEDIA_TYPES[kept.batch.source])

    def kept_view(self, request: HttpRequest, object_id: str, sheet: str) -> HttpResponse:
        """A sheet as it was written when providers had been asked, the same bytes each time."""
        self.allow(request)
        row = self.find(object_id)
        try:
            kept = BatchSheet.objects.get(batch=row, pk=sheet)
        except (BatchSheet.DoesNotExist, ValidationError):
            raise Http404(_("There is no such sheet.")) from None
        return _download(bytes(kept.content), f"{row.pk}_proof.{kept.format}", MEDIA_TYPES[kept.format])

    def sheet_view(self, request: HttpRequest, object_id: str, ending: str) -> HttpResponseBase:
        """Each row as it stands now: what our books say of it and what its provider said, written while it is read."""
        self.allow(request)
        row = self.find(object_id)
        if ending not in {"csv", "xlsx"}:
            raise Http404(_("There is no such file."))
        return ListFile(f"{row.pk}_sheet", ListResource(SHEET), lines(row)).answer(ending)


def ways(row: Batch) -> list[str]:
    """The commands that the status of a batch allows, the next step first."""
    is_draft = row.status == BatchStatus.DRAFT
    allowed = {
        "submit_batch": is_draft,
        "add_rows": is_draft,
        "execute_batch": row.status == BatchStatus.APPROVED,
        "cancel_batch": row.status in BEFORE_EXECUTION,
        "compare_batch": row.executed_at is not None and row.ended_at is not None,
    }
    return [f"payouts.{name}" for name, fits in allowed.items() if fits]


def _done(request: HttpRequest, row: Batch) -> Context | None:
    """What was done last with this batch, by a form that led back to its page."""
    try:
        found = Operation.objects.filter(pk=request.GET.get("done", "")).first()
    except ValidationError:  # no id at all
        return None
    if found is None or found.status != OperationStatus.ACCEPTED or found.command not in SHOWN_BY:
        return None
    if (found.result or {}).get("batch") != row.pk:
        return None
    commands = {each.name: each.summary for each in all_commands()}
    return {"operation": found, "title": commands.get(found.command, found.command)}


def _asked(request: HttpRequest, one: Standing) -> Asked | None:
    return asked(request, [one.approval])[0] if one.approval else None


def _rows_by_status(one: Standing) -> list[tuple[RowStatus, int]]:
    """Each state in which rows are, what is wrong first."""
    order = (RowStatus.WRONG, RowStatus.READY, RowStatus.RESERVED, RowStatus.REFUSED, RowStatus.DROPPED)
    return [(each, one.count.by_status[each]) for each in order if one.count.by_status.get(each)]


def _verdicts(sheet: BatchSheet) -> list[Context]:
    """How many rows of each verdict, those that must not be first."""
    return [
        {"words": words, "count": sheet.summary[verdict], "is_wrong": verdict in WRONG}
        for verdict, words in sorted(WORDS.items(), key=lambda each: each[0] not in WRONG)
        if sheet.summary.get(verdict)
    ]


def _rows(request: HttpRequest, one: Standing) -> Context:
    """A page of rows by number: of a draft with wrong ones those, unless others are asked for."""
    is_draft = one.row.status == BatchStatus.DRAFT
    usual = RowStatus.WRONG.value if is_draft and one.count.wrong else "all"
    wanted = {name: str(value) for name, value in request.GET.items()}
    shown = wanted.get("rows", usual)
    found: QuerySet[BatchRow] = BatchRow.objects.filter(batch=one.row)
    found = found.filter(status=shown) if shown in RowStatus.values else found
    page = keyset.page(found.select_related("recipient", "transfer", "wallet"), ("number",), wanted, ROWS)
    buttons = _buttons(request) if is_draft else {}
    states = [(each.value, each.label, count) for each, count in _rows_by_status(one)]
    everything = ("all", _("All"), sum(one.count.by_status.values()))
    return {
        "rows": [_row(each, buttons) for each in page.rows],
        "row_tabs": [
            (key, label, count, query(request, {"rows": key}, drop=("done",)) or "?")
            for key, label, count in (everything, *states)
        ],
        "shown": shown if shown in RowStatus.values else "all",
        "way": KeysetAdmin.ways(request, page),
        "is_draft": is_draft,
    }


def _row(row: BatchRow, buttons: Mapping[str, Promise]) -> Context:
    """A row with whom it names, and what can be done with it in a draft."""
    told = {} if row.recipient_id else row.told
    given = {"batch": row.batch_id, "number": row.number}
    return {
        "row": row,
        "payee": told.get("name") or told.get("recipient_external_id") or told.get("recipient") or "",
        "written": f"{told.get('amount', '')} {told.get('currency', '')}".strip(),
        "doings": [
            Doing(command, title, form_url(command, given))
            for command, title in buttons.items()
            if command != DROP or row.status != RowStatus.DROPPED
        ],
    }


def _buttons(request: HttpRequest) -> dict[str, Promise]:
    """What this user may do with a row of a draft, in short."""
    may = {each.command for each in doings(request, (MEND, {}), (DROP, {}))}
    return {command: title for command, title in BUTTONS.items() if command in may}


def _download(content: bytes, name: str, media_type: str) -> HttpResponse:
    """A file that a browser keeps and never opens within this origin."""
    answer = HttpResponse(content, content_type=media_type)
    answer["Content-Disposition"] = content_disposition_header(True, name)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    answer[HEADER] = "default-src 'none'; sandbox"
    return answer
