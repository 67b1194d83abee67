"""A sweep that is missing, forged or not what its rule asked for is found and told of once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from apps.core import clock
from apps.operations.models import Event
from apps.treasury.models import SweepInstruction, SweepRule, SweepVerification
from apps.treasury.services.verifying import verify
from apps.treasury.tasks import verify_sweeps
from tests.support.door import done, eur
from tests.treasury.keeping import MAIN, PAYOUTS, due, filled, pass_to, rule, spent

pytestmark = [pytest.mark.usefixtures("ledger_db"), pytest.mark.tampers]


@pytest.fixture
def kept() -> SweepRule:
    """A rule that has moved money in, found nothing to do, and moved money out."""
    filled(MAIN, "20000.00")
    filled(PAYOUTS, "200.00")
    found = rule()
    due(found, 2)
    filled(PAYOUTS, "70.00")
    due(found)
    return found


def tampered(statement: str, *values: Any) -> None:
    """What nobody may do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        assert cursor.rowcount, statement


def found(kept: SweepRule) -> list[str]:
    """What a verification finds shortly after the last due time."""
    last = kept.when.next_after(clock.now()) - timedelta(minutes=5)
    return [each["what"] for each in verify(last + timedelta(minutes=9)).differences]


def test_sound_ones_are_found_sound(kept: SweepRule) -> None:
    assert found(kept) == []
    made = SweepVerification.objects.get()
    assert (made.executions, made.found) == (3, 0)


LAST = "(SELECT id FROM treasury_sweepexecution ORDER BY due_at DESC LIMIT 1)"
FIRST = "(SELECT id FROM treasury_sweepexecution ORDER BY due_at LIMIT 1)"
ENTRY = f"(SELECT entry_id FROM treasury_sweepexecution WHERE id = {FIRST})"


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (f"DELETE FROM treasury_sweepexecution WHERE id = {FIRST}", {"missing"}),
        (f"UPDATE treasury_sweepexecution SET due_at = due_at + interval '1 second' WHERE id = {FIRST}", {"missing", "not_due"}),
        (f"UPDATE treasury_sweepexecution SET balance = balance + 1 WHERE id = {FIRST}", {"balance", "asked", "decided"}),
        (f"UPDATE treasury_sweepexecution SET counter_balance = 1 WHERE id = {FIRST}", {"balance", "decided"}),
        (f"UPDATE treasury_sweepexecution SET sequence = 99 WHERE id = {FIRST}", {"balance"}),
        ("UPDATE treasury_sweepexecution SET sequence = 0, balance = 0, asked = 500000, amount = 500000"
         f" WHERE id = {LAST}", {"balance", "entry"}),
        (f"UPDATE treasury_sweepexecution SET amount = amount - 100 WHERE id = {FIRST}", {"decided", "entry"}),
        ("UPDATE treasury_sweepexecution SET status = 'refused', why = 'ledger', amount = 0, entry_id = NULL"
         f" WHERE id = {FIRST}", {"refusal"}),
        (f"UPDATE treasury_sweepexecution SET status = 'nothing_to_do', amount = 0, entry_id = NULL WHERE id = {FIRST}", {"decided"}),
        (f"DELETE FROM ledger_entry WHERE id = {ENTRY}", {"entry"}),
        (f"UPDATE ledger_line SET amount = amount + sign(amount) WHERE entry_id = {ENTRY}", {"entry"}),
        ("UPDATE treasury_sweeprule SET target = target + 100", {"asked", "decided", "entry"}),
    ],
)  # fmt: skip
def test_what_was_tampered_with_is_found(kept: SweepRule, statement: str, what: set[str]) -> None:
    tampered(statement)
    assert set(found(kept)) - {"entry"} == what - {"entry"}
    assert ("entry" in found(kept)) == ("entry" in what and "sweeprule" not in statement)


def test_the_last_of_a_rule_that_was_stopped_is_missed(kept: SweepRule) -> None:
    done("treasury.stop_sweep_rule", rule=kept.pk, reason="over")
    assert found(kept) == []
    tampered(f"DELETE FROM treasury_sweepexecution WHERE id = {LAST}")
    assert found(kept) == ["missing"]


@pytest.mark.parametrize(
    ("tamper", "what"),
    [
        (lambda: tampered("DELETE FROM treasury_sweepinstruction"), "instruction"),
        (lambda: tampered("UPDATE treasury_sweepinstruction SET amount = amount + 1"), "instruction"),
        (lambda: tampered("UPDATE treasury_sweepinstruction SET giver = taker, taker = giver"), "instruction"),
        (lambda: tampered(f"UPDATE treasury_sweepexecution SET waits_for_id = id WHERE id = {LAST}"), "instruction"),
        (lambda: tampered("UPDATE treasury_sweepinstruction SET status = 'confirmed', closed_at = now() + interval '1 day',"
                          " entry_id = id"), "entry"),
    ],
)  # fmt: skip
def test_instructions_are_verified_too(tamper: Callable[[], None], what: str) -> None:
    filled(MAIN, "20000.00")
    filled("bank:abn", "200.00")
    kept = rule("bank:abn", MAIN)
    due(kept, 2)
    assert found(kept) == []
    tamper()
    assert what in found(kept)


def test_a_confirmed_one_is_compared_with_its_entry() -> None:
    filled(MAIN, "20000.00")
    filled("bank:abn", "200.00")
    kept = rule("bank:abn", MAIN)
    due(kept)
    [told] = SweepInstruction.objects.all()
    entry = done("treasury.confirm_sweep", instruction=told.pk, bank_reference="R")["entry"]
    assert found(kept) == []
    tampered("DELETE FROM ledger_line WHERE entry_id = (SELECT entry_id FROM treasury_sweepinstruction)")
    assert entry
    assert found(kept) == ["entry"]


def test_a_due_time_that_nobody_executed_is_told_of_once(kept: SweepRule) -> None:
    pass_to(clock.now() + timedelta(minutes=16))
    verify_sweeps()
    verify_sweeps(everything=True)
    told = Event.objects.filter(type="alert.raised", data__reason="sweep difference")
    assert [each.data["what"] for each in told] == ["missing", "missing"]
    assert list(SweepVerification.objects.order_by("id").values_list("found", "executions")) == [
        (2, 3),
        (2, 3),
    ]


def test_what_is_long_ago_is_looked_at_once_a_day(kept: SweepRule) -> None:
    done("treasury.stop_sweep_rule", rule=kept.pk, reason="over")
    tampered(f"DELETE FROM treasury_sweepexecution WHERE id = {FIRST}")
    pass_to(clock.now() + timedelta(days=9))
    assert verify(clock.now()).found == 0
    assert verify(clock.now(), everything=True).found == 1


def test_many_of_one_rule_are_verified_in_parts(kept: SweepRule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.treasury.queries.verifying.AT_A_TIME", 2)
    spent(PAYOUTS, "4990.00")
    due(kept, 3)
    assert found(kept) == []
    done("treasury.set_sweep_rule", account=PAYOUTS, counter_account=MAIN, floor=eur("1.00"),
         target=eur("1.00"), minimum=eur("1.00"), every_minutes=60, reason="x")  # fmt: skip
    assert found(kept) == []
