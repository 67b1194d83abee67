"""Scheduled statements: one for each period that is over, never two, and none is missed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.core import clock
from apps.ledger.models import ExportJob, ExportStatus, StatementSchedule
from apps.ledger.queries.exports import missing_statements
from apps.ledger.renderers import pdf_file
from apps.ledger.services import export_jobs, export_links, schedules
from apps.ledger.tasks import export_statements, write_exports
from apps.operations import books
from apps.operations.executor import execute_many
from apps.operations.models import Book, Event
from tests.ledger.reporting import SmallBook, sealed
from tests.support.door import code, done, refused, request, run

pytestmark = pytest.mark.usefixtures("ledger_db")

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
STATEMENT = {
    "book": "platform",
    "report": "account_statement",
    "account": "bank:ing",
    "format": "csv",
}


@pytest.fixture
def small(ledger_db: Any, tmp_path: Path, settings: Any) -> SmallBook:
    settings.EXPORT_DIR = str(tmp_path / "exports")
    small = SmallBook(books.find(books.platform_id()))
    small.january()
    small.february()
    sealed()
    return small


def scheduled(cadence: str = "daily", **more: Any) -> StatementSchedule:
    with clock.frozen(NOON):
        made = done("ledger.schedule_statement", **STATEMENT | {"cadence": cadence} | more)
    return StatementSchedule.objects.get(pk=made["schedule"])


def days(schedule: StatementSchedule) -> list[date]:
    return list(schedule.jobs.order_by("first_day").values_list("first_day", flat=True))


def tick(at: datetime) -> None:
    with clock.frozen(at):
        export_statements()


def test_a_day_has_its_statement_when_it_is_over(small: SmallBook) -> None:
    schedule = scheduled()
    midnight = datetime(2026, 1, 11, tzinfo=UTC)
    tick(midnight + schedules.GRACE - timedelta(seconds=1))
    assert days(schedule) == []
    for _ in range(3):
        tick(midnight + schedules.GRACE)
    assert days(schedule) == [date(2026, 1, 10)]
    write_exports()
    [job] = schedule.jobs.all()
    assert (job.status, job.parameters["since"], job.parameters["through"]) == (
        ExportStatus.DONE,
        "2026-01-10",
        "2026-01-10",
    )
    assert export_jobs.path_of(job).read_text().count("bank:ing EUR") == 3
    assert export_links.may_fetch(job, "usr_whoever")


def test_days_of_a_stop_are_caught_up_with(small: SmallBook) -> None:
    schedule, monthly = scheduled(), scheduled("monthly")
    tick(datetime(2026, 2, 3, 12, tzinfo=UTC))
    assert days(schedule) == [date(2026, 1, 10) + timedelta(days=number) for number in range(24)]
    assert days(monthly) == [date(2026, 1, 1)]
    [job] = monthly.jobs.all()
    assert (job.parameters["since"], job.parameters["through"]) == ("2026-01-01", "2026-01-31")
    monthly.refresh_from_db()
    assert monthly.next_day == date(2026, 2, 1)


def test_a_statement_leaves_by_itself_as_camt053(small: SmallBook) -> None:
    schedule = scheduled("monthly", account="wallet:amara:available", currency="EUR", format="camt053")
    tick(datetime(2026, 2, 3, 12, tzinfo=UTC))
    write_exports()
    [job] = schedule.jobs.all()
    assert (job.status, job.file_name.endswith(".xml")) == (ExportStatus.DONE, True)
    assert b"camt.053.001.08" in export_jobs.path_of(job).read_bytes()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [({}, "FORMAT_UNAVAILABLE"), ({"currency": "ETH"}, "CAMT_CANNOT_SAY")],
    ids=["several currencies", "no room for ether"],
)
def test_what_could_never_be_written_is_not_scheduled(
    small: SmallBook, asked: dict[str, str], expected: str
) -> None:
    statement = STATEMENT | {"account": "wallet:amara:available", "format": "camt053", "cadence": "daily"}
    assert refused("ledger.schedule_statement", **statement | asked) == expected
    assert not StatementSchedule.objects.exists()


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-01-01", "2026-01-31"), ("2028-02-01", "2028-02-29"), ("2026-12-01", "2026-12-31")],
)
def test_a_month_ends_on_its_last_day(first: str, last: str) -> None:
    assert schedules.end(date.fromisoformat(first), "monthly") == date.fromisoformat(last)


@pytest.fixture
def _in_auckland(ledger_db: Any) -> Iterator[None]:
    """The platform's book outlives the tests."""
    platform = Book.objects.filter(slug="platform")
    platform.update(time_zone="Pacific/Auckland")
    books.forget()
    yield
    platform.update(time_zone="UTC")
    books.forget()


@pytest.mark.usefixtures("_in_auckland")
def test_a_day_ends_where_the_book_is(small: SmallBook) -> None:
    schedule = scheduled()
    assert schedule.next_day == date(2026, 1, 11)  # noon in UTC is the next day there
    tick(datetime(2026, 1, 11, 11, 14, tzinfo=UTC))
    assert days(schedule) == []
    tick(datetime(2026, 1, 11, 11, 15, tzinfo=UTC))
    assert days(schedule) == [date(2026, 1, 11)]


def test_a_period_never_has_two_statements(small: SmallBook) -> None:
    schedule = scheduled()
    asked = {"schedule": schedule.pk, "first_day": "2026-01-10"}
    with clock.frozen(NOON + timedelta(days=3)):
        outcomes = execute_many([request("ledger.export_statement", **asked) for _ in range(3)])
        assert sorted(str(code(outcome)) for outcome in outcomes) == [
            "None",
            "PERIOD_NOT_DUE",
            "PERIOD_NOT_DUE",
        ]
        assert refused("ledger.export_statement", **asked | {"first_day": "2026-01-13"}) == "PERIOD_NOT_DUE"
    assert days(schedule) == [date(2026, 1, 10)]
    [job] = schedule.jobs.all()
    job.pk = "exp_" + "0" * 26
    with pytest.raises(IntegrityError), transaction.atomic():
        job.save(force_insert=True)


def test_an_ended_schedule_writes_no_more(small: SmallBook) -> None:
    schedule = scheduled()
    tick(NOON + timedelta(days=1))
    done("ledger.unschedule_statement", schedule=schedule.pk)
    tick(NOON + timedelta(days=5))
    assert days(schedule) == [date(2026, 1, 10)]
    assert refused("ledger.unschedule_statement", schedule=schedule.pk) == "SCHEDULE_INACTIVE"
    again = {"schedule": schedule.pk, "first_day": "2026-01-11"}
    assert refused("ledger.export_statement", **again) == "SCHEDULE_INACTIVE"
    assert scheduled().pk != schedule.pk


def test_what_cannot_be_scheduled_is_refused(small: SmallBook) -> None:
    scheduled()
    usual = STATEMENT | {"cadence": "daily"}
    assert refused("ledger.schedule_statement", **usual) == "STATEMENT_SCHEDULED"
    assert refused("ledger.schedule_statement", **usual | {"account": "bank:nowhere"}) == "REPORT_INVALID"
    assert refused("ledger.schedule_statement", **usual | {"report": "alm"}) == "INPUT_INVALID"
    assert refused("ledger.schedule_statement", **usual | {"cadence": "hourly"}) == "INPUT_INVALID"
    assert run("ledger.schedule_statement", **usual | {"cadence": "monthly"}).accepted
    assert run("ledger.schedule_statement", **usual | {"format": "pdf"}).accepted
    wallet = {"report": "wallet_statement", "account": "wallet:amara"}
    assert run("ledger.schedule_statement", **usual | wallet).accepted
    assert ExportJob.objects.count() == 0


def test_a_schedule_may_begin_in_the_past(small: SmallBook) -> None:
    schedule = scheduled("monthly", first_day="2025-11-17")
    assert schedule.next_day == date(2025, 11, 1)
    tick(NOON)
    assert days(schedule) == [date(2025, 11, 1), date(2025, 12, 1)]


@pytest.fixture
def too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PDF takes one row from now on."""
    monkeypatch.setattr(pdf_file, "MOST_ROWS", 1)


@pytest.fixture
def failed(small: SmallBook, request: pytest.FixtureRequest) -> ExportJob:
    """The statement of January as PDF, which was too large."""
    schedule = scheduled("monthly", format="pdf")
    request.getfixturevalue("too_large")
    tick(datetime(2026, 2, 3, 12, tzinfo=UTC))
    write_exports()
    [job] = schedule.jobs.all()
    return job


def alarms() -> list[dict[str, Any]]:
    return list(Event.objects.filter(type="alert.raised").values_list("data", flat=True))


def test_a_statement_that_fails_is_told_of_once(failed: ExportJob) -> None:
    assert failed.status == ExportStatus.FAILED
    tick(datetime(2026, 2, 3, 13, tzinfo=UTC))
    write_exports()
    [alarm] = alarms()
    assert (alarm["reason"], alarm["export"], alarm["since"]) == (
        "statement not written",
        failed.pk,
        "2026-01-01",
    )
    assert "REPORT_TOO_LARGE" in alarm["why"]
    assert list(missing_statements()) == [failed]


def test_a_failure_that_nobody_heard_of_is_told_of_later(small: SmallBook) -> None:
    schedule = scheduled()
    tick(NOON + timedelta(days=1))
    schedule.jobs.update(status=ExportStatus.FAILED, reason="ABANDONED: 5 workers died while they wrote it.")
    tick(NOON + timedelta(days=1, minutes=5))
    assert [alarm["reason"] for alarm in alarms()] == ["statement not written"]


def test_a_period_that_failed_is_written_again_in_another_format(failed: ExportJob) -> None:
    assert refused("ledger.write_export_again", export=failed.pk) == "REPORT_TOO_LARGE"
    again = done("ledger.write_export_again", export=failed.pk, format="csv")
    assert refused("ledger.write_export_again", export=failed.pk, format="csv") == "EXPORT_STANDS"
    assert not missing_statements().exists()
    write_exports()
    job = ExportJob.objects.get(pk=again["export"])
    assert (job.status, job.schedule_id, job.first_day) == (
        ExportStatus.DONE,
        failed.schedule_id,
        failed.first_day,
    )
    assert job.parameters == failed.parameters
    assert refused("ledger.write_export_again", export=job.pk) == "EXPORT_STANDS"
    export_jobs.expire(now=job.expires_at)
    once_more = done("ledger.write_export_again", export=job.pk)
    write_exports()
    assert ExportJob.objects.get(pk=once_more["export"]).sha256 == job.sha256


def test_one_that_somebody_asked_for_is_no_alarm_and_can_be_written_again(
    small: SmallBook, settings: Any
) -> None:
    fonts, settings.REPORT_FONTS = settings.REPORT_FONTS, "/nowhere"
    asked = done("ledger.request_export", report="trial_balance", format="pdf", book="platform")
    write_exports()
    settings.REPORT_FONTS = fonts
    assert alarms() == []
    done("ledger.write_export_again", export=asked["export"])
    write_exports()
    assert sorted(ExportJob.objects.values_list("status", "format")) == [("done", "pdf"), ("failed", "pdf")]


@pytest.mark.usefixtures("too_large")
def test_what_the_last_period_would_not_fit_in_is_not_scheduled(small: SmallBook) -> None:
    with clock.frozen(datetime(2026, 2, 20, 12, tzinfo=UTC)):
        wanted = STATEMENT | {"cadence": "monthly", "format": "pdf"}
        assert refused("ledger.schedule_statement", **wanted) == "REPORT_TOO_LARGE"
        asked = {"report": "trial_balance", "format": "pdf", "book": "platform"}
        assert refused("ledger.request_export", **asked) == "REPORT_TOO_LARGE"
    assert not ExportJob.objects.exists()
