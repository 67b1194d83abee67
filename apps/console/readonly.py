"""Admin pages that show and never write: what changes anything is a command."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise

from apps.console import beside
from apps.console.forms.ways import Doing
from apps.operations import subjects

Context = dict[str, Any]


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[type-arg]
    """A list and a page for each row. Both answer GET only, and only to who may view the model.

    What can be done with a row is a link to the form of a command.

    Django's own views of a ModelAdmin can write, so none of them has a URL here.
    """

    list_template: ClassVar[str]
    page_template: ClassVar[str]
    related: ClassVar[tuple[str, ...]] = ()
    called: ClassVar[str | Promise] = ""
    """What the list is called, where that is not the model's name."""

    def get_urls(self) -> list[URLPattern]:
        """The list and the page of one row, under the names that Django's admin gives them."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name=f"{name}_changelist"),
            path("<path:object_id>/", view(self.change_view), name=f"{name}_change"),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes."""
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """No action, of the site neither."""
        return {}

    def changelist_view(self, request: HttpRequest, extra_context: Context | None = None) -> HttpResponse:
        """The list."""
        self.allow(request)
        context = {
            "crumbs": [(self.plural, None)],
            "title": self.plural,
            "doings": self.doings(request),
            **self.list_context(request),
        }
        return self.render(request, self.list_template, context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Context | None = None,
    ) -> HttpResponse:
        """The page of one row."""
        self.allow(request)
        row = self.find(object_id)
        context = {
            "title": str(row),
            "row": row,
            "doings": self.doings(request, row),
            "beside": beside.kept(request, self.subject(row)),
            **self.page_context(request, row),
        }
        context["crumbs"] = [(self.plural, reverse(self.url_name("changelist"))), (context["title"], None)]
        return self.render(request, self.page_template, context)

    def subject(self, row: Any) -> str:
        """By what notes and files are kept beside a row."""
        return subjects.of(row)

    def doings(self, request: HttpRequest, row: Any = None) -> list[Doing]:
        """Links to the forms of what can be done with a row, or with the whole list, by this user."""
        return []

    def list_context(self, request: HttpRequest) -> Context:
        """What the list's template shows."""
        raise NotImplementedError

    def page_context(self, request: HttpRequest, row: Any) -> Context:
        """What the page's template shows beside the row."""
        return {}

    def rows(self) -> QuerySet[Any]:
        """All rows, with what showing one needs."""
        rows: QuerySet[Any] = self.model._default_manager.select_related(*self.related)
        return rows

    def find(self, object_id: str) -> Any:
        """The row of this id, or a 404 that says what was looked for."""
        try:
            return self.rows().get(pk=object_id)
        except (self.model.DoesNotExist, ValidationError, ValueError):
            raise Http404(f"There is no {self.opts.verbose_name} {object_id[:80]}.") from None

    def render(self, request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
        """A page in the frame of the console."""
        request.current_app = self.admin_site.name
        return TemplateResponse(request, template, {**self.admin_site.each_context(request), **context})

    def url_name(self, page: str) -> str:
        """The name under which a page of this model is reversed."""
        return f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{page}"

    @property
    def plural(self) -> str:
        """What the list is called."""
        name = str(self.called or self.opts.verbose_name_plural)
        return name[:1].upper() + name[1:]

    def allow(self, request: HttpRequest) -> None:
        """Refuse all but reading, by who may read."""
        if request.method not in {"GET", "HEAD"} or not self.has_view_permission(request):
            raise PermissionDenied
