"""Reports written by workers: once, whoever dies, for seven days, and for who asked alone."""

import csv
import hashlib
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import signing
from django.db import connection, transaction

from apps.accounts.roles import permissions_of
from apps.core import clock
from apps.ledger import reports
from apps.ledger.models import ExportJob, ExportStatus
from apps.ledger.renderers import csv_file
from apps.ledger.services import export_jobs, export_links
from apps.ledger.services.export_links import LinkExpired, LinkInvalid
from apps.ledger.tasks import expire_exports, write_exports
from apps.operations import books
from tests.ledger.reporting import SmallBook, sealed, written
from tests.support.door import done, everyone, person, refused, run
from tests.support.processes import start

pytestmark = pytest.mark.usefixtures("ledger_db", "folder")

USER = "usr_01jd0000000000000000000000"


@pytest.fixture
def folder(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where exports lie, in this process and in others."""
    settings.EXPORT_DIR = str(tmp_path / "exports")
    monkeypatch.setenv("EXPORT_DIR", settings.EXPORT_DIR)
    return tmp_path / "exports"


@pytest.fixture
def small(ledger_db: Any) -> SmallBook:
    small = SmallBook(books.find(books.platform_id()))
    small.january()
    sealed(projected=True)
    small.february()
    sealed()
    return small


def asked_for(report: str = "general_ledger", format: str = "csv", **more: Any) -> ExportJob:
    result = done("ledger.request_export", report=report, format=format, book="platform", **more)
    return ExportJob.objects.get(pk=result["export"])


def fresh(job: ExportJob) -> ExportJob:
    return ExportJob.objects.get(pk=job.pk)


def test_a_job_writes_the_same_file_as_the_page(small: SmallBook, folder: Path, tmp_path: Path) -> None:
    jobs = [asked_for("trial_balance", format, through="2026-01-31") for format in ("csv", "xlsx", "pdf")]
    small.move(small.bank, small.available, 5_00, 1, 15)
    sealed()
    write_exports()
    for job in map(fresh, jobs):
        assert (job.status, job.reason) == (ExportStatus.DONE, "")
        body = export_jobs.path_of(job).read_bytes()
        assert (job.size, job.sha256) == (len(body), hashlib.sha256(body).hexdigest())
        same = written("trial_balance", job.format, tmp_path, position=11, through=date(2026, 1, 31))
        assert body == same
        assert job.file_name.startswith("trial-balance-platform-2026-01-31-")
        assert job.expires_at - job.finished_at == timedelta(days=7)
        assert job.rows_done == job.rows_total > 8
    assert not export_jobs.write_next()


def test_files_are_private(small: SmallBook, folder: Path) -> None:
    before = os.umask(0)
    try:
        job = asked_for(format="xlsx")
        write_exports()
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(export_jobs.path_of(job).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [job.pk]


def test_the_key_answers_again_and_asks_once(small: SmallBook) -> None:
    asked = {"report": "balance_sheet", "format": "pdf", "book": "platform"}
    first = done("ledger.request_export", key="k", **asked)
    assert done("ledger.request_export", key="k", **asked) == first
    assert ExportJob.objects.count() == 1
    assert first["positions"] == {"platform": 11}


def test_what_cannot_be_written_is_refused_at_once(small: SmallBook) -> None:
    wrong = {"report": "account_statement", "format": "csv", "book": "platform"}
    assert refused("ledger.request_export", **wrong, account="bank:nowhere") == "REPORT_INVALID"
    assert refused("ledger.request_export", **wrong | {"book": None}, account="bank:ing") == "REPORT_INVALID"
    assert refused("ledger.request_export", **wrong | {"report": "nonsense"}) == "INPUT_INVALID"
    assert refused("ledger.request_export", **wrong | {"format": "exe"}) == "INPUT_INVALID"
    position = {"report": "trial_balance", "position": 99}
    assert refused("ledger.request_export", **wrong | position) == "POSITION_NOT_FOUND"
    assert not ExportJob.objects.exists()


def test_who_may_export() -> None:
    roles = ("admin", "approver", "compliance", "finance", "operator", "viewer")
    may = {role for role in roles if "ledger.request_export" in permissions_of(role)}
    assert may == {"admin", "compliance", "finance"}
    assert {role for role in roles if "ledger.export_statement" in permissions_of(role)} == set()
    viewer = person("v@example.com", "viewer")
    asked = {"report": "trial_balance", "format": "csv", "book": "platform"}
    assert refused("ledger.request_export", actor=viewer, **asked) == "AUTHORIZATION_FAILED"
    assert run("ledger.request_export", actor=person("f@example.com", "finance"), **asked).accepted


def test_a_report_that_fails_says_why(small: SmallBook, settings: Any) -> None:
    settings.REPORT_FONTS = "/nowhere"
    job = asked_for("trial_balance", "pdf")
    other = asked_for("trial_balance", "csv")
    write_exports()
    job = fresh(job)
    assert job.status == ExportStatus.FAILED
    assert job.reason.startswith("FORMAT_UNAVAILABLE: No PDF without the font")
    assert fresh(other).status == ExportStatus.DONE


def test_a_defect_leaves_no_half_file_and_fails_the_job(
    small: SmallBook, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Iterator[list[str]]:
        yield ["one"]
        raise ZeroDivisionError

    monkeypatch.setattr(csv_file.ReportResource, "rows", broken)
    job = asked_for("trial_balance", "csv")
    write_exports()
    assert (fresh(job).status, list(folder.iterdir())) == (ExportStatus.FAILED, [])
    assert fresh(job).reason.startswith("INTERNAL")


STOPS_IN_THE_MIDDLE = """
    import time
    from apps.ledger.services import export_jobs
    telling = export_jobs._Telling.__call__
    export_jobs.BETWEEN_TELLING = 0
    def told(self, done):
        telling(self, done)
        if done == 20:
            print("in the middle", flush=True)
            time.sleep(300)
    export_jobs._Telling.__call__ = told
    export_jobs.write_next()
"""


def test_a_worker_that_is_killed_in_the_middle_leaves_the_job_to_another(
    small: SmallBook, folder: Path, tmp_path: Path
) -> None:
    job = asked_for()
    process = start(STOPS_IN_THE_MIDDLE)
    assert process.stdout.readline() == "in the middle\n"
    process.kill()
    process.communicate()
    assert process.returncode == -9
    left = fresh(job)
    assert (left.status, left.rows_done, left.lease) == (ExportStatus.RUNNING, 20, 1)
    assert left.rows_total > 20
    assert not export_jobs.write_next(), "its lease is good for a while"
    assert [path.name for path in folder.iterdir()] == [f"{job.pk}.1.part"]

    with clock.frozen(clock.now() + export_jobs.LEASE + timedelta(seconds=1)):
        assert export_jobs.write_next()
    after = fresh(job)
    assert (after.status, after.lease) == (ExportStatus.DONE, 2)
    body = export_jobs.path_of(job).read_bytes()
    assert body == written("general_ledger", "csv", tmp_path, position=11)
    with clock.frozen(clock.now() + timedelta(days=2)):
        expire_exports()
    assert [path.name for path in folder.iterdir()] == [job.pk]


def test_a_worker_whose_lease_was_taken_over_writes_no_more(
    small: SmallBook, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_jobs, "BETWEEN_TELLING", 0)
    job = asked_for()
    slow = export_jobs.take(now=clock.now())
    later = clock.now() + export_jobs.LEASE + timedelta(seconds=1)
    taken_over = export_jobs.take(now=later)
    assert (slow.pk, taken_over.pk, taken_over.lease) == (job.pk, job.pk, 2)
    with pytest.raises(export_jobs.LeaseLost):
        export_jobs._write(slow)
    assert fresh(job).status == ExportStatus.RUNNING
    export_jobs._write(taken_over)
    assert fresh(job).status == ExportStatus.DONE
    export_jobs._fail(slow, "too late")
    assert fresh(job).status == ExportStatus.DONE


def test_two_workers_never_take_the_same_job(small: SmallBook) -> None:
    first, second = asked_for(), asked_for("trial_balance")

    def take() -> Any:
        try:
            job = export_jobs.take(now=clock.now())
            return job and job.pk
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        assert export_jobs.take(now=clock.now()).pk == first.pk
        assert pool.submit(take).result(10) == second.pk
        assert pool.submit(take).result(10) is None


def test_a_job_that_kills_every_worker_is_given_up(small: SmallBook) -> None:
    job = asked_for()
    now = clock.now()
    for _ in range(export_jobs.ATTEMPTS):
        assert export_jobs.take(now=now).pk == job.pk
        now += export_jobs.LEASE + timedelta(seconds=1)
    assert export_jobs.take(now=now) is None
    assert (fresh(job).status, fresh(job).reason[:9]) == (ExportStatus.FAILED, "ABANDONED")


def test_files_are_deleted_after_seven_days(small: SmallBook, folder: Path) -> None:
    job = asked_for("trial_balance")
    write_exports()
    finished = fresh(job).finished_at
    assert export_jobs.expire(now=finished + timedelta(days=7) - timedelta(seconds=1)) == 0
    assert export_jobs.path_of(job).is_file()
    assert export_jobs.expire(now=finished + timedelta(days=7)) == 1
    assert fresh(job).status == ExportStatus.EXPIRED
    assert list(folder.iterdir()) == []


def test_a_link_is_for_one_person_and_for_seven_days(
    small: SmallBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bo = person("ada@example.com", "finance"), person("bo@example.com", "finance")
    result = done("ledger.request_export", actor=ada, report="trial_balance", format="csv", book="platform")
    write_exports()
    job = ExportJob.objects.get(pk=result["export"])
    link = export_links.make_link(job, ada.id)
    assert export_links.follow(link, ada.id) == job
    for token in (link, export_links.make_link(job, bo.id)):
        with pytest.raises(LinkInvalid):
            export_links.follow(token, bo.id)
    with pytest.raises(LinkInvalid):
        export_links.follow(link[:-1] + ("A" if link[-1] != "A" else "B"), ada.id)
    with pytest.raises(LinkInvalid):
        export_links.follow(signing.TimestampSigner().sign_object({"export": job.pk, "user": ada.id}), ada.id)
    a_week = export_links.KEPT.total_seconds()
    now = signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + a_week - 5)
    assert export_links.follow(link, ada.id) == job
    monkeypatch.setattr(signing.time, "time", lambda: now + a_week + 5)
    with pytest.raises(LinkExpired, match="older than seven days"):
        export_links.follow(link, ada.id)
    monkeypatch.undo()


def test_a_link_to_a_file_that_is_gone_says_so(small: SmallBook) -> None:
    job = asked_for("trial_balance")
    link = export_links.make_link(job, job.requested_by)
    with pytest.raises(LinkExpired, match="no longer kept"):
        export_links.follow(link, job.requested_by)
    write_exports()
    assert export_links.follow(link, everyone().id) == fresh(job)
    export_jobs.path_of(job).unlink()
    with pytest.raises(LinkExpired):
        export_links.follow(link, everyone().id)


def test_the_file_of_every_report_and_format_is_written(small: SmallBook) -> None:
    accounts = {"account_statement": "bank:ing", "wallet_statement": "wallet:amara"}
    jobs = [
        asked_for(name, format, account=accounts.get(name, ""))
        for name in reports.REPORTS
        for format in ("csv", "xlsx", "pdf")
    ]
    write_exports()
    assert {fresh(job).status for job in jobs} == {ExportStatus.DONE}


def test_the_positions_of_every_book_stand_in_the_job(small: SmallBook, tmp_path: Path) -> None:
    job = done("ledger.request_export", report="alm", format="csv", book=None)
    small.move(small.bank, small.available, 5_00, 1, 15)
    sealed()
    write_exports()
    body = export_jobs.path_of(ExportJob.objects.get(pk=job["export"])).read_text()
    owed = [row for row in csv.DictReader(body.splitlines()) if row["GL account"] == "2110"]
    assert [row["Amount"] for row in owed] == ["1.234567890123456789", "740.00"]
