"""Reports that a worker writes as files, and the statements that are written by themselves."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.people import actor_of
from apps.console.forms.ways import Doing, doings
from apps.console.listing import TO_EXPORT, Column, Filter, KeysetAdmin
from apps.console.readonly import Context
from apps.console.site import refused, site
from apps.core.errors import DomainError
from apps.ledger.models import ExportJob, ExportStatus, StatementSchedule
from apps.ledger.queries.exports import missing_statements
from apps.ledger.renderers import FORMATS, title_of
from apps.ledger.reports import REPORTS
from apps.ledger.services import export_links
from apps.ledger.services.export_failures import GONE
from apps.ledger.services.export_jobs import path_of
from apps.operations.executor import execute
from apps.operations.plan import Request

WRITE_AGAIN = "ledger.write_export_again"
ASKED = ("report", "format", "book", "since", "through", "position", "at", "account", "currency", "gl_code")
LATEST = 50


def titled(job: ExportJob) -> dict[str, Any]:
    """A job with the names of its report and format."""
    kind = REPORTS.get(job.report)
    return {
        "job": job,
        "title": kind.title if kind else job.report,
        "format": title_of(job.format),
        "asked": {name: value for name, value in job.parameters.items() if value and name != "positions"},
    }


@admin.register(ExportJob, site=site)
class ExportAdmin(KeysetAdmin):
    """Every export, the newest first. The file is for who asked for it, or for all if a schedule did."""

    called = _("Exports")
    columns = (
        Column(_("Report")),
        Column(_("Asked for by"), "wide"),
        Column(_("Asked for at"), "wide"),
        Column(_("Rows"), "wide number"),
        Column(_("Status")),
    )
    in_files = {
        "Id": "job.id",
        "Report": "title",
        "Format": "format",
        "Asked": "asked",
        "Status": "job.status",
        "Rows": "job.rows_done",
        "SHA-256": "job.sha256",
        "Asked for by": "job.requested_by_label",
        "Asked for at": "job.created_at",
    }
    row_template = "console/row/export.html"
    page_template = "console/page/export.html"
    empty_template = "console/empty/exports.html"
    filters = (
        Filter("status", _("Status"), choices=lambda: ExportStatus.choices),
        Filter("by", _("Asked for by"), lookup="requested_by", keyset=("-id",)),
        Filter("schedule", _("Schedule"), lookup="schedule", keyset=("-first_day",)),
    )

    def doings(self, request: HttpRequest, row: ExportJob | None = None) -> list[Doing]:
        """Ask for one; write one that is gone again."""
        if row is None:
            return doings(request, (TO_EXPORT, {}), ("ledger.export_journal", {}))
        return doings(request, (WRITE_AGAIN, {"export": row.pk})) if row.status in GONE else []

    def decorate(self, rows: list[ExportJob]) -> list[dict[str, Any]]:
        """The jobs by name."""
        return [titled(row) for row in rows]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Context | None = None
    ) -> HttpResponse:
        """The page of a job, which looks again by itself until the job is done."""
        answer = super().change_view(request, object_id, form_url, extra_context)
        job: ExportJob = answer.context_data["row"]  # type: ignore[attr-defined]
        if job.status in {ExportStatus.QUEUED, ExportStatus.RUNNING}:
            answer["Refresh"] = "3"
        answer["Cache-Control"] = "no-store"
        return answer

    def page_context(self, request: HttpRequest, row: ExportJob) -> Context:
        """The question, how far it is, and a link for this person."""
        user = str(request.user.pk)
        may_fetch = request.user.has_perm(TO_EXPORT) and export_links.may_fetch(row, user)
        done = row.status == ExportStatus.DONE
        named = titled(row)
        return {
            **named,
            "title": f"{named['title']}, {named['format']}",
            "positions": row.parameters["positions"],
            "link": export_links.make_link(row, user) if may_fetch and done else "",
            "may_fetch": may_fetch,
        }


@admin.register(StatementSchedule, site=site)
class ScheduleAdmin(KeysetAdmin):
    """Statements that are written when their day or month is over."""

    called = _("Scheduled statements")
    related = ("book",)
    columns = (
        Column(_("Account")),
        Column(_("Statement"), "wide"),
        Column(_("Book"), "wide"),
        Column(_("Next from"), "wide"),
        Column(_("State")),
    )
    in_files = {
        "Id": "id",
        "Book": "book.slug",
        "Account": "account",
        "Currency": "currency",
        "Report": "report",
        "Format": "format",
        "Every": "cadence",
        "Next from": "next_day",
        "Active": "active",
        "Scheduled by": "scheduled_by_label",
    }
    row_template = "console/row/schedule.html"
    page_template = "console/page/schedule.html"
    empty_template = "console/empty/schedules.html"

    def doings(self, request: HttpRequest, row: StatementSchedule | None = None) -> list[Doing]:
        """Make one; end this one."""
        if row is None:
            return doings(request, ("ledger.schedule_statement", {}))
        return doings(request, ("ledger.unschedule_statement", {"schedule": row.pk})) if row.active else []

    def page_context(self, request: HttpRequest, row: StatementSchedule) -> Context:
        """The statements of late, the newest first."""
        jobs = list(row.jobs.order_by("-first_day", "-id")[:LATEST])
        last_of = {job.first_day: job.pk for job in reversed(jobs)}
        gone = {job.pk for job in jobs if job.status in GONE and last_of[job.first_day] == job.pk}
        return {
            "title": str(row),
            "kind": REPORTS[row.report],
            "jobs": [
                titled(job)
                | {"again": doings(request, (WRITE_AGAIN, {"export": job.pk})) if job.pk in gone else []}
                for job in jobs
            ],
            "missing": missing_statements().filter(schedule=row).exists(),
        }


def request_export(request: HttpRequest) -> HttpResponse:
    """Ask for a report as a file, by the command; then to the page of its job."""
    if request.method != "POST" or not request.user.has_perm(TO_EXPORT):
        raise PermissionDenied
    given: dict[str, Any] = {name: request.POST[name] for name in ASKED if request.POST.get(name)}
    given["by_account"] = bool(request.POST.get("by_account"))
    key = request.POST.get("key", "")
    actor = actor_of(request.user)  # type: ignore[arg-type]
    outcome = execute(Request("ledger.request_export", given, key, actor, origin="console"))
    if outcome.error:
        return _refused(request, outcome.error)
    return HttpResponseRedirect(reverse("console:ledger_exportjob_change", args=[outcome.result["export"]]))


def export_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """The file of a link, for the person for whom it was made, who must still be allowed to have it."""
    if request.method not in {"GET", "HEAD"} or not request.user.has_perm(TO_EXPORT):
        raise PermissionDenied
    try:
        job = export_links.follow(token, str(request.user.pk))
    except DomainError as error:
        return _refused(request, error)
    answer = FileResponse(
        path_of(job).open("rb"),
        as_attachment=True,
        filename=job.file_name,
        content_type=FORMATS[job.format].media_type,
    )
    answer["Cache-Control"] = "no-store"
    return answer


def _refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    return refused(request, error, (_("Exports"), reverse("console:ledger_exportjob_changelist")))
