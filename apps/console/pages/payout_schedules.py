"""Standing payouts: the schedules that make batches by themselves, their next days, and what came of those before."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin
from apps.console.readonly import Context
from apps.console.site import site
from apps.payouts.models import Schedule, ScheduleRow, ScheduleRun, ScheduleStatus
from apps.payouts.queries.due import coming

COMING = 5
LATEST = 30
MOST_ROWS = 200
"""Rows that a page has room for; the API lists all."""
MOST_FILLED_IN = 20
"""Rows that a link to the form for a change has room for; who changes more gives them anew."""

CREATE, CHANGE = "payouts.create_schedule", "payouts.change_schedule"
PAUSE, RESUME, END = "payouts.pause_schedule", "payouts.resume_schedule", "payouts.end_schedule"


@admin.register(Schedule, site=site)
class ScheduleAdmin(KeysetAdmin):
    """Every schedule of payouts, the newest first."""

    related = ("book", "wallet")
    columns = (
        Column(_("Schedule")),
        Column(_("Book"), "wide"),
        Column(_("When"), "wide"),
        Column(_("Status"), "wide"),
        Column(_("Batches"), "amount wide"),
        Column(_("Next"), "amount"),
    )
    in_files = {
        "Id": "id",
        "Name": "name",
        "Reference": "reference",
        "Book": "book.slug",
        "Wallet": "wallet_id",
        "Status": "status",
        "Version": "version",
        "Every": "every",
        "On day": "on_day",
        "First on": "first_on",
        "Last on": "last_on",
        "At": "at",
        "Time zone": "time_zone",
        "Calendar": "calendar",
        "On holiday": "on_holiday",
        "When short": "when_short",
        "Next on": "next_on",
        "Batches": "made",
        "Set by": "maker_label",
        "Since": "created_at",
        "Ended at": "ended_at",
    }
    row_template = "console/row/payout_schedule.html"
    page_template = "console/page/payout_schedule.html"
    empty_template = "console/empty/payout_schedules.html"
    tabs = "status"
    filters = (Filter("status", _("Status"), choices=lambda: ScheduleStatus.choices),)

    def doings(self, request: HttpRequest, row: Schedule | None = None) -> list[Doing]:
        """Set one; change, pause, resume and end this one."""
        if row is None:
            return doings(request, (CREATE, {}))
        if row.status == ScheduleStatus.ENDED:
            return []
        stop = (RESUME if row.status == ScheduleStatus.PAUSED else PAUSE, {"schedule": row.pk})
        return doings(request, (CHANGE, _in_controls(row)), stop, (END, {"schedule": row.pk}))

    def page_context(self, request: HttpRequest, row: Schedule) -> Context:
        """Its rows, its next days, and what came of the latest ones."""
        runs = ScheduleRun.objects.filter(schedule=row).select_related("batch")
        return {
            "rows": _rows(row),
            "coming": coming(row, COMING),
            "runs": runs.order_by("-id")[:LATEST],
        }


def _rows(row: Schedule) -> list[ScheduleRow]:
    of_version = ScheduleRow.objects.filter(schedule=row, version=row.version)
    return list(of_version.select_related("recipient").order_by("number")[:MOST_ROWS])


def _in_controls(row: Schedule) -> dict[str, object]:
    """What stands in the form for a change: all of it but the rows, if there are more than a form has room for."""
    given: dict[str, object] = {
        "schedule": row.pk,
        "name": row.name,
        "reference": row.reference,
        "wallet": row.wallet_id,
        "when_short": row.when_short,
        "wait_days": row.wait_days,
        "when.every": row.every,
        "when.on_day": row.on_day,
        "when.last_on": row.last_on,
        "when.at": f"{row.at:%H:%M}",
        "when.time_zone": row.time_zone,
        "when.calendar": row.calendar,
        "when.on_holiday": row.on_holiday,
    }
    rows = _rows(row)
    if len(rows) <= MOST_FILLED_IN:
        for number, each in enumerate(rows):
            given |= _row_in_controls(f"rows.{number}", each)
    return given


def _row_in_controls(at: str, row: ScheduleRow) -> dict[str, object]:
    return {
        f"{at}.amount.amount": row.money.decimal,
        f"{at}.amount.currency": row.currency,
        f"{at}.recipient": row.recipient_id,
        f"{at}.reference": row.reference,
        f"{at}.description": row.description,
    }
