"""Books for other people's programs: the journal for an ERP, stretch by stretch, and a whole book as plain text."""

import uuid

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _

from apps.console.forms.ways import doings
from apps.console.listing import TO_EXPORT, number, query
from apps.console.site import site
from apps.ledger.journal_csv import as_it_was
from apps.ledger.models import JournalExport
from apps.ledger.queries import last_position
from apps.ledger.renderers import FORMATS
from apps.ledger.reports import general_ledger
from apps.operations import books
from apps.operations.models import Book

NEEDED = ("ledger.view_account", "ledger.view_journalentry")
TO_EXPORT_JOURNAL = "ledger.export_journal"
PAGE = 50
PROGRAMS = ("beancount", "hledger")


def journal_exports(request: HttpRequest) -> HttpResponse:
    """The exports of one book, the newest first, what is not exported yet, and the book for other programs."""
    if request.method not in {"GET", "HEAD"} or not request.user.has_perms(NEEDED):
        raise PermissionDenied
    book = _book(request.GET.get("book", ""))
    found = JournalExport.objects.filter(book=book).order_by("-number")
    last, before = found.first(), number(request.GET.get("before", ""))
    rows = list((found.filter(number__lt=before) if before else found)[: PAGE + 1])
    exported, given = last.through_position if last else 0, last_position(book.pk)
    context = {
        "title": _("Journal exports"),
        "crumbs": [(_("Journal exports"), None)],
        "books": Book.objects.order_by("name"),
        "book": book,
        "rows": rows[:PAGE],
        "older": query(request, {"before": str(rows[PAGE - 1].number)}) if len(rows) > PAGE else None,
        "newest": query(request, {}, drop=("before",)) if before else None,
        "exported": exported,
        "left": given - exported,
        "last_position": given,
        "doings": doings(request, (TO_EXPORT_JOURNAL, {"book": book.slug})),
        "may_fetch": request.user.has_perm(TO_EXPORT_JOURNAL),
        "may_export": request.user.has_perm(TO_EXPORT),
        "programs": [FORMATS[name] for name in PROGRAMS],
        "report": general_ledger.NAME,
        "key": uuid.uuid4(),
    }
    return site.page(request, "console/journal_exports.html", context)


def journal_file(request: HttpRequest, slug: str, export: int) -> HttpResponseBase:
    """The file of an export, written while it is read. One that would differ from what was exported breaks off."""
    if request.method not in {"GET", "HEAD"} or not request.user.has_perms([*NEEDED, TO_EXPORT_JOURNAL]):
        raise PermissionDenied
    found = JournalExport.objects.select_related("book").filter(book__slug=slug, number=export).first()
    if found is None:
        raise Http404(_("There is no such journal export."))
    answer = StreamingHttpResponse(as_it_was(found), content_type=FORMATS["csv"].media_type)
    answer["Content-Disposition"] = f'attachment; filename="journal-{slug}-{export}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def _book(slug: str) -> Book:
    """The book that the address names; else the last that was exported, else the platform's."""
    named = Book.objects.filter(slug=slug).first() if slug else None
    if named:
        return named
    last = JournalExport.objects.select_related("book").order_by("-made_at").first()
    return last.book if last else books.find(books.platform_id())
