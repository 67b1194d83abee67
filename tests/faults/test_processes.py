"""A process dies, a connection drops: the same key afterwards gives the one answer."""

import json
import subprocess
import sys
import time
from functools import partial
from typing import Any

import pytest

from apps.operations.executor import LOST_CONNECTION, execute_many
from apps.operations.models import Event, Operation
from apps.operations.plan import Request
from apps.operations.run import Outcome
from tests.support.door import balances, code, moved, nothing_moved, opened, person, request, rows, run
from tests.support.processes import ROOT, environment, ran, start
from tests.support.threads import answer_soon, somebody_else, under_way, wait_until_blocked

pytestmark = pytest.mark.usefixtures("ledger_db", "_wallets")

KILLED = -9
MOVE = {
    "book": "platform",
    "reference": "r",
    "kind": "internal",
    "source": "amara",
    "destination": "bo",
    "amount": {"amount": "30.00", "currency": "EUR"},
}


@pytest.fixture
def _wallets(ledger_db: Any) -> None:
    opened("mint", floor=None)
    opened("amara")
    opened("bo")
    moved("mint", "amara", "100.00")


def once_free(asked: Request) -> Outcome:
    """Run once the dead process's transaction is gone, which takes the server a moment."""
    end = time.monotonic() + 20
    while code(outcome := execute_many([asked])[0]) == "KEY_IN_FLIGHT" and time.monotonic() < end:
        time.sleep(0.05)
    return outcome


class TestKilled:
    @pytest.mark.parametrize(
        "where",
        [
            "apps.operations.approvals.in_force",
            "apps.ledger.poster.addresses.resolve",
            "apps.operations.writes.insert",
            "apps.operations.writes.write_updates",
        ],
    )
    def test_before_the_commit_nothing_happened(self, where: str) -> None:
        with nothing_moved():
            ran(
                f"""
                from unittest.mock import patch
                with patch({where!r}, die):
                    run("ledger.import_entry", key="k", **{MOVE!r})
                """,
                code=KILLED,
            )
        assert not Operation.objects.filter(key="k").exists()
        outcome = once_free(request("ledger.import_entry", key="k", **MOVE))
        assert (code(outcome), outcome.replayed) == (None, False)
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}

    def test_after_the_posting_function_and_before_the_commit_nothing_happened(self) -> None:
        """The balances are changed in the transaction, and it dies."""
        with nothing_moved():
            out = ran(
                f"""
                from unittest.mock import patch
                from apps.operations import posting, executor
                original = posting.post
                def post(*args):
                    answer = original(*args)
                    print(rows("SELECT sum(abs(balance)) FROM ledger_balance")[0][0], flush=True)
                    die()
                with patch("apps.operations.posting.post", post):
                    run("ledger.import_entry", key="k", **{MOVE!r})
                """,
                code=KILLED,
            )
        assert out.strip() == "20000"
        outcome = once_free(request("ledger.import_entry", key="k", **MOVE))
        assert (code(outcome), outcome.replayed) == (None, False)
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}

    def test_after_the_commit_and_before_the_answer_it_happened_once(self) -> None:
        ran(
            f"""
            from unittest.mock import patch
            from apps.operations import executor
            original = executor._run_batch
            def run_batch(runs):
                done = original(runs)
                if runs[0].request.key == "k":
                    die()
                return done
            with patch("apps.operations.executor._run_batch", run_batch):
                run("ledger.import_entry", key="k", **{MOVE!r})
            """,
            code=KILLED,
        )
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}
        stored = Operation.objects.get(key="k")
        with nothing_moved():
            outcome = run("ledger.import_entry", key="k", **MOVE)
        assert (outcome.replayed, outcome.operation_id, outcome.result) == (True, stored.pk, stored.result)
        assert Event.objects.filter(operation=stored).count() == 1

    def test_in_the_middle_of_many_the_rest_is_finished_with_the_same_keys(self) -> None:
        cent = {**MOVE, "amount": {"amount": "0.01", "currency": "EUR"}}
        ran(
            f"""
            from unittest.mock import patch
            from apps.operations import executor
            original, batches = executor._attempt, []
            def attempt(runs):
                batches.append(runs)
                if len(batches) == 3:
                    die()
                return original(runs)
            keys = [f"k{{place}}" for place in range(1_200)]
            with patch("apps.operations.executor._attempt", attempt):
                executor.execute_many(
                    [request("ledger.import_entry", key=key, **{{**{cent!r}, "reference": key}}) for key in keys]
                )
            """,
            code=KILLED,
        )
        assert balances("bo") == {"bo": "10.00"}
        keys = [f"k{place}" for place in range(1_200)]
        asked = [request("ledger.import_entry", key=key, **{**cent, "reference": key}) for key in keys]
        once_free(asked[-1])
        outcomes = execute_many(asked)
        assert all(outcome.accepted for outcome in outcomes)
        assert [outcome.replayed for outcome in outcomes].count(True) == 1_001
        assert balances("bo") == {"bo": "12.00"}

    def test_while_it_holds_a_key_others_are_told_to_wait_and_then_run(self) -> None:
        with somebody_else() as other:
            other.execute("SELECT FROM ledger_balance FOR UPDATE")
            process = start(f"run('ledger.import_entry', key='k', **{MOVE!r})")
            wait_until_blocked(1)
            answer = answer_soon(lambda: run("ledger.import_entry", key="k", **MOVE), other)
            process.kill()
            process.communicate()
            other.rollback()
        assert code(answer) == "KEY_IN_FLIGHT"
        assert once_free(request("ledger.import_entry", key="k", **MOVE)).accepted
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}


class TestDropped:
    KILL_THE_BLOCKED = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def test_a_connection_lost_in_the_middle_leaves_nothing_and_the_next_command_runs(self) -> None:
        with somebody_else() as other:
            other.execute("SELECT FROM ledger_balance FOR UPDATE")
            with under_way(partial(run, "ledger.import_entry", key="k", **MOVE)) as [lost], nothing_moved():
                wait_until_blocked(1)
                other.execute(self.KILL_THE_BLOCKED)
                other.rollback()
                with pytest.raises(LOST_CONNECTION):
                    lost.result()
        outcome = run("ledger.import_entry", key="k", **MOVE)
        assert (code(outcome), outcome.replayed) == (None, False)
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}

    def test_a_thread_whose_connection_was_lost_goes_on_with_a_new_one(self) -> None:
        pid = rows("SELECT pg_backend_pid()")[0][0]
        with somebody_else() as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
            other.commit()
        with pytest.raises(Exception, match=r"terminat|closed|lost"):
            run("ledger.import_entry", key="k", **MOVE)
        assert run("ledger.import_entry", key="k", **MOVE).accepted
        assert rows("SELECT pg_backend_pid()")[0][0] != pid
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}


class TestShell:
    """The same through `manage.py op`, as an operator would."""

    def op(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `manage.py op` in a process of its own."""
        return subprocess.run(
            [sys.executable, "manage.py", "op", *arguments],
            cwd=ROOT,
            env=environment(None, "countinghouse_app"),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def test_a_command_is_run_and_replayed_as_the_applications_role(self) -> None:
        person("fin@example.com", "finance")
        data = json.dumps(
            {
                "book": "platform",
                "account": "amara",
                "direction": "credit",
                "amount": {"amount": "5.00", "currency": "EUR"},
                "reason": "counted again",
                "related_type": "ticket",
                "related_id": "7",
            }
        )
        arguments = ("ledger.post_correction", "--as", "fin@example.com", "--key", "k", "--data", data)
        first, again, wrong = self.op(*arguments), self.op(*arguments), self.op(*arguments[:-1], "{")
        assert first.returncode == 0, first.stderr
        assert json.loads(again.stdout) == {**json.loads(first.stdout), "replayed": True}
        assert wrong.returncode == 1
        assert "--data is no JSON" in wrong.stderr
        assert "Traceback" not in wrong.stderr
        assert balances("amara") == {"amara": "105.00"}
