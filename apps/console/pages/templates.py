"""Posting templates: what they say, what they said before, what they made, and what they would make."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.console import programs, trying
from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, KeysetAdmin, Search, number
from apps.console.pages.entries import totals
from apps.console.readonly import Context
from apps.console.site import site
from apps.ledger import templates
from apps.ledger.models import TemplateVersion
from apps.ledger.numscript.program import digest
from apps.ledger.numscript.specs import Example
from apps.ledger.queries.templates import PAGE, TemplateDrift, entries_made, template_drift

REBUILD = "ledger.rebuild_templates"
FILE = "file"
"""What the file of this code is called where a version is chosen."""

FEW = 10
"""Entries on a template's page."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a template: a version, or the file of this code where that is not loaded."""

    name: str
    text: str
    version: TemplateVersion | None = None

    @property
    def key(self) -> str:
        """How an address names it."""
        return str(self.version.version) if self.version else FILE

    @property
    def label(self) -> str:
        """How people name it."""
        if self.version is None:
            return gettext("the file of this code")
        return gettext("version %(number)s") % {"number": self.version.version}

    @property
    def path(self) -> str:
        """Its page, as `ledger_templateversion_change` takes it."""
        return self.version.path if self.version else self.name

    @property
    def hash(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return digest(self.text)

    @property
    def summary(self) -> str:
        """The comment that it begins with."""
        return templates.summary_of(self.text)


@dataclass(frozen=True, slots=True)
class Shown:
    """The page of one text among all that there are of its template, the newest first."""

    name: str
    text: Text
    texts: list[Text]
    is_one: bool
    """Whether the address names a version, whatever comes after it."""

    def __str__(self) -> str:
        return self.name

    @property
    def version_ids(self) -> list[int]:
        """Whose entries are shown."""
        return version_ids([self.text] if self.is_one else self.texts)

    @property
    def is_latest(self) -> bool:
        """Whether this is what the name alone leads to."""
        return self.text == latest(self.texts)


def texts_of(name: str) -> list[Text]:
    """Every text of a template, the newest first: its file, unless that is the latest version, and its versions."""
    versions = TemplateVersion.objects.filter(name=name).order_by("-version")
    texts = [Text(name, version.text, version) for version in versions]
    file = templates.all_templates().get(name)
    if file and (not texts or texts[0].text != file.text):
        texts.insert(0, Text(name, file.text))
    return texts


def latest(texts: list[Text]) -> Text:
    """The latest version, or the file if none was loaded."""
    return next((each for each in texts if each.version), texts[0])


def version_ids(texts: Iterable[Text]) -> list[int]:
    """As which rows the database has them."""
    return [each.version.pk for each in texts if each.version]


@admin.register(TemplateVersion, site=site)
class TemplateAdmin(KeysetAdmin):
    """Every template of this code and of the database by its name: a list that people read whole."""

    called = _("Templates")
    keyset = ("name",)
    list_template = "console/templates.html"
    row_template = "console/row/template.html"
    page_template = "console/page/template.html"
    empty_template = "console/empty/templates.html"
    columns = (
        Column(_("Template")),
        Column(_("Version"), "wide number"),
        Column(_("Loaded at"), "wide"),
        Column(_("Loaded by"), "wide"),
        Column(_("Files and database")),
    )
    in_files = {
        "Template": "name",
        "Summary": "summary",
        "Version": "version.version",
        "Loaded at": "version.loaded_at",
        "Loaded by": "version.loaded_by",
    }
    search = Search("name__startswith", ("name",), _("start of a name"))

    def get_urls(self) -> list[URLPattern]:
        """The pages below a template's own, then those of every list."""
        view, name = self.admin_site.admin_view, "ledger_templateversion"
        return [
            path("<slug:name>/difference/", view(self.difference_view), name=f"{name}_difference"),
            path("<slug:name>/entries/", view(self.entries_view), name=f"{name}_entries"),
            path("<slug:name>/try/", view(self.try_view), name=f"{name}_try"),
            *super().get_urls(),
        ]

    def doings(self, request: HttpRequest, row: Shown | None = None) -> list[Doing]:
        """Load the files."""
        return [] if row else doings(request, (REBUILD, {}))

    def rows(self) -> QuerySet[TemplateVersion]:
        """The latest version of each template."""
        newer = TemplateVersion.objects.filter(name=OuterRef("name"), version__gt=OuterRef("version"))
        return TemplateVersion.objects.filter(~Exists(newer))

    def file_rows(self, request: HttpRequest) -> Iterator[dict[str, Any]]:
        """What the list shows."""
        yield from _matching(request, template_drift())

    def list_context(self, request: HttpRequest) -> Context:
        """All that the files and the database have, narrowed by a word in name or summary."""
        drift = template_drift()
        return {
            "rows": _matching(request, drift),
            "files": self.file_ways(request),
            "columns": self.columns,
            "row_template": self.row_template,
            "empty_template": self.empty_template,
            "q": request.GET.get("q", "").strip(),
            "loaded": TemplateVersion.objects.exists(),
            **_remedy(request, drift),
        }

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Context | None = None,
    ) -> HttpResponse:
        """The page of a template (its name) or of one version (name/number); a row's id leads to its version."""
        self.allow(request)
        if not object_id.isdigit():
            return super().change_view(request, object_id)
        version = super().find(object_id)
        return HttpResponseRedirect(reverse(self.url_name("change"), args=[version.path]))

    def find(self, object_id: str) -> Shown:
        """The text that an address names."""
        name, _slash, key = object_id.partition("/")
        texts = texts_of(name)
        if not key and texts:
            return Shown(name, latest(texts), texts, is_one=False)
        return Shown(name, _chosen(texts, key), texts, is_one=True)

    def subject(self, row: Shown) -> str:
        """The template itself: what is kept beside it stays when a version is loaded."""
        return templates.subject_of(row.name)

    def page_context(self, request: HttpRequest, row: Shown) -> Context:
        """The text, its variables and example, its versions, and the newest entries."""
        drift = [each for each in template_drift() if each.name == row.name]
        return {
            "title": row.name,
            "lines": programs.highlighted(row.text.text),
            "variables": programs.variables(row.text.text),
            "examples": [(each, programs.shown(each.postings)) for each in _examples(row.text)],
            **_remedy(request, drift),
            **_made(request, row.version_ids, size=FEW),
        }

    def difference_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """What differs between two texts of a template: the last two, unless the address says which."""
        self.allow(request)
        texts = texts_of(name)
        new = _chosen(texts, request.GET.get("to") or texts[0].key if texts else "")
        before = texts[texts.index(new) + 1 :] or [new]
        old = _chosen(texts, request.GET.get("from") or before[0].key)
        context = {"old": old, "new": new, "texts": texts, "lines": programs.difference(old.text, new.text)}
        return self._below(request, name, gettext("Difference"), "console/template_difference.html", context)

    def entries_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """The entries that a template made, or one version of it: a step of the books at a time."""
        self.allow(request)
        texts = texts_of(name)
        key = request.GET.get("version", "")
        chosen = [_chosen(texts, key)] if key or not texts else texts
        before = number(request.GET.get("before", ""))
        context = {"one": chosen[0] if key else None, **_made(request, version_ids(chosen), before=before)}
        return self._below(request, name, gettext("Entries"), "console/template_entries.html", context)

    def try_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """A run of a text that changes nothing. A program is too long for an address, so a form may be posted."""
        if request.method not in {"GET", "HEAD", "POST"} or not self.has_view_permission(request):
            raise PermissionDenied
        text = self.find(f"{name}/{request.GET.get('version', '')}".rstrip("/")).text
        example = next(iter(_examples(text)), None)
        data = request.POST.dict() if request.method == "POST" else trying.filled(text.text, example)
        context = {
            "text": text,
            "trial": trying.trial(data),
            "is_answer": request.method == "POST",
            "example": example,
        }
        return self._below(request, name, gettext("Try it"), "console/template_try.html", context)

    def _below(
        self, request: HttpRequest, name: str, title: str, template: str, context: Context
    ) -> HttpResponse:
        crumbs = [
            (self.plural, reverse(self.url_name("changelist"))),
            (name, reverse(self.url_name("change"), args=[name])),
            (title, None),
        ]
        context = {"name": name, "title": f"{name} · {title}", "crumbs": crumbs, **context}
        return self.render(request, template, context)


def _chosen(texts: Iterable[Text], key: str) -> Text:
    for each in texts:
        if each.key == key:
            return each
    raise Http404(gettext("There is no such template, or it has no such version."))


def _examples(text: Text) -> list[Example]:
    """The examples stand beside the file, so they are of its text alone."""
    file = templates.all_templates().get(text.name)
    return templates.examples_of(text.name) if file and file.text == text.text else []


def _listed(drift: list[TemplateDrift]) -> list[dict[str, Any]]:
    versions = {each.name: each for each in TemplateVersion.objects.order_by("version")}
    files = templates.all_templates()
    reasons: defaultdict[str, list[TemplateDrift]] = defaultdict(list)
    for each in drift:
        reasons[each.name].append(each)
    return [
        {
            "name": name,
            "summary": files[name].summary if name in files else templates.summary_of(versions[name].text),
            "version": versions.get(name),
            "drift": reasons[name],
        }
        for name in sorted({*files, *versions})
    ]


def _matching(request: HttpRequest, drift: list[TemplateDrift]) -> list[dict[str, Any]]:
    text = request.GET.get("q", "").strip().lower()
    return [row for row in _listed(drift) if text in f"{row['name']} {row['summary']}".lower()]


def _remedy(request: HttpRequest, drift: list[TemplateDrift]) -> Context:
    """What is wrong, and the command line that loads the files: as this user, if they may."""
    may = request.user.has_perm(REBUILD)
    return {
        "drift": drift,
        "may_rebuild": may,
        "command": f"script/manage op {REBUILD}" + (f" --as {request.user.get_username()}" if may else ""),
        "loading_helps": any(each.kind in {"not_loaded", "changed"} for each in drift),
    }


def _made(
    request: HttpRequest, versions: list[int], *, before: int | None = None, size: int = PAGE
) -> Context:
    """Some of the entries made, for who may see entries."""
    if not request.user.has_perm("ledger.view_journalentry"):
        return {}
    made = entries_made(versions, before=before, size=size)
    moved = totals(list(made.entries))
    rows = [{"entry": entry, "totals": moved[str(entry.pk)]} for entry in made.entries]
    return {"made": made, "entries": rows}
