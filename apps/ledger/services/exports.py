"""Asking for a report as a file; `export_jobs` writes it."""

from datetime import date, datetime

from apps.core import ids
from apps.ledger import reports
from apps.ledger.models import ExportJob
from apps.ledger.renderers import FORMATS
from apps.ledger.reports import Asked, ReportKind
from apps.operations.plan import Context, Plan


def plan_request_export(
    context: Context,
    *,
    report: str,
    format: str,
    book: str | None,
    since: date | None,
    through: date | None,
    position: int | None,
    at: datetime | None,
    account: str,
    currency: str | None,
    gl_code: str,
    by_account: bool,
) -> Plan:
    """A job for a worker. The positions are settled now, so that it does not matter when the file is written."""
    kind = reports.find(report)
    asked = reports.settle(
        book=book,
        since=since,
        through=through,
        position=position,
        at=at,
        account=account,
        currency=currency or "",
        gl_code=gl_code,
        by_account=by_account,
    )
    check(kind, format, asked)
    job = job_for(context, kind, format, asked)
    return Plan(rows=[job], result=told(job, asked))


def check(kind: ReportKind, format: str, asked: Asked) -> None:
    """Refuse now what could never be written: an account that is not there, a format that cannot hold it."""
    wanted = FORMATS[format]
    wanted.refuse(kind, asked)
    if kind.of_account or wanted.most_rows is not None:
        wanted.refuse_size(kind.report(asked))


def job_for(context: Context, kind: ReportKind, format: str, asked: Asked) -> ExportJob:
    """The row of a job, made and not yet written."""
    return ExportJob(
        id=ids.new_id("exp"),
        report=kind.name,
        parameters=asked.as_json(),
        format=format,
        requested_by=context.actor.id,
        requested_by_label=context.actor.label,
        created_at=context.now,
    )


def told(job: ExportJob, asked: Asked) -> dict[str, object]:
    """What the command answers."""
    return {"export": job.pk, "report": job.report, "format": job.format, "positions": asked.by_slug}
