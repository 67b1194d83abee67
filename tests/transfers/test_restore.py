"""A backup is restored while the provider has gone on: nothing is sent twice, and what was executed is known again."""

from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from apps.core import clock
from apps.transfers.models import Transfer
from apps.transfers.services.catching_up import RESTORER
from tests.support import payouts
from tests.support.door import done, person
from tests.support.payouts import pay_out, recipient, work
from tests.support.policies import agrees
from tests.support.restoring import back_up_and_restore, manage
from tests.support.sandbox import Sandbox
from tests.support.tenants import World

pytestmark = pytest.mark.usefixtures("ledger_db")

WORK = "from apps.transfers.worker import Worker; w = Worker('restored'); w.run(1); w.close()"

OVERDUE = (
    "from datetime import timedelta; from apps.core import clock; from apps.transfers.worker import Worker\n"
    "with clock.frozen(clock.now() + timedelta(days=30)):\n"
    "    w = Worker('early'); w.run(1); w.close()"
)
"""A worker that is started before the providers have said, long after everything is due."""

ASK_AGAIN = (
    "from tests.support.door import done; done('transfers.create_payout', wallet='{wallet}', recipient='{to}',"
    " amount={{'amount': '20.00', 'currency': 'EUR'}}, reference='made after the backup')"
)
"""What a client does whose payment was forgotten together with its idempotency key."""

LOCK = (
    "from tests.support.door import done, person; done('providers.lock_sending', provider='sandbox-bank',"
    " actor=person('op@example.com', 'admin'), reason='Their maintenance')"
)
"""What an operator does meanwhile, which ends no restore."""

UNLOCK = "from tests.support.door import done; done('providers.unlock_sending', provider='sandbox-bank')"
HAS = "from tests.support.tenants import has; print(has('{wallet}').available.decimal)"


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


@pytest.mark.long
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
    with pytest.raises(AssertionError, match="Sending stays locked: sandbox-bank executed what is not known"):
        manage(restored, "catch_up", "--since", begun)
    manage(restored, "shell", "-c", WORK)
    assert standing(restored) == {"sent after the backup": "completed"}
    manage(restored, "shell", "-c", ASK_AGAIN.format(wallet=wallet, to=to))
    manage(restored, "shell", "-c", WORK)
    assert standing(restored)["made after the backup"] == "balance_reserved"
    manage(restored, "shell", "-c", UNLOCK)
    assert len(sandbox.truth()["order"]) == 2


@pytest.mark.long
def test_nothing_is_given_back_before_all_have_said(
    acme: World, sandbox: Sandbox, restored: str, tmp_path: Path
) -> None:
    """The backup believes that a payout waits, and that nothing came; both are untrue since."""
    payouts.provider(sandbox)
    wallet = acme.funded("100.00")
    made = pay_out(acme, wallet, recipient(acme), "10.00", reference="paid since")["transfer"]
    begun = clock.written(clock.now())
    back_up_and_restore(tmp_path / "backup", restored)
    work()
    sandbox.deposit("bank", "25.00", "EUR", reference=wallet)
    assert executed(sandbox) == {"paid since": "completed"}

    manage(restored, "after_restore")
    with_it = (
        f"from tests.support.door import refused; print(refused({{}}, transfer={made!r}, reason='late'))"
    )
    told = manage(restored, "shell", "-c", with_it.format("'transfers.cancel_transfer'"))
    assert "RESTORE_UNFINISHED" in told
    told = manage(
        restored,
        "shell",
        "-c",
        "from tests.support.door import refused; print(refused('providers.unlock_sending', provider='sandbox-bank'))",
    )
    assert "RESTORE_UNFINISHED" in told
    manage(restored, "shell", "-c", LOCK)
    manage(restored, "shell", "-c", OVERDUE)
    assert standing(restored) == {"paid since": "balance_reserved"}
    told = manage(restored, "catch_up", "--since", begun)
    assert "0 known, 1 recovered, 0 unknown;" in told
    assert " 0 messages had been lost" not in told
    manage(restored, "shell", "-c", UNLOCK)
    manage(restored, "shell", "-c", WORK)
    assert standing(restored) == {"paid since": "completed"}
    assert manage(restored, "shell", "-c", HAS.format(wallet=wallet)).split()[-1] == "115.00"
    assert "0 messages had been lost" in manage(restored, "catch_up", "--since", begun)


def test_a_provider_that_does_not_say_stays_locked(
    acme: World, sandbox: Sandbox, restored: str, tmp_path: Path
) -> None:
    payouts.provider(sandbox)
    pay_out(acme, acme.funded("100.00"), recipient(acme), "10.00", reference="waits")
    back_up_and_restore(tmp_path / "backup", restored)
    manage(restored, "after_restore")
    sandbox.down("bank")
    with pytest.raises(AssertionError, match="Sending stays locked"):
        manage(restored, "catch_up", "--since", "2026-11-21T12:00:00Z")
    sandbox.up()
    manage(restored, "shell", "-c", WORK)
    assert (standing(restored), sandbox.truth()["order"]) == ({"waits": "balance_reserved"}, [])


def test_nothing_is_sent_anywhere_before_all_have_said(
    acme: World, sandbox: Sandbox, restored: str, tmp_path: Path
) -> None:
    """What one that is silent has paid must not be sent to another that has spoken."""
    payouts.provider(sandbox)
    payouts.provider(sandbox, "custody", priority=200)
    pay_out(acme, acme.funded("100.00"), recipient(acme), "10.00", reference="paid since")
    begun = clock.written(clock.now())
    back_up_and_restore(tmp_path / "backup", restored)
    work()
    assert executed(sandbox) == {"paid since": "completed"}
    manage(restored, "after_restore")
    sandbox.down("bank")
    with pytest.raises(AssertionError, match="Ask again later: sandbox-bank"):
        manage(restored, "catch_up", "--since", begun)
    sandbox.up()
    manage(restored, "shell", "-c", WORK)
    assert len(sandbox.truth()["order"]) == 1
    assert "sandbox-bank: 0 known, 1 recovered" in manage(restored, "catch_up", "--since", begun)
    manage(restored, "shell", "-c", WORK)
    assert (standing(restored), len(sandbox.truth()["order"])) == ({"paid since": "completed"}, 1)


def test_what_was_approved_or_came_back_since_is_known_again(
    acme: World, sandbox: Sandbox, restored: str, tmp_path: Path
) -> None:
    payouts.provider(sandbox)
    wallet, to = acme.funded("30000.00"), recipient(acme)
    back = pay_out(acme, wallet, to, "10.00", reference="came back")["transfer"]
    work()
    sandbox.settle()
    done("transfers.requery_transfer", transfer=back)
    work()
    call_command("loaddata", "approval_policies", verbosity=0)
    maker = person("op@example.com", "operator")
    big = pay_out(acme, wallet, to, "20000.00", reference="approved", actor=maker)
    assert (payouts.status(back), payouts.status(big["transfer"])) == ("completed", "awaiting_approval")
    begun = clock.written(clock.now())
    back_up_and_restore(tmp_path / "backup", restored)
    for name in ("ann", "ben"):
        someone = person(f"{name}@example.com", "approver")
        agrees(someone, big["approval_request"]).or_raise()
    work()
    sandbox.settle()
    sandbox.give_back("bank", f"{back}.1")

    manage(restored, "after_restore")
    assert "1 known, 1 recovered, 0 unknown" in manage(restored, "catch_up", "--since", begun)
    manage(restored, "shell", "-c", WORK)
    assert standing(restored) == {"came back": "reversed", "approved": "completed"}
    assert len(sandbox.truth()["order"]) == 2


def test_a_later_try_than_the_one_that_is_open_counts(acme: World, sandbox: Sandbox) -> None:
    payouts.provider(sandbox)
    sandbox.fault(do={"submit": "timeout_before"})
    made = pay_out(acme, acme.funded("100.00"), recipient(acme))["transfer"]
    work()
    assert payouts.status(made) == "outcome_unknown"
    given = {"transfer": made, "provider": "sandbox-bank", "number": 2}
    assert done("transfers.recover_submission", actor=RESTORER, **given)["recovered"]
    found = Transfer.objects.get(pk=made)
    assert (found.status, found.submission) == ("outcome_unknown", f"{made}.2")
    assert not done("transfers.recover_submission", actor=RESTORER, **given)["recovered"]
