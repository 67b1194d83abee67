"""A backup is restored while the provider has gone on: nothing is sent twice, and what was executed is known again."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from apps.core import clock
from tests.support import payouts
from tests.support.payouts import pay_out, recipient, work
from tests.support.restoring import back_up_and_restore, manage
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, world

pytestmark = pytest.mark.usefixtures("ledger_db")

WORK = "from apps.transfers.worker import Worker; w = Worker('restored'); w.run(1); w.close()"


@pytest.fixture
def acme(ledger_db: Any) -> World:
    return world("acme")


def standing(name: str) -> dict[str, str]:
    """The status of each payout of a database, by its reference."""
    info = connection.connection.info
    dsn = psycopg.conninfo.make_conninfo(info.dsn, dbname=name)
    with psycopg.connect(dsn, password=info.password) as database:
        return dict(
            database.execute(
                "SELECT reference, status FROM transfers_transfer WHERE kind = 'payout'"
            ).fetchall()
        )


def executed(sandbox: Sandbox) -> dict[str, str]:
    """What the provider has, by the memo that names our reference."""
    sandbox.settle()
    orders = sandbox.truth()["order"]
    assert len({order["memo"] for order in orders}) == len(orders)
    return {order["memo"]: order["status"] for order in orders}


def test_what_was_executed_since_the_backup_is_recovered_before_anything_is_sent(
    acme: World, sandbox: Sandbox, restored: str, tmp_path: Path
) -> None:
    payouts.provider(sandbox)
    wallet, to = acme.funded("100.00"), recipient(acme)
    begun = clock.written(clock.now())
    pay_out(acme, wallet, to, "10.00", reference="sent after the backup")
    sandbox.fault(do={"submit": "not_accepted"})
    back_up_and_restore(tmp_path / "backup", restored)
    work()  # is not accepted at first
    with payouts.later(minutes=2):
        work()
    pay_out(acme, wallet, to, "20.00", reference="made after the backup")
    work()
    assert executed(sandbox) == {"sent after the backup": "completed", "made after the backup": "completed"}

    told = manage(restored, "after_restore")
    assert "Nothing is sent to sandbox-bank any more." in told
    manage(restored, "shell", "-c", WORK)
    assert standing(restored) == {"sent after the backup": "balance_reserved"}
    told = manage(restored, "catch_up", "--since", begun)
    assert "sandbox-bank: 0 known, 1 recovered, 1 unknown." in told
    manage(restored, "shell", "-c", WORK)
    assert standing(restored) == {"sent after the backup": "completed"}
    assert len(sandbox.truth()["order"]) == 2
    assert "1 known, 0 recovered, 1 unknown" in manage(
        restored, "catch_up", "--since", begun, "--provider", "sandbox-bank"
    )


def test_a_provider_that_does_not_say_stays_locked(
    acme: World, sandbox: Sandbox, restored: str, tmp_path: Path
) -> None:
    payouts.provider(sandbox)
    pay_out(acme, acme.funded("100.00"), recipient(acme), "10.00", reference="waits")
    back_up_and_restore(tmp_path / "backup", restored)
    manage(restored, "after_restore")
    sandbox.down("bank")
    with pytest.raises(AssertionError, match="Sending to it stays locked"):
        manage(restored, "catch_up", "--since", "2026-11-21T12:00:00Z")
    sandbox.up()
    manage(restored, "shell", "-c", WORK)
    assert (standing(restored), sandbox.truth()["order"]) == ({"waits": "balance_reserved"}, [])
