"""The operator console at `/ops/`: an admin site of its own, in which nothing is written but by commands, and sessions."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from apps.core.errors import DomainError

View = Callable[..., HttpResponseBase]
Text = str | Promise

LEFT_OUT = {"password_change", "password_change_done", "autocomplete", "view_on_site", "jsi18n"}
"""Pages of Django's admin that write, or serve forms that do."""


class ConsoleLoginForm(AuthenticationForm):  # type: ignore[misc]
    """Sign-in with an e-mail address."""

    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "invalid_login": _("No user of the console has this e-mail address and password."),
    }

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["username"].label = _("E-mail address")
        self.fields["username"].widget.attrs |= {"type": "email", "autocomplete": "username"}


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc]
    """The console. Who may enter has an active user with a role of the console."""

    site_title = "Countinghouse"
    site_header = "Countinghouse"
    index_title = _("Overview")
    login_form = ConsoleLoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this user may enter at all; each page asks for more."""
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    def get_urls(self) -> list[URLPattern]:
        """The pages of the registered models and the console's own, without those that write."""
        return [url for url in super().get_urls() if getattr(url, "name", None) not in LEFT_OUT]

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """A page, asked without the character NUL, which no text of the database has."""
        page: View = super().admin_view(view, cacheable)

        @wraps(page)
        def asked(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
            if any("\0" in str(each) for each in named.values()):
                raise Http404(_("There is nothing at this address."))
            if any("\0" in each for values in request.GET.lists() for each in values[1]):
                request.GET = _without_nul(request.GET)  # type: ignore[assignment]
            return page(request, *args, **named)

        return asked

    def extra_urls(self) -> list[URLPattern]:
        """Pages that belong to no model."""
        from apps.console.pages import doing, exports, finance
        from apps.console.pages.approvals import inbox
        from apps.console.pages.attachments import attachment
        from apps.console.pages.journal_exports import journal_exports, journal_file
        from apps.console.pages.outbox import outbox
        from apps.console.pages.payment_files import payment_file
        from apps.console.pages.payouts import payouts_desk
        from apps.console.pages.rates import rates_page
        from apps.console.pages.schedule import schedule
        from apps.console.pages.treasury import treasury_page

        return [
            path("do/", self.admin_view(doing.commands_page), name="commands"),
            # It sets its own caching, so that going back to a form finds its key.
            path("do/<str:name>/", self.admin_view(doing.command_page, cacheable=True), name="do"),
            path("look-up/<slug:kind>/", self.admin_view(doing.look_up), name="look_up"),
            path("attachments/<str:attachment_id>/", self.admin_view(attachment), name="attachment"),
            path("payment-files/<str:file_id>/", self.admin_view(payment_file), name="payment_file"),
            path("approvals/", self.admin_view(inbox), name="approvals"),
            path("payouts/", self.admin_view(payouts_desk), name="payouts"),
            path("treasury/", self.admin_view(treasury_page), name="treasury"),
            path("outbox/", self.admin_view(outbox), name="outbox"),
            path("schedule/", self.admin_view(schedule), name="schedule"),
            path("rates/", self.admin_view(rates_page), name="rates"),
            path("exports/request/", self.admin_view(exports.request_export), name="export_request"),
            path("exports/file/<str:token>/", self.admin_view(exports.export_file), name="export_file"),
            path("journal-exports/", self.admin_view(journal_exports), name="journal_exports"),
            path(
                "journal-exports/<slug:slug>/<int:export>/",
                self.admin_view(journal_file),
                name="journal_file",
            ),
            path("finance/", self.admin_view(finance.reports_page), name="finance"),
            path("finance/<slug:name>/", self.admin_view(finance.report_page), name="report"),
            path(
                "finance/<slug:name>/<slug:ending>/", self.admin_view(finance.report_file), name="report_file"
            ),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What needs a person, and how the books stand."""
        from apps.console.pages.overview import overview

        return overview(request)

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The sidebar groups by what people look for, not by app."""
        return HttpResponseRedirect(reverse("console:index"))

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What the command palette finds: an id, a reference, an address, or a page."""
        from apps.console.jump import destinations

        return self.page(
            request,
            "console/jump.html",
            {"results": destinations(self, request, request.GET.get("s", "").strip())},
        )

    def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        """A page in the frame of the console."""
        request.current_app = self.name
        return TemplateResponse(request, template, {**self.each_context(request), **context})


def _without_nul(given: QueryDict) -> QueryDict:
    kept = given.copy()
    for name, values in given.lists():
        kept.setlist(name, [each.replace("\0", "") for each in values])
    return kept


site = ConsoleSite(name="console")


def refused(request: HttpRequest, error: DomainError, above: tuple[Text, str]) -> HttpResponse:
    """A red card with the exact reason, below the page that one came from."""
    context = {"title": error.code, "crumbs": [above, (error.code, None)], "error": error}
    answer = site.page(request, "console/refused.html", context)
    answer.status_code = error.http_status
    return answer
