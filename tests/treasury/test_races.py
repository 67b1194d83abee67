"""Two connections: money leaves between a sweep's look and its posting, and the same due time runs twice at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.ledger.models import JournalEntry, Line
from apps.operations.models import Operation
from apps.treasury.models import SweepExecution, SweepRule
from apps.treasury.queries.verifying import differences
from apps.treasury.tasks import execute_sweeps
from tests.support.door import balances, done, eur, rows
from tests.support.threads import at_once, somebody_else, under_way, wait_until_blocked
from tests.treasury.keeping import MAIN, PAYOUTS, due, filled, next_due, pass_to, rule, spent

pytestmark = pytest.mark.usefixtures("ledger_db")


def sweeping(at: datetime) -> Callable[[], None]:
    """Executing what is due by then, in whatever thread: the clock of a test stands still in its own alone."""

    def sweep() -> None:
        with clock.frozen(at):
            execute_sweeps()

    return sweep


@contextmanager
def letting_go(holder: Any) -> Iterator[None]:
    """Whatever happens, nobody waits for the holder afterwards."""
    try:
        yield
    finally:
        holder.rollback()


def first_due(kept: SweepRule) -> datetime:
    """A moment after its first due time, which is now from now on."""
    at = kept.when.next_after(kept.started_at) + timedelta(seconds=1)
    pass_to(at)
    return at


def test_what_leaves_between_look_and_posting_is_not_overdrawn() -> None:
    """Somebody holds the giver's balance; a payment queues for it, then the sweep, which has seen the old balance."""
    filled(MAIN, "5000.00")
    filled(PAYOUTS, "200.00")
    kept = rule()
    sweep = sweeping(first_due(kept))
    [(main,)] = rows("SELECT id FROM ledger_account WHERE address = %s", MAIN)
    with somebody_else() as holder:
        holder.execute("SELECT 1 FROM ledger_balance WHERE account_id = %s FOR UPDATE", [main])
        with under_way(lambda: spent(MAIN, "300.00")) as [payment], letting_go(holder):
            wait_until_blocked(1)
            with under_way(sweep) as [swept], letting_go(holder):
                wait_until_blocked(2)
            swept.result()
            payment.result()
    [refused] = SweepExecution.objects.all()
    assert (refused.status, refused.counter_balance, refused.amount) == ("refused", 500_000, 0)
    assert balances(MAIN, PAYOUTS) == {MAIN: "4700.00", PAYOUTS: "200.00"}
    assert [each.status for each in due(kept)] == ["refused", "short"]
    assert balances(MAIN, PAYOUTS) == {MAIN: "0.00", PAYOUTS: "4900.00"}
    assert list(differences(clock.now())) == []


def test_the_same_due_time_at_once_is_executed_once() -> None:
    filled(MAIN, "5000.00")
    filled(PAYOUTS, "200.00")
    kept = rule()
    sweep = sweeping(first_due(kept))
    at_once(*[sweep] * 4)
    assert [each.status for each in SweepExecution.objects.all()] == ["done"]
    assert JournalEntry.objects.filter(kind="sweep").count() == 1
    assert balances(PAYOUTS) == {PAYOUTS: "5000.00"}


def test_payments_and_sweeps_at_once_lose_nothing() -> None:
    filled(MAIN, "30000.00")
    filled(PAYOUTS, "900.00")
    kept = rule(minimum=eur("0.01"))
    at = kept.when.next_after(kept.started_at)
    for _ in range(4):
        at = kept.when.next_after(at)
        pass_to(at + timedelta(seconds=1))
        at_once(
            sweeping(at + timedelta(seconds=1)),
            lambda: spent(PAYOUTS, "150.00"),
            lambda: spent(MAIN, "50.00"),
        )
    assert Line.objects.filter(account__address="equity:funding").count() == 10
    held = balances(MAIN, PAYOUTS)
    total = sum(int(amount.replace(".", "")) for amount in held.values())
    assert total == 3_090_000 - 4 * 20_000
    assert list(differences(clock.now())) == []


def test_a_killed_execution_goes_on() -> None:
    """What was not committed is not there: the next beat executes the same due time under the same key."""
    filled(MAIN, "5000.00")
    filled(PAYOUTS, "200.00")
    kept = rule()
    sweep = sweeping(first_due(kept))
    [(main,)] = rows("SELECT id FROM ledger_account WHERE address = %s", MAIN)
    with somebody_else() as holder:
        holder.execute("SELECT 1 FROM ledger_balance WHERE account_id = %s FOR UPDATE", [main])
        with under_way(sweep) as [swept], letting_go(holder):
            wait_until_blocked(1)
            [(killed,)] = holder.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock'"
            ).fetchall()
            assert killed
            assert swept.exception() is not None
    assert not SweepExecution.objects.exists()
    sweep()
    sweep()
    assert [each.status for each in SweepExecution.objects.all()] == ["done"]
    assert Operation.objects.filter(key=f"{kept.pk}:{next_due(kept)}").count() == 1
    assert balances(PAYOUTS) == {PAYOUTS: "5000.00"}


def test_two_rules_that_draw_on_one_account_do_not_overdraw_it() -> None:
    filled(MAIN, "6000.00")
    kept = [rule(filled(address, "0.00"), MAIN) for address in (PAYOUTS, "bank:ing:fees")]
    sweeping(first_due(kept[1]))()
    assert [each.status for each in SweepExecution.objects.order_by("id")] == ["done", "short"]
    assert balances(MAIN, PAYOUTS) == {MAIN: "0.00", PAYOUTS: "5000.00"}
    done("treasury.stop_sweep_rule", rule=kept[0].pk, reason="x")
