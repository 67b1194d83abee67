"""Writing the files that were asked for: machinery of the workers, under leases.

A worker takes the oldest job that nobody holds and raises its lease. While it writes, it says how far it is, which
also prolongs the lease; one whose lease was taken over learns it there, and leaves the job alone. What is written is
the same whoever writes it, since the positions stand in the job.
"""

import hashlib
import logging
import os
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from apps.core import clock
from apps.core.errors import DomainError
from apps.ledger import reports
from apps.ledger.models import ExportJob, ExportStatus
from apps.ledger.renderers import FORMATS, Document

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
KEPT = timedelta(days=7)
ABANDONED = timedelta(days=1)
ATTEMPTS = 5
BETWEEN_TELLING = 1_000_000_000
"""Nanoseconds."""

_TELL = """
UPDATE ledger_exportjob SET rows_done = %s, rows_total = %s, leased_until = %s
 WHERE id = %s AND lease = %s AND status = 'running'
"""


class LeaseLost(Exception):
    """Another worker has taken the job up."""


def write_next() -> bool:
    """Write the file of the next job; False if none is waiting."""
    job = take(now=clock.now())
    if job is None:
        return False
    try:
        _write(job)
    except LeaseLost:
        logger.warning("Export %s was taken up by another worker.", job.pk)
    except DomainError as error:
        _fail(job, f"{error.code}: {error.message}")
    except Exception:
        logger.exception("Export %s could not be written.", job.pk)
        _fail(job, "INTERNAL: the worker's log says why.")
    return True


def take(*, now: datetime) -> ExportJob | None:
    """The oldest job that waits or whose worker is gone, under a new lease."""
    free = Q(status=ExportStatus.QUEUED) | Q(status=ExportStatus.RUNNING, leased_until__lt=now)
    with transaction.atomic():
        waiting = ExportJob.objects.select_for_update(skip_locked=True).filter(free)
        job = waiting.order_by("created_at", "id").first()
        if job is None:
            return None
        job.lease += 1
        job.status, job.leased_until, job.rows_done = ExportStatus.RUNNING, now + LEASE, 0
        if job.lease > ATTEMPTS:
            job.status, job.finished_at = ExportStatus.FAILED, now
            job.reason = f"ABANDONED: {ATTEMPTS} workers died while they wrote it."
        job.save(update_fields=["lease", "status", "leased_until", "rows_done", "finished_at", "reason"])
    return job if job.status == ExportStatus.RUNNING else take(now=now)


def document_of(job: ExportJob) -> Document:
    """The report and the question of a job."""
    asked = dict(job.parameters)
    for name in ("since", "through"):
        asked[name] = asked[name] and date.fromisoformat(asked[name])
    return Document(reports.find(job.report), reports.settle(**asked))


def path_of(job: ExportJob) -> Path:
    """Where the file of a job lies once it is done."""
    return Path(settings.EXPORT_DIR) / str(job.pk)


def expire(*, now: datetime) -> int:
    """Delete the files whose time has come, and what dead workers left behind; how many jobs expired."""
    expired = list(ExportJob.objects.filter(status=ExportStatus.DONE, expires_at__lte=now))
    for job in expired:
        ExportJob.objects.filter(pk=job.pk).update(status=ExportStatus.EXPIRED)
        path_of(job).unlink(missing_ok=True)
    _sweep(now)
    return len(expired)


class _Telling:
    """Says how far a job is, on a connection of its own: the rows are read within a transaction."""

    def __init__(self, job: ExportJob) -> None:
        self.job, self.last = job, 0
        self.total: int | None = None
        self.side = connection.copy()

    def __call__(self, done: int) -> None:
        """So many rows are written."""
        if time.monotonic_ns() - self.last < BETWEEN_TELLING:
            return
        self.last = time.monotonic_ns()
        with self.side.cursor() as cursor:
            until = clock.now() + LEASE
            cursor.execute(_TELL, [done, self.total, until, self._id(), self.job.lease])
            if not cursor.rowcount:
                raise LeaseLost

    def _id(self) -> Any:
        return ExportJob._meta.pk.get_db_prep_value(self.job.pk, self.side)

    def close(self) -> None:
        """Give the connection back."""
        self.side.close()


def _write(job: ExportJob) -> None:
    document, format_ = document_of(job), FORMATS[job.format]
    part = _private_file(job)
    telling = _Telling(job)
    try:
        telling.total = document.report.size
        telling(0)
        format_.write(document, part, telling)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        telling.close()
    digest, size = _sealed(part)
    os.replace(part, path_of(job))
    now = clock.now()
    ExportJob.objects.filter(pk=job.pk, lease=job.lease, status=ExportStatus.RUNNING).update(
        status=ExportStatus.DONE,
        rows_done=document.report.size,
        rows_total=document.report.size,
        file_name=f"{document.report.file_name}.{format_.ending}",
        size=size,
        sha256=digest,
        finished_at=now,
        expires_at=now + KEPT,
    )


def _private_file(job: ExportJob) -> Path:
    folder = Path(settings.EXPORT_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / f"{job.pk}.{job.lease}.part"
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    return part


def _sealed(part: Path) -> tuple[str, int]:
    """The SHA-256 and the size of a file that is on the disk for good."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest(), part.stat().st_size


def _fail(job: ExportJob, reason: str) -> None:
    ExportJob.objects.filter(pk=job.pk, lease=job.lease, status=ExportStatus.RUNNING).update(
        status=ExportStatus.FAILED, reason=reason, finished_at=clock.now()
    )


def _sweep(now: datetime) -> None:
    folder = Path(settings.EXPORT_DIR)
    if not folder.is_dir():
        return
    kept = set(ExportJob.objects.filter(status=ExportStatus.DONE).values_list("pk", flat=True))
    before = (now - ABANDONED).timestamp()
    for path in folder.iterdir():
        if path.is_file() and path.name not in kept and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
