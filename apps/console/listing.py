"""One list for all models: keyset pages, filters from an allow-list, search by what is indexed. It never counts."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise

from apps.console import keyset
from apps.console.keyset import Keyset, Page
from apps.console.list_files import Declared, ListFile, ListResource
from apps.console.readonly import Context, ReadOnlyAdmin
from apps.console.site import refused
from apps.core.errors import DomainError
from apps.core.fields import PrefixedIdField
from apps.operations.models import Book

Text = str | Promise
Choices = Callable[[], Iterable[tuple[str, Text]]]

ENDINGS = ("csv", "xlsx")
TO_EXPORT = "ledger.request_export"
AT_A_TIME = 500
"""Rows that a file keeps in memory."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading of a list. The cells are in the row's template, with the same classes."""

    title: Text
    css: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter that narrows a list along an index.

    `keyset` is the order which that index gives, where it is not the list's own. Without `choices` the filter
    is set by links only. `conditions` maps a choice to a lookup of its own. `begins` is how values begin that a
    partial index holds: others are not looked for. `named` is what people call a value that is not among the choices,
    where those are not all. `lookups` are those of a value that stands for several.
    """

    name: str
    title: Text
    lookup: str = ""
    choices: Choices | None = None
    keyset: Keyset | None = None
    conditions: Mapping[str, Mapping[str, Any]] | None = None
    begins: str = ""
    named: Callable[[str], Text] | None = None
    lookups: Callable[[str], Mapping[str, Any]] | None = None

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows that this value keeps: none if it is no value of the field."""
        if not value.startswith(self.begins):
            return queryset.none()
        try:
            if self.conditions is not None:
                return queryset.filter(**self.conditions[value])
            if self.lookups is not None:
                return queryset.filter(**self.lookups(value))
            return queryset.filter(**{self.lookup or self.name: value})
        except (KeyError, ValueError, ValidationError):
            return queryset.none()


@dataclass(frozen=True, slots=True)
class Search:
    """What the search box looks for beside the id: along an index that begins with the book."""

    lookup: str
    keyset: Keyset
    title: Text
    condition: Mapping[str, Any] | None = None
    in_every_book: bool = False

    def narrow(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        """The rows found."""
        queryset = queryset.filter(**{self.lookup: text}, **(self.condition or {}))
        if self.in_every_book:
            # Naming every book lets the index on (book, …) serve a search over all of them.
            queryset = queryset.filter(book_id__in=list(Book.objects.values_list("id", flat=True)))
        return queryset


@dataclass(frozen=True, slots=True)
class Chosen:
    """A filter as the page shows it: its value, its choices, and the queries that remove it and set each of them."""

    filter: Filter
    value: str
    label: Text
    choices: Sequence[tuple[str, Text]]
    without: str
    ways: Sequence[tuple[str, Text, str]]


class KeysetAdmin(ReadOnlyAdmin):
    """A list of a table of any size. `keyset` must be the order of an index."""

    list_template = "console/list.html"
    row_template: ClassVar[str]
    empty_template: ClassVar[str] = "console/empty/nothing.html"
    keyset: ClassVar[Keyset] = ("-id",)
    columns: ClassVar[tuple[Column, ...]]
    filters: ClassVar[tuple[Filter, ...]] = ()
    search: ClassVar[Search | None] = None
    also_found_by: ClassVar[tuple[str, ...]] = ()
    """Lookups, each along an index, by which the command palette finds rows too: by name, mostly."""
    tabs: ClassVar[str] = ""
    """The filter that is drawn as tabs."""
    page_size: ClassVar[int] = 50
    in_files: ClassVar[Declared]
    """The columns of the list as a file, of its rows as `decorate` answers them."""

    def get_urls(self) -> list[URLPattern]:
        """The list as a file, then the list and its pages."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_file"
        view = self.admin_site.admin_view(self.file_view)
        return [path(f"as/{ending}/", view, {"ending": ending}, f"{name}_{ending}") for ending in ENDINGS] + [
            *super().get_urls()
        ]

    def file_view(self, request: HttpRequest, ending: str) -> HttpResponseBase:
        """What the list is narrowed to, whole and in its order."""
        self.allow(request)
        if not request.user.has_perm(TO_EXPORT):
            raise PermissionDenied
        name = str(self.opts.verbose_name_plural).replace(" ", "_")
        try:
            return ListFile(name, ListResource(self.in_files), self.file_rows(request)).answer(ending)
        except DomainError as error:
            return refused(request, error, (self.plural, reverse(self.url_name("changelist"))))

    def file_rows(self, request: HttpRequest) -> Iterator[Any]:
        """Every row that filters and search keep, as the list shows it."""
        for rows in self.batches(request):
            yield from self.decorate(rows)

    def batches(self, request: HttpRequest) -> Iterator[list[Any]]:
        """Every row that filters and search keep, some at a time along the index."""
        queryset, order = self.narrowed(*asked(request))
        return keyset.every_row(queryset, order, AT_A_TIME)

    def file_ways(
        self, request: HttpRequest, change: Mapping[str, str] | None = None
    ) -> list[tuple[str, str]]:
        """Links to the list as files, for who may have them."""
        if not request.user.has_perm(TO_EXPORT):
            return []
        narrowed = query(request, change or {}) or ""
        return [
            (ending.upper(), reverse(self.url_name(f"file_{ending}")) + narrowed.rstrip("?"))
            for ending in ENDINGS
        ]

    def list_context(self, request: HttpRequest) -> Context:
        """The page of rows and everything around it."""
        wanted, text = asked(request)
        queryset, order = self.narrowed(wanted, text)
        page = keyset.page(queryset, order, wanted, self.page_size)
        chosen = [self._chosen(request, each) for each in self.filters]
        return {
            "page": page,
            "rows": self.decorate(page.rows),
            "columns": self.columns,
            "row_template": self.row_template,
            "empty_template": self.empty_template,
            "tabs": next((each for each in chosen if each.filter.name == self.tabs), None),
            "chosen": [each for each in chosen if each.filter.name != self.tabs],
            "search_hint": self.search_hint,
            "q": text,
            "is_narrowed": bool(text) or any(each.value for each in chosen),
            "way": self.ways(request, page),
            "files": self.file_ways(request),
        }

    @staticmethod
    def ways(request: HttpRequest, page: Page[Any]) -> dict[str, str | None]:
        """The links away from a page, with all else that the address says kept."""
        return {name: query(request, getattr(page, name)) for name in ("first", "previous", "next", "last")}

    def narrowed(self, wanted: Mapping[str, str], text: str) -> tuple[QuerySet[Any], Keyset]:
        """The rows that filters and search keep, and the order in which an index gives them."""
        queryset, order = self.rows(), self.keyset
        for each in self.filters:
            if value := wanted.get(each.name):
                queryset = each.narrow(queryset, value)
                order = each.keyset or order
        if not text:
            return queryset, order
        if self._is_id(text):
            return queryset.filter(pk=text), order
        if self.search is None:
            return queryset.none(), order
        return self.search.narrow(queryset, text), self.search.keyset

    def decorate(self, rows: list[Any]) -> Sequence[Any]:
        """The rows with what one more query over all of them adds."""
        return rows

    @property
    def search_hint(self) -> Text:
        """What the search box takes."""
        pk = self.opts.pk
        names = [f"id {pk.prefix}_…"] if isinstance(pk, PrefixedIdField) else []
        return " or ".join([*names, str(self.search.title)] if self.search else names)

    def _is_id(self, text: str) -> bool:
        if not isinstance(self.opts.pk, PrefixedIdField):
            return False
        try:
            self.opts.pk.to_python(text)
        except ValidationError:
            return False
        return True

    def _chosen(self, request: HttpRequest, each: Filter) -> Chosen:
        value = request.GET.get(each.name, "")
        choices = [(str(key), label) for key, label in each.choices()] if each.choices else []
        label = dict(choices).get(value, value)
        if choices and value and value not in dict(choices) and each.name != self.tabs:
            label = each.named(value) if each.named else value
            choices.append((value, label))
        ways = [(key, called, query(request, {each.name: key}) or "?") for key, called in choices]
        return Chosen(each, value, label, choices, query(request, {}, drop=(each.name,)) or "?", ways)


def asked(request: HttpRequest) -> tuple[dict[str, str], str]:
    """The parameters of an address, and what its search box holds."""
    wanted = {name: str(value) for name, value in request.GET.items()}
    return wanted, wanted.get("q", "").strip()


def number(text: str) -> int | None:
    """A number of an address, if it is one that the database can have."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def query(request: HttpRequest, change: Mapping[str, str] | None, drop: Collection[str] = ()) -> str | None:
    """The address of this page with other parameters, without cursor; None if there is no change to make."""
    if change is None:
        return None
    kept = {
        name: value
        for name, value in request.GET.items()
        if name not in keyset.PARAMETERS and name not in drop and value
    }
    return "?" + urlencode(kept | dict(change))
