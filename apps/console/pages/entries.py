"""Journal entries and their lines."""

from collections import defaultdict
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, Sum
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.console import keyset
from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin, Search
from apps.console.pages.accounts import book_choices
from apps.console.readonly import Context
from apps.console.site import site
from apps.core.money import Money
from apps.ledger.models import JournalEntry, Line
from apps.operations.models import Operation

LINES = 200


@admin.register(JournalEntry, site=site)
class EntryAdmin(KeysetAdmin):
    """All entries, the newest first, in the order in which they happened."""

    related = ("book", "seal", "template")
    keyset = ("-ordinal",)
    columns = (
        Column(_("Entry")),
        Column(_("Kind"), "wide"),
        Column(_("Book"), "wide"),
        Column(_("Effective on"), "wide"),
        Column(_("Recorded at"), "wide"),
        Column(_("Position"), "wide number"),
        Column(_("Amount"), "amount"),
    )
    in_files = {
        "Id": "entry.id",
        "Reference": "entry.reference",
        "Kind": "entry.kind",
        "Description": "entry.description",
        "Book": "entry.book.slug",
        "Effective on": "entry.effective_on",
        "Recorded at": "entry.recorded_at",
        "Position": "entry.seal.position",
        "Operation": "entry.operation_id",
        "Moved": lambda row: [str(Money(each["moved"], each["currency"])) for each in row["totals"]],
    }
    also_found_by = ("group_id",)
    row_template = "console/row/entry.html"
    page_template = "console/page/entry.html"
    empty_template = "console/empty/entries.html"
    filters = (
        Filter("book", _("Book"), "seal__book", book_choices, keyset=("-seal__book_id", "-seal__position")),
        Filter("operation", _("Operation"), "operation_id"),
    )
    search = Search(
        "reference__startswith", ("book_id", "reference"), _("start of a reference"), in_every_book=True
    )

    def decorate(self, rows: list[JournalEntry]) -> list[dict[str, Any]]:
        """The entries with what each moved."""
        moved = totals(rows)
        return [{"entry": row, "totals": moved[str(row.pk)]} for row in rows]

    def doings(self, request: HttpRequest, row: JournalEntry | None = None) -> list[Doing]:
        """Reverse this one, unless it was."""
        if row is None or JournalEntry.objects.filter(reverses=row).exists():
            return []
        return doings(request, ("ledger.reverse_entry", {"entry": row.pk}))

    def page_context(self, request: HttpRequest, row: JournalEntry) -> Context:
        """Lines, links both ways, and the operation behind."""
        lines = Line.objects.filter(entry=row).select_related("account")
        page = keyset.page(lines, ("posting", "amount", "account_id"), request.GET.dict(), LINES)
        return {
            "title": row.reference,
            "page": page,
            "lines": page.rows,
            "totals": totals([row])[str(row.pk)],
            "reversal": JournalEntry.objects.filter(reverses=row).first(),
            "group": _group(row),
            "operation": Operation.objects.filter(pk=row.operation_id).first() if row.operation_id else None,
            "way": self.ways(request, page),
        }


def totals(entries: list[JournalEntry]) -> defaultdict[str, list[dict[str, Any]]]:
    """What each entry moved, by currency, and in how many lines: one query for all of them."""
    rows = (
        Line.objects.filter(entry__in=[entry.pk for entry in entries])
        .values("entry_id", "account__currency")
        .annotate(moved=Sum("amount", filter=Q(amount__gt=0)), lines=Count("sequence"))
        .order_by("entry_id", "account__currency")
    )
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[str(row["entry_id"])].append(
            {"currency": row["account__currency"], "moved": int(row["moved"]), "lines": row["lines"]}
        )
    return found


def _group(row: JournalEntry) -> list[JournalEntry]:
    if row.group_id is None:
        return []
    return list(
        JournalEntry.objects.filter(group_id=row.group_id).exclude(pk=row.pk).select_related("book")[:20]
    )
