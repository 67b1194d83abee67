"""What a page asks of a report, and the addresses that ask the same again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.ledger.renderers.grid import shown
from apps.ledger.reports import Asked, Cell, Kind, Link, Report, ReportKind, Role, Section, settle
from apps.operations.models import Book

SHOWN_ROWS = 500


class ReportForm(forms.Form):
    """The question. What is left empty leaves that side open."""

    book = forms.ChoiceField(required=False, label=_("Book"))
    since = forms.DateField(
        required=False, label=_("Effective from"), widget=forms.DateInput(attrs={"type": "date"})
    )
    through = forms.DateField(
        required=False, label=_("Effective through"), widget=forms.DateInput(attrs={"type": "date"})
    )
    position = forms.IntegerField(required=False, min_value=0, label=_("As of position"))
    at = forms.DateTimeField(
        required=False,
        label=_("As known at (UTC)"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}),
        input_formats=["%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"],
    )
    account = forms.CharField(required=False, max_length=200, label=_("Account"))
    currency = forms.CharField(required=False, max_length=5, label=_("Currency"))
    gl_code = forms.CharField(required=False, max_length=20, label=_("GL account"))
    by_account = forms.BooleanField(required=False, label=_("Each account"))

    def __init__(self, kind: ReportKind, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = [] if kind.of_account else [("", _("All books"))]
        self.fields["book"].choices = [  # type: ignore[attr-defined]
            *every,
            *Book.objects.order_by("name").values_list("slug", "name"),
        ]
        asked = {
            "since": kind.of_period,
            "account": kind.of_account,
            "currency": kind.of_account,
            "gl_code": kind.of_gl_code,
            "by_account": kind.splits,
        }
        for name, is_asked in asked.items():
            if not is_asked:
                del self.fields[name]

    def asked(self) -> Asked:
        """The settled question; DomainError if there is no answer to it."""
        given = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        return settle(**given)


@dataclass(frozen=True, slots=True)
class Span:
    """Some days that people often ask for."""

    title: str
    address: str
    is_on: bool


def spans(kind: ReportKind, given: Mapping[str, str], today: date) -> list[Span]:
    """Links to the same question over the usual periods, or as of their ends."""
    first = today.replace(day=1)
    before = first - timedelta(days=1)
    year = today.replace(month=1, day=1)
    usual = [
        (str(_("All days")), None, None),
        (str(_("This month")), first, today),
        (str(_("Last month")), before.replace(day=1), before),
        (str(_("This year")), year, today),
        (str(_("Last year")), year.replace(year=year.year - 1), year - timedelta(days=1)),
    ]
    return [_span(kind, given, *each) for each in usual]


def _span(
    kind: ReportKind, given: Mapping[str, str], title: str, since: date | None, through: date | None
) -> Span:
    days = {"since": since if kind.of_period else None, "through": through}
    wanted = {name: day.isoformat() for name, day in days.items() if day}
    kept = {name: value for name, value in given.items() if name not in days and value}
    is_on = wanted == {name: given[name] for name in days if given.get(name)}
    return Span(title, "?" + urlencode(kept | wanted), is_on)


def pinned(asked: Asked, report: Report) -> dict[str, str]:
    """The question with the positions that this answer has, so that it is answered the same again."""
    days = {"since": asked.since, "through": asked.through}
    wanted = {name: day.isoformat() for name, day in days.items() if day}
    more = {"account": asked.account, "currency": asked.currency, "gl_code": asked.gl_code}
    wanted |= {name: value for name, value in more.items() if value}
    if asked.by_account:
        wanted["by_account"] = "on"
    if not asked.every_book:
        wanted["book"] = asked.book.slug
    return wanted | _known(asked, report)


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell on the page: its kind, value, span of columns, and where it leads."""

    kind: Kind
    value: Cell
    span: int
    url: str


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row on the page."""

    role: Role
    level: int
    wrong: bool
    cells: list[ShownCell]


@dataclass(frozen=True, slots=True)
class ShownSection:
    """A section with as many of its rows as the page has room for."""

    section: Section
    rows: list[ShownRow]


def sections(report: Report, asked: Asked) -> tuple[list[ShownSection], bool]:
    """The first rows of a report by section, and whether there are more."""
    found: list[ShownSection] = []
    left = SHOWN_ROWS
    for section in report.sections:
        if left <= 0:
            return found, True
        rows = list(islice(_rows(report, section, asked), left + 1))
        found.append(ShownSection(section, rows[:left]))
        left -= len(rows)
    return found, left < 0


def _rows(report: Report, section: Section, asked: Asked) -> Iterator[ShownRow]:
    for row in section.rows:
        url = _url(row.link, asked, report) if row.link else ""
        cells = []
        for cell in shown(report, row):
            leads = url if cell.kind is Kind.CODE and cell.value else ""
            url = "" if leads else url
            cells.append(ShownCell(cell.kind, cell.value, cell.span, leads))
        yield ShownRow(row.role, row.level, row.wrong, cells)


def _url(link: Link, asked: Asked, report: Report) -> str:
    """What made a row, as of the same time as the report."""
    if link.to == "entry":
        return reverse("console:ledger_journalentry_change", args=[link.id])
    if link.to == "account":
        wanted = _known(asked, report) | ({"on": asked.through.isoformat()} if asked.through else {})
        return reverse("console:ledger_account_change", args=[link.id]) + "?" + urlencode(wanted)
    days = {"since": asked.since, "through": asked.through}
    wanted = {name: day.isoformat() for name, day in days.items() if day} | {"gl_code": link.id}
    if not asked.every_book:
        wanted["book"] = asked.book.slug
    wanted |= _known(asked, report)
    return reverse("console:report", args=["general_ledger"]) + "?" + urlencode(wanted)


def _known(asked: Asked, report: Report) -> dict[str, str]:
    """Up to when it knew: the position of its book, or the instant of the last position of all books."""
    if asked.every_book:
        return {"at": f"{report.known_at:%Y-%m-%dT%H:%M:%S.%f}"}
    return {"position": str(asked.positions[asked.book.pk])}
