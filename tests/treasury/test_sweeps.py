"""Sweep rules from setting to verifying, with exact balances."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from apps.core import clock
from apps.ledger.models import JournalEntry
from apps.operations.models import Event, Operation
from apps.treasury.models import SweepExecution, SweepInstruction, SweepRule
from apps.treasury.queries.verifying import differences
from apps.treasury.tasks import execute_sweeps, watch_instructions
from tests.support.door import balances, code, done, eur, opened, person, refused, run
from tests.treasury.keeping import MAIN, PAYOUTS, due, filled, later, next_due, rule, spent

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture(autouse=True)
def accounts(ledger_db: Any) -> None:
    filled(MAIN, "20000.00")
    filled(PAYOUTS, "200.00")


def alerts(reason: str) -> list[dict[str, Any]]:
    return [each.data for each in Event.objects.filter(type="alert.raised", data__reason=reason)]


def nothing_differs() -> None:
    with later(hours=1):
        execute_sweeps()
        assert list(differences(clock.now())) == []


class TestPosting:
    def test_fills_to_the_target_and_takes_what_is_above(self) -> None:
        kept = rule()
        [first] = due(kept)
        assert balances(MAIN, PAYOUTS) == {MAIN: "15200.00", PAYOUTS: "5000.00"}
        assert (first.status, first.balance_money.decimal, first.asked_money.decimal) == (
            "done",
            "200.00",
            "4800.00",
        )
        entry = JournalEntry.objects.get(pk=first.entry_id)
        assert entry.operation_id == first.operation_id
        assert entry.metadata == {"sweep": first.pk, "sweep_rule": kept.pk}
        spent(PAYOUTS, "4000.00")
        assert [each.status for each in due(kept)] == ["done", "nothing_to_do"]
        spent(PAYOUTS, "0.01")
        assert due(kept)[-1].money.decimal == "4000.01"
        filled(PAYOUTS, "9.99")
        assert due(kept)[-1].why == "below_minimum"
        filled(PAYOUTS, "0.01")
        assert due(kept)[-1].money.decimal == "-10.00"
        assert balances(MAIN, PAYOUTS) == {MAIN: "11209.99", PAYOUTS: "5000.00"}
        nothing_differs()

    def test_moves_what_is_there_and_says_once_that_it_is_short(self) -> None:
        kept = rule()
        spent(MAIN, "16000.00")
        [short] = due(kept)
        assert (short.status, short.money.decimal, short.asked_money.decimal) == (
            "short",
            "4000.00",
            "4800.00",
        )
        assert balances(MAIN, PAYOUTS) == {MAIN: "0.00", PAYOUTS: "4200.00"}
        spent(PAYOUTS, "4000.00")
        assert [(each.status, each.amount) for each in due(kept, 2)[1:]] == [("short", 0), ("short", 0)]
        assert [each["execution"] for each in alerts("sweep short")] == [short.pk]
        filled(MAIN, "9000.00")
        spent_again = due(kept)[-1]
        assert spent_again.status == "done"
        spent(PAYOUTS, "4500.00")
        spent(MAIN, "4200.00")
        assert due(kept)[-1].status == "short"
        assert len(alerts("sweep short")) == 2
        nothing_differs()

    def test_leaves_the_counter_account_its_floor(self) -> None:
        done("ledger.set_floor", book="platform", account=MAIN, currency="EUR", floor="19000.00")
        [short] = due(rule())
        assert (short.status, short.money.decimal) == ("short", "1000.00")
        assert balances(MAIN) == {MAIN: "19000.00"}
        nothing_differs()

    def test_what_the_ledger_refuses_is_kept_and_told_and_tried_at_the_next_due_time(self) -> None:
        kept = rule()
        given = {"book": "platform", "account": MAIN, "currency": "EUR", "direction": "both"}
        freeze = done("ledger.freeze_account", **given, reason="court")["freeze"]
        first, second = due(kept, 2)
        assert {first.status, second.status} == {"refused"}
        assert Operation.objects.get(pk=first.operation_id).refusal["code"] == "ACCOUNT_FROZEN"
        assert [each["execution"] for each in alerts("sweep refused")] == [first.pk]
        assert balances(PAYOUTS) == {PAYOUTS: "200.00"}
        done("ledger.unfreeze_account", freeze=freeze, reason="over")
        assert due(kept)[-1].status == "done"
        nothing_differs()

    def test_parts_in_transit_are_posted_too(self) -> None:
        filled("transit:cards", "9000.00")
        filled("transit:wires", "0.00")
        kept = rule("transit:wires", "transit:cards")
        assert not kept.instructs
        assert due(kept)[0].money.decimal == "5000.00"


class TestDueTimes:
    def test_each_is_executed_once_however_often_beat_ticks(self) -> None:
        kept = rule()
        at = kept.when.next_after(kept.started_at)
        with clock.frozen(at + timedelta(seconds=1)):
            for _ in range(3):
                execute_sweeps()
        assert SweepExecution.objects.count() == 1
        assert JournalEntry.objects.filter(kind="sweep").count() == 1
        given = {"rule": kept.pk, "due_at": clock.written(at)}
        with clock.frozen(at + timedelta(seconds=2)):
            again = run("treasury.execute_sweep", key=f"{kept.pk}:{clock.written(at)}", **given)
            assert again.replayed
            assert refused("treasury.execute_sweep", **given) == "SWEEP_EXECUTED"

    def test_those_of_an_outage_are_made_up_for_in_order(self) -> None:
        kept = rule()
        with clock.frozen(kept.started_at + timedelta(minutes=31)):
            execute_sweeps()
        made = SweepExecution.objects.order_by("due_at")
        assert [each.status for each in made] == ["done", *["nothing_to_do"] * 5]
        assert {b.due_at - a.due_at for a, b in pairwise(made)} == {timedelta(minutes=5)}
        nothing_differs()

    def test_a_frozen_platform_leaves_them_due(self) -> None:
        kept = rule()
        flag = {"name": "core_wallet_enabled", "scope": "everything", "scope_id": ""}
        done("operations.set_feature_flag", **flag, enabled=False, reason="incident")
        assert due(kept) == []
        with clock.frozen(kept.started_at + timedelta(minutes=31)):
            execute_sweeps()
        refusals = Operation.objects.filter(command="treasury.execute_sweep", status="refused")
        assert refusals.count() == 2, (
            "those after the first are not even tried: none may be executed before it"
        )
        done("operations.set_feature_flag", **flag, enabled=True, reason="over")
        assert [each.status for each in due(kept)] == ["done"]

    @pytest.mark.parametrize("shift", [-timedelta(minutes=5), timedelta(minutes=1), timedelta(minutes=10)])
    def test_no_other_time_is_executed(self, shift: timedelta) -> None:
        kept = rule()
        at = kept.when.next_after(kept.started_at)
        with clock.frozen(at + timedelta(seconds=1)):
            given = {"rule": kept.pk, "due_at": clock.written(at + shift)}
            assert refused("treasury.execute_sweep", **given) == "SWEEP_NOT_DUE"


class TestRules:
    def test_a_new_version_replaces_the_one_in_force(self) -> None:
        old = rule()
        due(old, 2)
        new = rule(target=eur("6000.00"), floor=eur("5500.00"))
        old.refresh_from_db()
        assert (new.version, old.version) == (2, 1)
        assert (old.ended_at, old.end_reason) == (new.started_at, "Replaced by version 2.")
        assert old.last_due_at is not None
        assert refused("treasury.execute_sweep", rule=old.pk, due_at=next_due(old)) == "SWEEP_RULE_ENDED"
        assert due(new)[0].money.decimal == "1000.00"
        done("treasury.stop_sweep_rule", rule=new.pk, reason="moved away")
        assert refused("treasury.stop_sweep_rule", rule=new.pk, reason="again") == "SWEEP_RULE_ENDED"
        with later(hours=1):
            execute_sweeps()
        assert SweepExecution.objects.count() == 3
        nothing_differs()

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"floor": eur("5000.01")}, "SWEEP_BAND_UNFIT"),
            ({"floor": eur("-0.01")}, "SWEEP_BAND_UNFIT"),
            ({"minimum": eur("0.00")}, "INPUT_INVALID"),
            ({"floor": {"amount": "1.00", "currency": "USD"}}, "CURRENCY_MISMATCH"),
            ({"at": "09:00"}, "SWEEP_WHEN_UNCLEAR"),
            ({"every_minutes": None}, "SWEEP_WHEN_UNCLEAR"),
            ({"every_minutes": 4}, "INPUT_INVALID"),
            ({"days": "MOON"}, "CALENDAR_UNKNOWN"),
            ({"account": "bank:none"}, "ACCOUNT_NOT_FOUND"),
            ({"counter_account": PAYOUTS}, "SWEEP_SAME_ACCOUNT"),
            ({"counter_account": "equity:funding"}, "NOT_OUR_MONEY"),
            ({"book": "nowhere"}, "BOOK_NOT_FOUND"),
        ],
    )
    def test_is_refused(self, change: dict[str, Any], error: str) -> None:
        given: dict[str, Any] = {
            "account": PAYOUTS,
            "counter_account": MAIN,
            "floor": eur("1000.00"),
            "target": eur("5000.00"),
            "minimum": eur("10.00"),
            "every_minutes": 5,
            "reason": "x",
        }
        assert refused("treasury.set_sweep_rule", **given | change) == error
        assert not SweepRule.objects.exists()

    def test_no_customers_money_is_swept(self) -> None:
        opened("wallet:w:available")
        given = {"account": "wallet:w:available", "counter_account": MAIN, "every_minutes": 5, "reason": "x"}
        money = {"floor": eur("0.00"), "target": eur("5.00"), "minimum": eur("1.00")}
        assert refused("treasury.set_sweep_rule", **given, **money) == "NOT_OUR_MONEY"

    def test_what_is_posted_at_once_needs_floors(self) -> None:
        filled("bank:ing:loose", "0.00", floor=None)
        money = {"floor": eur("0.00"), "target": eur("5.00"), "minimum": eur("1.00")}
        given = {"account": PAYOUTS, "counter_account": "bank:ing:loose", "every_minutes": 5, "reason": "x"}
        assert refused("treasury.set_sweep_rule", **given, **money) == "SWEEP_FLOOR_MISSING"

    def test_who_may(self) -> None:
        kept = rule()
        for role, allowed in (("operator", False), ("finance", True)):
            actor = person(f"{role}@example.com", role)
            answer = run("treasury.stop_sweep_rule", actor=actor, rule=kept.pk, reason="x")
            assert (code(answer) is None) == allowed
        assert refused("treasury.execute_sweep", actor=actor, rule=kept.pk, due_at=next_due(kept)) == (
            "AUTHORIZATION_FAILED"
        )


class TestInstructions:
    """Between two banks money moves when people move it."""

    @pytest.fixture
    def kept(self) -> SweepRule:
        filled("bank:abn", "300.00")
        return rule("bank:abn", MAIN, confirm_within=2)

    def test_is_instructed_confirmed_and_posted(self, kept: SweepRule) -> None:
        [first] = due(kept)
        assert (kept.instructs, first.status, first.entry_id) == (True, "instructed", None)
        assert balances(MAIN, "bank:abn") == {MAIN: "20000.00", "bank:abn": "300.00"}
        [told] = SweepInstruction.objects.all()
        assert (told.giver, told.taker, told.money.decimal) == (MAIN, "bank:abn", "4700.00")
        done("treasury.confirm_sweep", instruction=told.pk, bank_reference="ING-77")
        assert balances(MAIN, "bank:abn") == {MAIN: "15300.00", "bank:abn": "5000.00"}
        told.refresh_from_db()
        assert (told.status, told.bank_reference) == ("confirmed", "ING-77")
        assert refused("treasury.confirm_sweep", instruction=told.pk, bank_reference="ING-78") == (
            "SWEEP_INSTRUCTION_CLOSED"
        )
        assert due(kept)[-1].status == "nothing_to_do"
        nothing_differs()

    def test_never_are_two_open_for_an_account(self, kept: SweepRule) -> None:
        due(kept)
        spent("bank:abn", "300.00")
        assert [each.status for each in due(kept, 2)] == ["instructed", "waiting", "waiting"]
        newer = rule("bank:abn", MAIN, target=eur("6000.00"))
        assert [each.status for each in due(newer)] == ["waiting"]
        [told] = SweepInstruction.objects.all()
        done("treasury.cancel_sweep", instruction=told.pk, reason="the bank is closed")
        assert due(newer)[-1].money.decimal == "6000.00"
        assert list(SweepInstruction.objects.order_by("id").values_list("status", flat=True)) == [
            "cancelled",
            "open",
        ]
        nothing_differs()

    def test_a_surplus_goes_the_other_way(self, kept: SweepRule) -> None:
        filled("bank:abn", "5000.00")
        due(kept)
        [told] = SweepInstruction.objects.all()
        assert (told.giver, told.taker, told.money.decimal) == ("bank:abn", MAIN, "300.00")
        done("treasury.confirm_sweep", instruction=told.pk, bank_reference="ABN-1")
        assert balances(MAIN, "bank:abn") == {MAIN: "20300.00", "bank:abn": "5000.00"}
        nothing_differs()

    def test_is_told_of_once_when_nobody_confirms_it(self, kept: SweepRule) -> None:
        due(kept)
        [told] = SweepInstruction.objects.all()
        with clock.frozen(told.confirm_by - timedelta(seconds=1)):
            watch_instructions()
        assert alerts("sweep not confirmed") == []
        with clock.frozen(told.confirm_by):
            watch_instructions()
            watch_instructions()
        assert [each["instruction"] for each in alerts("sweep not confirmed")] == [told.pk]

    def test_the_books_that_lack_it_leave_the_key_free(self, kept: SweepRule) -> None:
        due(kept)
        [told] = SweepInstruction.objects.all()
        spent(MAIN, "19000.00")
        given = {"instruction": told.pk, "bank_reference": "ING-77"}
        assert refused("treasury.confirm_sweep", key="c", **given) == "INSUFFICIENT_FUND"
        filled(MAIN, "9000.00")
        done("treasury.confirm_sweep", key="c", **given)
        nothing_differs()


class TestGuards:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE treasury_sweepexecution SET amount = 1",
            "DELETE FROM treasury_sweepexecution",
            "UPDATE treasury_sweeprule SET floor = 0",
            "DELETE FROM treasury_sweeprule",
            "UPDATE treasury_sweepinstruction SET amount = 1",
            "DELETE FROM treasury_sweepinstruction",
            "UPDATE treasury_sweepverification SET found = 0",
        ],
    )
    def test_evidence_stays(self, statement: str) -> None:
        filled("bank:abn", "300.00")
        due(rule())
        due(rule("bank:abn", MAIN))
        with pytest.raises(ProgrammingError, match="APPEND_ONLY"), transaction.atomic():
            connection.cursor().execute(statement)

    def test_what_ended_or_was_closed_stays_so(self) -> None:
        filled("bank:abn", "300.00")
        kept = rule("bank:abn", MAIN)
        due(kept)
        [told] = SweepInstruction.objects.all()
        done("treasury.cancel_sweep", instruction=told.pk, reason="x")
        done("treasury.stop_sweep_rule", rule=kept.pk, reason="x")
        for table, change in (("sweeprule", "ended_at = NULL"), ("sweepinstruction", "reason = 'y'")):
            with pytest.raises(ProgrammingError, match="APPEND_ONLY"), transaction.atomic():
                connection.cursor().execute(f"UPDATE treasury_{table} SET {change}")

    def test_an_account_has_one_rule_in_force(self) -> None:
        kept = rule()
        kept.pk, kept.version = None, 2
        kept.id = SweepRule._meta.pk.get_default()
        with pytest.raises(IntegrityError, match="sweep_rule_in_force_once"), transaction.atomic():
            kept.save(force_insert=True)
