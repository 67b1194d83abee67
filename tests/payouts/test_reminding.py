"""Batches that wait for people: told each time a day has passed, and mailed once a week to who may approve."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection

from apps.accounts.services.invitations import LEASE
from apps.core import clock
from apps.operations.models import Event
from apps.payouts.models import Batch, WeeklyReminder
from apps.payouts.queries.waiting import executed_in_time
from apps.payouts.services import reminding
from apps.payouts.tasks import remind, remind_weekly
from apps.payouts.worker import work
from apps.transfers.models import Transfer
from config.schedule import BEAT_SCHEDULE
from tests.support.batches import finished, request_of, row, status_of, submitted
from tests.support.door import person
from tests.support.policies import agrees, policy
from tests.support.post import Post, post
from tests.support.sandbox import Sandbox
from tests.support.tenants import World
from tests.support.threads import at_once

DAY = timedelta(days=1)


@pytest.fixture
def taking(settings: Any) -> Iterator[Post]:
    """The server that mails are sent to."""
    with post() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
        settings.PUBLIC_URL = "https://bank.example"
        yield server


@pytest.fixture
def asked(acme: World, wallet: str, bank: Sandbox) -> str:
    """A batch that waits for approval."""
    policy("payouts.approve_batch")
    batch = submitted(acme, wallet, row("30.00"), row("10.00"))
    work()
    assert status_of(batch) == "pending_approval"
    return batch


def asked_at(batch: str) -> datetime:
    found = Batch.objects.get(pk=batch).asked_at
    assert found is not None
    return found


def alarms(batch: str) -> list[str]:
    found = Event.objects.filter(subject=batch, type="alert.raised").order_by("ordinal")
    return [each.data["reason"] for each in found]


class TestOverdue:
    def test_is_told_once_each_day_that_passes(self, asked: str) -> None:
        since = asked_at(asked)
        told = []
        for hours in (23.9, 24, 24.1, 40, 48.1, 60, 72):
            with clock.frozen(since + timedelta(hours=hours)):
                told.append(reminding.raise_overdue(clock.now()))
        assert told == [0, 1, 0, 0, 1, 0, 1]
        assert alarms(asked) == [
            f"payout batch: waits for approval for {hours} hours" for hours in (24, 48, 72)
        ]
        assert Batch.objects.get(pk=asked).reminded_at == since + timedelta(hours=72)

    def test_is_told_once_though_a_worker_died_before_it_noted_that(self, asked: str) -> None:
        with clock.frozen(asked_at(asked) + DAY):
            remind()
            Batch.objects.filter(pk=asked).update(reminded_at=None)
            remind()
            assert Batch.objects.get(pk=asked).reminded_at is not None
        assert len(alarms(asked)) == 1

    def test_several_workers_tell_it_once(self, asked: str) -> None:
        now = asked_at(asked) + DAY
        at_once(*[lambda: reminding.raise_overdue(now)] * 3)
        assert len(alarms(asked)) == 1

    def test_what_was_decided_waits_no_more(self, asked: str) -> None:
        agrees(person("ann@example.com", "approver"), request_of(asked).pk)
        assert status_of(asked) == "approved"
        with clock.frozen(asked_at(asked) + 2 * DAY):
            assert reminding.raise_overdue(clock.now()) == 0


class TestWeekly:
    @pytest.fixture(autouse=True)
    def _approvers(self, acme: World) -> None:
        person("ann@example.com", "approver")
        person("ben@example.com", "approver")
        person("cyd@example.com", "operator")

    def test_lists_what_waits_to_who_may_approve(self, asked: str, taking: Post) -> None:
        remind_weekly()
        assert sorted(each["To"] for each in taking.mails) == ["ann@example.com", "ben@example.com"]
        text = taking.mails[0].get_content()
        for shown in ("Wait for approval", "Salaries", asked, "40.00 EUR", "2 payouts", "Acme"):
            assert shown in text, text
        assert f"https://bank.example/ops/operations/approvalrequest/{request_of(asked).pk}/" in text
        assert "Approved and not executed" not in text
        assert taking.mails[0]["Subject"] == "Payout batches that wait: 1"

    def test_tells_what_is_approved_and_what_is_short(self, asked: str, taking: Post) -> None:
        agrees(person("dee@example.com", "approver"), request_of(asked).pk)
        remind_weekly()
        assert "Approved and not executed" in taking.mails[0].get_content()
        taking.mails.clear()
        short = [{"provider": "bank", "currency": "EUR", "has": "1.00", "needs": "40.00", "short": "39.00"}]
        Batch.objects.filter(pk=asked).update(short=short)
        with clock.frozen(clock.now() + 7 * DAY):
            remind_weekly()
        text = taking.mails[0].get_content()
        assert "Short of money" in text
        assert "39.00 EUR at bank" in text

    def test_nothing_is_mailed_when_nothing_waits(self, acme: World, taking: Post) -> None:
        remind_weekly()
        assert taking.mails == []
        assert not WeeklyReminder.objects.exists()

    def test_each_is_mailed_once_a_week_by_several_workers(self, asked: str, taking: Post) -> None:
        def on_monday() -> None:
            with clock.frozen(datetime(2026, 11, 23, 9, tzinfo=UTC)):
                remind_weekly()

        at_once(*[on_monday] * 3)
        on_monday()
        assert len(taking.mails) == 2
        with clock.frozen(datetime(2026, 11, 29, 23, 59, tzinfo=UTC)):
            remind_weekly()
        assert len(taking.mails) == 2
        with clock.frozen(datetime(2026, 11, 30, 9, tzinfo=UTC)):
            remind_weekly()
        assert len(taking.mails) == 4
        assert len({each["Message-ID"] for each in taking.mails}) == 4

    def test_what_the_server_does_not_take_is_sent_later_under_the_same_name(
        self, asked: str, taking: Post
    ) -> None:
        taking.refuse = 1
        remind_weekly()
        assert len(taking.mails) == 1
        [unsent] = WeeklyReminder.objects.filter(sent_at=None)
        with clock.frozen(clock.now() + LEASE):
            remind()
        assert len(taking.mails) == 2
        assert unsent.pk in {each["Message-ID"][1:].partition("@")[0] for each in taking.mails}

    def test_goes_out_on_mondays_at_nine(self) -> None:
        assert str(BEAT_SCHEDULE["remind-of-batches-weekly"]["schedule"]).startswith("<crontab: 0 9 * * 1 ")


class TestInTime:
    def test_counts_what_was_sent_within_a_day_of_approval(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        start = clock.now() - DAY
        assert executed_in_time(start, now=clock.now()).share is None
        batch = submitted(acme, wallet, row("30.00"), row("10.00"))
        assert finished(batch) == "completed"
        assert executed_in_time(start, now=clock.now()).share == 1
        late = Transfer.objects.filter(batch_id=batch).first()
        assert late is not None
        approved_at = Batch.objects.get(pk=batch).approved_at
        assert approved_at is not None
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE transfers_transfer SET sent_at = %s WHERE id = (SELECT id FROM transfers_transfer"
                " WHERE batch_id IS NOT NULL ORDER BY id LIMIT 1)",
                [approved_at + DAY + timedelta(seconds=1)],
            )
        found = executed_in_time(start, now=approved_at + 2 * DAY)
        assert (found.in_time, found.payouts, found.share) == (1, 2, Fraction(1, 2))
        assert executed_in_time(approved_at + DAY, now=approved_at + 2 * DAY).share is None

    def test_of_what_may_still_be_in_time_nothing_is_said(self, asked: str) -> None:
        agrees(person("ann@example.com", "approver"), request_of(asked).pk)
        approved_at = Batch.objects.get(pk=asked).approved_at
        assert approved_at is not None
        assert executed_in_time(approved_at, now=approved_at + DAY / 2).payouts == 0
        found = executed_in_time(approved_at, now=approved_at + DAY)
        assert (found.in_time, found.payouts) == (0, 2)
