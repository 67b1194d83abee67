"""Schedules make batches by themselves: each day once, moved, missed, short, approved, and told."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import InternalError, ProgrammingError, transaction

from apps.core import clock
from apps.operations.models import Event, Operation
from apps.payouts.models import Batch, BatchRow, Schedule, ScheduleRow, ScheduleRun
from apps.payouts.scheduler import run_due
from apps.payouts.services.running import MOST_MADE_UP
from apps.payouts.worker import work
from tests.support.batches import OTHER_IBAN, finished, maker, request_of, rows_of, status_of
from tests.support.door import done, eur, person, refused, run
from tests.support.payouts import recipient
from tests.support.policies import agrees, policy
from tests.support.sandbox import Sandbox
from tests.support.schedules import (
    MONTHLY,
    at,
    batch_of,
    next_of,
    pays,
    run_at,
    runs_of,
    said,
    scheduled,
)
from tests.support.tenants import World, parts, world
from tests.support.threads import at_once, somebody_else, under_way, wait_until_blocked

pytestmark = pytest.mark.usefixtures("ledger_db")

DAILY = {"every": "day", "at": "09:00"}


@pytest.fixture(autouse=True)
def january() -> Iterator[None]:
    """It is New Year's Day 2030."""
    with clock.frozen(at("2030-01-01T12:00")):
        yield


@pytest.fixture
def bo(acme: World) -> str:
    """Somebody who is paid."""
    return recipient(acme)


def told(subject: str) -> list[str]:
    """What the tenant was told of a schedule, in order."""
    found = Event.objects.filter(subject=subject).exclude(type="alert.raised")
    return [each.type.rpartition(".")[2] for each in found.order_by("pk")]


def alarms(subject: str) -> list[str]:
    """Why people were alarmed about a schedule."""
    found = Event.objects.filter(subject=subject, type="alert.raised").order_by("pk")
    return [each.data["reason"] for each in found]


class TestLife:
    def test_pays_on_its_day_and_goes_on_to_the_next(
        self, acme: World, wallet: str, bank: Sandbox, bo: str
    ) -> None:
        schedule = scheduled(acme, wallet, pays(bo, reference="rent"))
        assert (next_of(schedule), run_at("2030-01-31T08:59")) == ("2030-01-31", 0)
        assert run_at("2030-01-31T09:00") == 1
        batch = batch_of(schedule, "2030-01-31")
        made = Batch.objects.get(pk=batch)
        assert (made.source, made.status, made.name) == ("schedule", "pending_approval", "Rent 2030-01-31")
        assert (rows_of(batch), parts(wallet)) == ([(1, "ready", "")], ("100.00", "0.00"))
        with clock.frozen(at("2030-01-31T09:01")):
            assert finished(batch) == "completed"
        assert (parts(wallet), next_of(schedule)) == (("60.00", "0.00"), "2030-02-28")
        assert (told(schedule), alarms(schedule)) == (["created"], [])
        assert told(batch)[:3] == ["created", "submitted", "approved"]

    def test_ends_with_its_last_day(self, acme: World, wallet: str, bo: str) -> None:
        schedule = scheduled(acme, wallet, pays(bo), when={**DAILY, "last_on": "2030-01-03"})
        assert run_at("2030-01-20T00:00") == 2
        found = Schedule.objects.get(pk=schedule)
        assert (found.status, found.next_on, found.made) == ("ended", None, 2)
        assert told(schedule) == ["created", "ended"]

    def test_once_is_once(self, acme: World, wallet: str, bo: str) -> None:
        when = {"every": "once", "first_on": "2030-03-01", "at": "10:00", "time_zone": "Europe/Berlin"}
        schedule = scheduled(acme, wallet, pays(bo), when=when)
        assert (run_at("2030-03-01T08:59"), run_at("2030-03-01T09:00")) == (0, 1)
        assert (runs_of(schedule), next_of(schedule)) == ([("2030-03-01", "made")], "None")

    def test_a_holiday_moves_the_payout_and_never_the_day(self, acme: World, wallet: str, bo: str) -> None:
        """Good Friday 2030 is 19 April."""
        when = {"every": "month", "on_day": 19, "first_on": "2030-04-01", "at": "09:00", "calendar": "TARGET"}
        given = {way: scheduled(acme, wallet, pays(bo, "1.00"), name=way, when={**when, "on_holiday": way})
                 for way in ("before", "after", "skip")}  # fmt: skip
        decided = [run_at(f"2030-04-{day}T09:00") for day in (18, 19, 22, 23)]
        assert decided == [1, 1, 0, 1]
        assert [runs_of(each) for each in given.values()] == [
            [("2030-04-19", "made")],
            [("2030-04-19", "made")],
            [("2030-04-19", "no_business_day")],
        ]
        assert told(given["skip"]) == ["created", "skipped"]

    def test_a_change_is_another_version_from_the_next_day_on(
        self, acme: World, wallet: str, bo: str
    ) -> None:
        schedule = scheduled(acme, wallet, pays(bo, "10.00"), when=DAILY)
        assert run_at("2030-01-02T09:00") == 1
        with clock.frozen(at("2030-01-02T10:00")):
            more = said(wallet, pays(bo, "11.00"), pays(bo, "12.00"), when={**DAILY, "at": "11:00"})
            changed = done("payouts.change_schedule", actor=maker(), schedule=schedule, **more)
        # Eleven is still to come today, whose day is decided already.
        assert (changed["version"], changed["next_on"]) == (2, "2030-01-03")
        assert (run_at("2030-01-03T10:59"), run_at("2030-01-03T11:00")) == (0, 1)
        amounts = BatchRow.objects.filter(batch=batch_of(schedule, "2030-01-03")).order_by("number")
        assert list(amounts.values_list("amount", flat=True)) == [1_100, 1_200]
        assert ScheduleRow.objects.filter(schedule=schedule).count() == 3
        assert told(schedule) == ["created", "changed"]

    def test_paused_it_misses_its_days(self, acme: World, wallet: str, bo: str) -> None:
        schedule = scheduled(acme, wallet, pays(bo, "1.00"), when=DAILY)
        done("payouts.pause_schedule", actor=maker(), schedule=schedule, reason="moving house")
        assert run_at("2030-01-03T09:00") == 2
        with clock.frozen(at("2030-01-05T12:00")):
            resumed = done("payouts.resume_schedule", actor=maker(), schedule=schedule)
        assert (resumed["status"], resumed["next_on"]) == ("active", "2030-01-06")
        assert run_at("2030-01-06T09:00") == 1
        assert runs_of(schedule) == [
            *((f"2030-01-0{day}", "paused") for day in (2, 3, 4, 5)),
            ("2030-01-06", "made"),
        ]
        assert told(schedule) == ["created", "paused", *["skipped"] * 4, "resumed"]

    def test_ended_it_never_pays_again(self, acme: World, wallet: str, bo: str) -> None:
        schedule = scheduled(acme, wallet, pays(bo), when=DAILY)
        with clock.frozen(at("2030-01-02T09:30")):
            done("payouts.end_schedule", actor=maker(), schedule=schedule, reason="moved")
        assert run_at("2030-02-01T00:00") == 0
        assert (runs_of(schedule), Batch.objects.count()) == ([("2030-01-02", "called_off")], 0)
        for command in ("pause_schedule", "end_schedule"):
            given = {"actor": maker(), "schedule": schedule, "reason": "again"}
            assert refused(f"payouts.{command}", **given) == "PAYOUT_SCHEDULE_STATUS_UNFIT"


class TestOnce:
    def test_two_at_the_same_time_make_it_once(self, acme: World, wallet: str, bo: str) -> None:
        schedule = scheduled(acme, wallet, pays(bo))

        def beat() -> int:
            return run_at("2030-01-31T09:00")

        at_once(*[beat] * 4)
        beat()
        assert (Batch.objects.count(), runs_of(schedule)) == (1, [("2030-01-31", "made")])
        assert Schedule.objects.get(pk=schedule).made == 1

    def test_one_that_was_killed_is_followed_by_the_next(self, acme: World, wallet: str, bo: str) -> None:
        schedule = scheduled(acme, wallet, pays(bo))
        with somebody_else() as holder:
            holder.execute("SELECT 1 FROM payouts_schedule FOR UPDATE")
            with under_way(lambda: run_at("2030-01-31T09:00")) as [beat]:
                try:
                    wait_until_blocked(1)
                    holder.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                    )
                    assert beat.exception() is not None or beat.result() == 0
                finally:
                    holder.rollback()
        assert not Batch.objects.exists()
        assert (run_at("2030-01-31T09:01"), run_at("2030-01-31T09:02")) == (1, 0)
        assert runs_of(schedule) == [("2030-01-31", "made")]
        assert Operation.objects.filter(key=f"{schedule}:2030-01-31", status="accepted").count() == 1

    def test_an_outage_is_made_up_for_in_order_and_not_for_ever(
        self, acme: World, wallet: str, bo: str
    ) -> None:
        schedule = scheduled(acme, wallet, pays(bo, "1.00"), when=DAILY)
        assert run_at("2030-01-15T09:00") == 14
        outcomes = [outcome for _day, outcome in runs_of(schedule)]
        assert outcomes == ["missed"] * (14 - MOST_MADE_UP) + ["made"] * MOST_MADE_UP
        made = ScheduleRun.objects.filter(outcome="made").order_by("id")
        days = [str(run.day) for run in made]
        assert days == sorted(days)
        assert alarms(schedule) == ["payout schedule: missed for too long"] * (14 - MOST_MADE_UP)

    def test_runs_and_versions_stay_what_they_were(self, acme: World, wallet: str, bo: str) -> None:
        scheduled(acme, wallet, pays(bo), when=DAILY)
        run_at("2030-01-02T09:00")
        for model in (ScheduleRun, ScheduleRow):
            with pytest.raises((InternalError, ProgrammingError), match="APPEND_ONLY"), transaction.atomic():
                model._base_manager.all().delete()

    def test_a_day_is_run_by_nobody_else_nor_before_it_is_due(
        self, acme: World, wallet: str, bo: str
    ) -> None:
        schedule = scheduled(acme, wallet, pays(bo))
        given = {"schedule": schedule, "day": "2030-01-31"}
        assert refused("payouts.run_schedule", **given) == "PAYOUT_SCHEDULE_NOT_DUE"
        with clock.frozen(at("2030-02-01T00:00")):
            other_day = {"schedule": schedule, "day": "2030-01-30"}
            assert refused("payouts.run_schedule", **other_day) == "PAYOUT_SCHEDULE_NOT_DUE"
            assert refused("payouts.run_schedule", actor=acme.key, **given) == "AUTHORIZATION_FAILED"


class TestShort:
    def test_waits_until_the_last_cent_is_there(self, acme: World, bo: str) -> None:
        wallet = acme.funded("39.99")
        schedule = scheduled(acme, wallet, pays(bo, "40.00"), when_short="wait", wait_days=2)
        assert [run_at(f"2030-01-31T09:0{minute}") for minute in range(3)] == [0, 0, 0]
        assert (runs_of(schedule), alarms(schedule)) == ([], ["payout schedule: waits for money"])
        assert Schedule.objects.get(pk=schedule).waits_since == at("2030-01-31T09:00")
        money = {"wallet": wallet, "amount": eur("0.01"), "from_account": "bank:ing"}
        done("transfers.post_pay_in", **money)
        assert run_at("2030-02-01T03:00") == 1
        [found] = ScheduleRun.objects.all()
        assert (found.outcome, found.needed, found.available) == ("made", 4_000, 4_000)
        assert Schedule.objects.get(pk=schedule).waits_since is None

    def test_waits_no_longer_than_it_says(self, acme: World, bo: str) -> None:
        schedule = scheduled(acme, acme.funded("39.99"), pays(bo), when_short="wait", wait_days=2)
        assert (run_at("2030-02-02T08:59"), run_at("2030-02-02T09:00")) == (0, 1)
        [found] = ScheduleRun.objects.all()
        assert (found.outcome, found.code) == ("short", "INSUFFICIENT_BALANCE")
        assert (found.needed, found.available, found.batch) == (4_000, 3_999, None)
        assert told(schedule) == ["created", "skipped"]
        assert alarms(schedule)[-1] == "payout schedule: the wallet was short"

    @pytest.mark.parametrize(("has", "outcome"), [("40.00", "made"), ("39.99", "short")])
    def test_skips_what_the_wallet_has_not(self, acme: World, bo: str, has: str, outcome: str) -> None:
        rows = (pays(bo, "15.00"), pays(bo, "25.00"))
        schedule = scheduled(acme, acme.funded(has), *rows, when_short="skip")
        assert run_at("2030-01-31T09:00") == 1
        assert (runs_of(schedule), next_of(schedule)) == ([("2030-01-31", outcome)], "2030-02-28")

    def test_pays_what_there_is_row_by_row(self, acme: World, bank: Sandbox, bo: str) -> None:
        wallet = acme.funded("40.00")
        rows = (pays(bo, "25.00"), pays(bo, "20.00"), pays(bo, "15.00"))
        schedule = scheduled(acme, wallet, *rows, when_short="pay_what_there_is")
        assert run_at("2030-01-31T09:00") == 1
        batch = batch_of(schedule, "2030-01-31")
        with clock.frozen(at("2030-01-31T09:01")):
            assert finished(batch) == "partially_completed"
        statuses = [(number, code) for number, _status, code in rows_of(batch)]
        assert statuses == [(1, ""), (2, "INSUFFICIENT_BALANCE"), (3, "")]
        assert parts(wallet) == ("0.00", "0.00")

    def test_what_waits_is_not_changed_but_may_be_let_pass(self, acme: World, bo: str) -> None:
        wallet = acme.wallet()
        schedule = scheduled(acme, wallet, pays(bo), when_short="wait")
        run_at("2030-01-31T09:00")
        with clock.frozen(at("2030-01-31T10:00")):
            more = {"actor": maker(), "schedule": schedule, **said(wallet, pays(bo))}
            assert refused("payouts.change_schedule", **more) == "PAYOUT_SCHEDULE_DUE"
            done("payouts.pause_schedule", actor=maker(), schedule=schedule, reason="no money")
            done("payouts.resume_schedule", actor=maker(), schedule=schedule)
            assert done("payouts.change_schedule", **more)["version"] == 2
        assert (runs_of(schedule), next_of(schedule)) == ([("2030-01-31", "paused")], "2030-02-28")


class TestWhoAndWhat:
    def test_a_closed_recipients_row_is_refused_and_told_and_the_others_are_paid(
        self, acme: World, wallet: str, bank: Sandbox, bo: str
    ) -> None:
        other = recipient(acme, details={"iban": OTHER_IBAN})
        schedule = scheduled(acme, wallet, pays(bo, "10.00"), pays(other, "20.00"))
        done("accounts.close_recipient", recipient=bo, reason="moved")
        assert run_at("2030-01-31T09:00") == 1
        batch = batch_of(schedule, "2030-01-31")
        with clock.frozen(at("2030-01-31T09:01")):
            assert finished(batch) == "partially_completed"
        assert rows_of(batch) == [(1, "refused", "RECIPIENT_CLOSED"), (2, "reserved", "")]
        assert (parts(wallet), alarms(schedule)) == (("80.00", "0.00"), ["payout schedule: rows refused"])

    def test_nothing_that_could_be_paid_is_told(self, acme: World, bo: str) -> None:
        wallets = [acme.wallet(), acme.wallet()]
        closed, lonely = (scheduled(acme, each, pays(bo)) for each in wallets)
        done("accounts.close_wallet", wallet=wallets[0], reason="x")
        done("accounts.close_recipient", recipient=bo, reason="x")
        assert run_at("2030-01-31T09:00") == 2
        assert list(ScheduleRun.objects.order_by("schedule").values_list("outcome", "code")) == [
            ("refused", "WALLET_CLOSED"),
            ("refused", "RECIPIENT_CLOSED"),
        ]
        for schedule in (closed, lonely):
            assert alarms(schedule) == ["payout schedule: nothing could be paid"]
            assert told(schedule) == ["created", "skipped"]

    def test_a_suspended_tenant_pays_nothing_by_it(self, acme: World, wallet: str, bo: str) -> None:
        schedule = scheduled(acme, wallet, pays(bo))
        done("accounts.suspend_tenant", tenant=acme.tenant, reason="x")
        assert run_at("2030-01-31T09:00") == 1
        assert (runs_of(schedule), Batch.objects.count()) == ([("2030-01-31", "refused")], 0)

    def test_who_set_or_resumed_it_does_not_approve_its_batches(
        self, acme: World, wallet: str, bank: Sandbox, bo: str
    ) -> None:
        policy("payouts.approve_batch")
        both = person("op@example.com", "operator", "approver")
        schedule = scheduled(acme, wallet, pays(bo))
        done("payouts.pause_schedule", actor=both, schedule=schedule, reason="x")
        done("payouts.resume_schedule", actor=both, schedule=schedule)
        run_at("2030-01-31T09:00")
        batch = batch_of(schedule, "2030-01-31")
        with clock.frozen(at("2030-01-31T09:01")):
            work()
            asked = request_of(batch)
            assert (status_of(batch), parts(wallet)) == ("pending_approval", ("60.00", "40.00"))
            assert agrees(both, asked.pk).error is not None
            agrees(person("ann@example.com", "approver"), asked.pk).or_raise()
            assert finished(batch) == "completed"
        assert (asked.maker_id, len(Batch.objects.get(pk=batch).makers)) == (maker().id, 2)

    def test_another_tenants_is_not_there(self, acme: World, wallet: str, bo: str) -> None:
        globex = world("globex")
        schedule = scheduled(acme, wallet, pays(bo))
        mine = {"name": "x", "when": MONTHLY}
        for given in (
            ("payouts.pause_schedule", {"schedule": schedule, "reason": "x"}),
            ("payouts.change_schedule", {"schedule": schedule, **said(wallet, pays(bo))}),
            ("payouts.create_schedule", {**mine, "wallet": wallet, "rows": [pays(bo)]}),
        ):
            outcome = run(given[0], actor=globex.key, **given[1])
            assert outcome.error, given
            assert outcome.error.http_status == 404, given
        theirs = {**mine, "wallet": globex.wallet(), "rows": [pays(bo)]}
        outcome = run("payouts.create_schedule", actor=globex.key, **theirs)
        assert outcome.error
        assert "RECIPIENT_NOT_FOUND" in str(outcome.error.details)
        own = done("payouts.create_schedule", actor=acme.key, **mine, wallet=wallet, rows=[pays(bo)])
        assert done("payouts.end_schedule", actor=acme.key, schedule=own["schedule"], reason="x")

    @pytest.mark.parametrize(
        ("when", "code"),
        [
            ({"every": "month", "at": "09:00"}, "PAYOUT_SCHEDULE_UNCLEAR"),
            ({"every": "week", "on_day": 8, "at": "09:00"}, "PAYOUT_SCHEDULE_UNCLEAR"),
            ({"every": "day", "on_day": 1, "at": "09:00"}, "PAYOUT_SCHEDULE_UNCLEAR"),
            ({**DAILY, "first_on": "2029-12-31"}, "PAYOUT_SCHEDULE_UNCLEAR"),
            ({**DAILY, "last_on": "2029-12-31"}, "PAYOUT_SCHEDULE_UNCLEAR"),
            ({**DAILY, "calendar": "TARGET", "on_holiday": "after"}, "PAYOUT_SCHEDULE_UNCLEAR"),
            ({**DAILY, "calendar": "Mars", "on_holiday": "skip"}, "CALENDAR_UNKNOWN"),
            ({**DAILY, "last_on": "2030-01-01"}, "PAYOUT_SCHEDULE_NEVER"),
            ({"every": "once", "first_on": "2030-01-01", "at": "11:59"}, "PAYOUT_SCHEDULE_NEVER"),
        ],
    )
    def test_days_that_cannot_be_meant(
        self, acme: World, wallet: str, bo: str, when: dict[str, Any], code: str
    ) -> None:
        given = {"tenant": acme.tenant, **said(wallet, pays(bo), when=when)}
        assert refused("payouts.create_schedule", **given) == code

    def test_rows_that_could_not_be_paid_are_refused_at_once(self, acme: World, wallet: str, bo: str) -> None:
        in_dollars = {"recipient": bo, "amount": {"amount": "1.00", "currency": "USD"}}
        given = {"tenant": acme.tenant, **said(wallet, pays(bo), in_dollars, pays(bo))}
        outcome = run("payouts.create_schedule", **given)
        assert outcome.error
        assert outcome.error.code == "PAYOUT_SCHEDULE_ROWS_UNFIT"
        told_of: Any = outcome.error.details["rows"]
        wrong = {row["number"]: row["problems"][0]["code"] for row in told_of}
        assert wrong == {2: "CURRENCY_MISMATCH", 3: "DUPLICATE_ROW"}
        assert not Schedule.objects.exists()

    def test_nothing_is_due_where_there_is_none(self, acme: World) -> None:
        assert run_due() == 0
