"""Statements that are written by themselves, once for each period that is over."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from apps.core import clock, ids
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.ledger import reports
from apps.ledger.models import Cadence, StatementSchedule
from apps.ledger.reports import Asked
from apps.ledger.services.exports import check, job_for, told
from apps.operations import books
from apps.operations.plan import Context, Plan, Request, Update
from apps.operations.registry import Input, Target

SCHEDULER = Actor.system("scheduler", {"ledger.export_statement"})
GRACE = timedelta(minutes=15)
"""What took effect in the last moments of a day has its position by then."""


class AlreadyScheduled(DomainError):
    """The same statement is scheduled in the same way."""

    code = "STATEMENT_SCHEDULED"
    http_status = 409


class ScheduleInactive(DomainError):
    """The schedule was ended."""

    code = "SCHEDULE_INACTIVE"
    http_status = 409


class PeriodNotDue(DomainError):
    """The period has its statement, or is not over."""

    code = "PERIOD_NOT_DUE"
    http_status = 409


def plan_schedule_statement(
    context: Context,
    *,
    book: str,
    report: str,
    account: str,
    currency: str | None,
    format: str,
    cadence: str,
    first_day: date | None,
) -> Plan:
    """From the period of the first day on; without one, from the present period on.

    Refused if the format could not hold the statement of that period or of the one before it.
    """
    found = books.by_slug(book)
    today = clock.today_in(ZoneInfo(found.time_zone), context.now)
    what = {
        "book": found,
        "report": report,
        "account": account,
        "currency": currency or "",
        "format": format,
        "cadence": cadence,
    }
    if StatementSchedule.objects.filter(**what, active=True).exists():
        raise AlreadyScheduled(f"This statement of {account} is scheduled {cadence} already.")
    schedule = StatementSchedule(
        id=ids.new_id("sch"),
        **what,
        next_day=_begin(first_day or today, cadence),
        scheduled_by=context.actor.id,
        scheduled_by_label=context.actor.label,
        created_at=context.now,
    )
    kind = reports.find(report)
    check(kind, format, _question(schedule, schedule.next_day))
    check(kind, format, _question(schedule, _begin(schedule.next_day - timedelta(days=1), cadence)))
    return Plan(rows=[schedule], result={"schedule": schedule.pk, "next_day": schedule.next_day})


def plan_unschedule_statement(context: Context, *, schedule: str) -> Plan:
    """No more statements by this schedule; those that were written stay."""
    found = _locked(context, schedule)
    found.active = False
    return Plan(
        updates=[Update(found, ("active",), {"active": True})],
        result={"schedule": found.pk, "next_day": found.next_day},
    )


def plan_export_statement(context: Context, *, schedule: str, first_day: date) -> Plan:
    """The job for the next period of a schedule, which goes on with the one after it."""
    found = _locked(context, schedule)
    last_day = end(first_day, found.cadence)
    if found.next_day != first_day or not is_over(found, first_day, context.now):
        raise PeriodNotDue(
            f"The statement from {first_day} is not due: the next is that from {found.next_day}."
        )
    asked = _question(found, first_day)
    job = job_for(context, reports.find(found.report), found.format, asked)
    job.schedule, job.first_day = found, first_day
    found.next_day = last_day + timedelta(days=1)
    return Plan(
        rows=[job],
        updates=[Update(found, ("next_day",), {"next_day": first_day, "active": True})],
        result=told(job, asked) | {"schedule": found.pk, "first_day": first_day, "last_day": last_day},
    )


def target(data: Input) -> Iterator[Target]:
    """The schedule, which is locked."""
    yield Target(StatementSchedule, data["schedule"])


def due(*, now: datetime) -> list[Request]:
    """For each schedule whose next period is over, the command that asks for its statement."""
    return [
        Request(
            command="ledger.export_statement",
            input={"schedule": schedule.pk, "first_day": schedule.next_day.isoformat()},
            key=f"{schedule.pk}:{schedule.next_day}",
            actor=SCHEDULER,
            origin="worker",
        )
        for schedule in StatementSchedule.objects.filter(active=True).select_related("book").order_by("id")
        if is_over(schedule, schedule.next_day, now)
    ]


def is_over(schedule: StatementSchedule, first_day: date, now: datetime) -> bool:
    """Whether the period that begins on a day has ended where the book is, and a little while ago."""
    today = clock.today_in(ZoneInfo(schedule.book.time_zone), now - GRACE)
    return end(first_day, schedule.cadence) < today


def end(first_day: date, cadence: str) -> date:
    """The last day of the period that begins on this day."""
    if cadence == Cadence.DAILY:
        return first_day
    return (first_day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _begin(day: date, cadence: str) -> date:
    return day if cadence == Cadence.DAILY else day.replace(day=1)


def _question(schedule: StatementSchedule, first_day: date) -> Asked:
    return reports.settle(
        book=schedule.book.slug,
        since=first_day,
        through=end(first_day, schedule.cadence),
        account=schedule.account,
        currency=schedule.currency,
    )


def _locked(context: Context, schedule: str) -> StatementSchedule:
    found: StatementSchedule = context.locked[StatementSchedule, schedule]  # type: ignore[assignment]
    if not found.active:
        raise ScheduleInactive(f"The schedule {schedule} was ended.", field="/schedule")
    return found
