"""The reports of finance, on the page and as files."""

import tempfile
import uuid
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.console import reporting
from apps.console.listing import TO_EXPORT
from apps.console.site import site
from apps.core import clock
from apps.core.errors import DomainError
from apps.ledger.models import Account
from apps.ledger.renderers import FORMATS, Document, Format, silent
from apps.ledger.reports import REPORTS, Asked, Kind, Report, ReportKind
from apps.operations import books
from apps.operations.models import Book

NEEDED = ("ledger.view_account", "ledger.view_journalentry")
AT_ONCE = {"pdf": 300}
"""Rows that a page hands over as a file while somebody waits; more are a job for a worker."""
USUALLY_AT_ONCE = 5_000


def reports_page(request: HttpRequest) -> HttpResponse:
    """Every report, and what it tells."""
    _allow(request)
    context = {"title": _("Reports"), "crumbs": [(_("Reports"), None)], "kinds": REPORTS.values()}
    return site.page(request, "console/reports.html", context)


def report_page(request: HttpRequest, name: str) -> HttpResponse:
    """One report: its question, its answer, and the ways out."""
    _allow(request)
    kind = _kind(name)
    given = _given(request, kind)
    form = reporting.ReportForm(kind, given)
    context: dict[str, Any] = {
        "title": kind.title,
        "crumbs": [(_("Reports"), reverse("console:finance")), (kind.title, None)],
        "kind": kind,
        "kinds": REPORTS.values(),
        "form": form,
        "spans": reporting.spans(kind, given, _today(given.get("book", ""))),
        "may_export": request.user.has_perm(TO_EXPORT),
    }
    if form.is_valid() and not (kind.of_account and not form.cleaned_data["account"]):
        context |= _answer(kind, form)
    return site.page(request, "console/report.html", context)


def report_file(request: HttpRequest, name: str, ending: str) -> HttpResponse:
    """A report as a file, if it is small enough to wait for."""
    _allow(request, TO_EXPORT)
    kind, format_ = _kind(name), FORMATS.get(ending)
    form = reporting.ReportForm(kind, request.GET)
    if format_ is None or not format_.holds(name) or not form.is_valid():
        raise Http404(_("There is no such file."))
    try:
        document = Document(kind, form.asked())
        report = document.report
        if report.size > _at_once(format_):
            words = _("So many rows are a job for a worker: ask for an export.")
            return HttpResponse(words, status=409, content_type="text/plain")
        body = _written(document, format_)
    except DomainError as error:
        return HttpResponse(error.message, status=error.http_status, content_type="text/plain")
    answer = HttpResponse(body, content_type=format_.media_type)
    answer["Content-Disposition"] = f'attachment; filename="{report.file_name}.{format_.ending}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _today(slug: str) -> date:
    """The day it is where the book is; of all books, where the platform's is."""
    book = Book.objects.filter(slug=slug).first() or books.find(books.platform_id())
    return clock.today_in(ZoneInfo(book.time_zone), clock.now())


def _answer(kind: ReportKind, form: reporting.ReportForm) -> dict[str, Any]:
    try:
        asked = form.asked()
        report = kind.report(asked)
        found, more = reporting.sections(report, asked)
    except DomainError as error:
        return {"error": error}
    return {
        "report": report,
        "asked": asked,
        "sections": found,
        "more": more,
        "slim": sum(column.kind is Kind.MONEY for column in report.columns) == 1,
        "shown_rows": reporting.SHOWN_ROWS,
        "pinned": "?" + urlencode(reporting.pinned(asked, report)),
        "question": reporting.pinned(asked, report),
        "key": uuid.uuid4(),
        "ways_out": _ways_out(kind, asked, report),
    }


def _ways_out(kind: ReportKind, asked: Asked, report: Report) -> list[dict[str, Any]]:
    """Each format with the address of the file, where one can wait for it."""
    question = urlencode(reporting.pinned(asked, report))
    return [
        {
            "format": each,
            "refusal": _refusal(each, kind, asked),
            "at_once": report.size <= _at_once(each),
            "too_large": each.most_rows is not None and report.size > each.most_rows,
            "url": reverse("console:report_file", args=[kind.name, each.name]) + f"?{question}",
        }
        for each in FORMATS.values()
        if each.holds(kind.name)
    ]


def _refusal(format_: Format, kind: ReportKind, asked: Asked) -> str:
    try:
        format_.refuse(kind, asked)
    except DomainError as error:
        return error.message
    return ""


def _at_once(format_: Format) -> int:
    return AT_ONCE.get(format_.name, USUALLY_AT_ONCE)


def _written(document: Document, format_: Format) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"report.{format_.ending}"
        format_.write(document, path, silent)
        return path.read_bytes()


def _given(request: HttpRequest, kind: ReportKind) -> Mapping[str, str]:
    """The parameters; of a page that asks nothing yet, a book that has accounts."""
    given = {name: str(value) for name, value in request.GET.items()}
    if kind.of_account and not given.get("book"):
        first = Account.objects.order_by("book_id").values_list("book__slug", flat=True).first()
        given["book"] = first or Book.objects.values_list("slug", flat=True)[0]
    return given


def _kind(name: str) -> ReportKind:
    if name not in REPORTS:
        raise Http404(_("There is no report %(name)s.") % {"name": name[:60]})
    return REPORTS[name]


def _allow(request: HttpRequest, *more: str) -> None:
    if request.method not in {"GET", "HEAD"} or not request.user.has_perms([*NEEDED, *more]):
        raise PermissionDenied
