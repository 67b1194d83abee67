"""Files that were not written: people are told of scheduled ones, and any is written again with the same question."""

from collections.abc import Iterator
from typing import Final

from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.ledger.models import ExportJob, ExportStatus, StatementSchedule
from apps.ledger.queries.exports import missing_statements
from apps.ledger.services.export_jobs import document_of
from apps.ledger.services.exports import check, job_for, told
from apps.operations import books
from apps.operations.executor import execute_many
from apps.operations.models import Operation
from apps.operations.plan import Context, EventDraft, Plan, Request
from apps.operations.registry import Input, Target

WATCH: Final = Actor.system("watch", {"ledger.raise_export_alarm"})
"""Who looks after what should have been written."""

GONE: Final = frozenset({ExportStatus.FAILED, ExportStatus.EXPIRED})


class ExportStands(DomainError):
    """The file is there, or is being written."""

    code = "EXPORT_STANDS"
    http_status = 409


def raise_alarms() -> int:
    """Tell of every scheduled statement that is missing, once; how many are told of."""
    requests = {request.key: request for request in map(_alarm, missing_statements())}
    known = Operation.objects.filter(book_id=books.platform_id(), key__in=list(requests), holds_key=True)
    told_of = set(known.values_list("key", flat=True))
    outcomes = execute_many([request for key, request in requests.items() if key not in told_of])
    return sum(outcome.accepted for outcome in outcomes)


def plan_raise_export_alarm(context: Context, *, export: str) -> Plan:
    """Tell people that a file was not written, and what they can do."""
    found: ExportJob = context.locked[ExportJob, export]  # type: ignore[assignment]
    data = {
        "reason": "statement not written",
        "export": export,
        "schedule": found.schedule_id,
        "book": found.parameters["book"],
        "account": found.parameters["account"],
        "format": found.format,
        "since": found.parameters["since"],
        "through": found.parameters["through"],
        "why": found.reason,
        "message": f"The {found.format} of {found.parameters['account']} from {found.parameters['since']}"
        f" could not be written: {found.reason} ledger.write_export_again writes it, in another format too.",
    }
    return Plan(result={"export": export}, events=[EventDraft("alert.raised", export, data)])


def plan_write_export_again(context: Context, *, export: str, format: str | None) -> Plan:
    """A new job with the question of one that failed or expired, positions included, in its format or another."""
    found: ExportJob = context.locked[ExportJob, export]  # type: ignore[assignment]
    _refuse_what_stands(found)
    document = document_of(found)
    wanted = format or found.format
    check(document.kind, wanted, document.asked)
    job = job_for(context, document.kind, wanted, document.asked)
    job.schedule_id, job.first_day = found.schedule_id, found.first_day
    return Plan(rows=[job], result=told(job, document.asked) | {"instead_of": export})


def target(data: Input) -> Iterator[Target]:
    """The job, and its schedule, so that a period is written again once."""
    schedule = ExportJob.objects.filter(pk=data["export"]).values_list("schedule_id", flat=True).first()
    if schedule:
        yield Target(StatementSchedule, str(schedule))
    yield Target(ExportJob, data["export"])


def _refuse_what_stands(job: ExportJob) -> None:
    if job.status not in GONE:
        raise ExportStands(f"{job.pk} is {job.status}: only a failed or expired one is written again.")
    if not job.schedule_id:
        return
    others = ExportJob.objects.filter(schedule=job.schedule_id, first_day=job.first_day)
    if standing := others.exclude(status__in=GONE).first():
        raise ExportStands(f"{standing.pk} is the statement of this period, and {standing.status}.")


def _alarm(job: ExportJob) -> Request:
    data = {"export": job.pk}
    return Request("ledger.raise_export_alarm", data, f"{job.pk}:failed", WATCH, origin="worker")
