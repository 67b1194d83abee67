"""Payouts are sent once, by one worker, to whom they were meant for, and not while they are frozen."""

import pytest

from apps.core import clock
from apps.providers.models import Attempt
from apps.transfers import leases
from apps.transfers.models import Status, Transfer
from apps.transfers.worker import Worker
from tests.support import payouts
from tests.support.door import done, run
from tests.support.payouts import later, pay_out, recipient, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts
from tests.support.threads import at_once
from tests.transfers.outcomes import sent, until_ended

pytestmark = pytest.mark.usefixtures("ledger_db")


class TestRecipient:
    def test_that_was_changed_after_the_reservation_is_not_paid(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        payouts.provider(sandbox)
        to = recipient(acme)
        made = pay_out(acme, wallet, to)["transfer"]
        done("accounts.update_recipient", recipient=to, details={"iban": "FR1420041010050500013M02606"})
        work()
        assert (status(made), parts(wallet)) == ("cancelled", ("100.00", "0.00"))
        assert Transfer.objects.get(pk=made).failure_code == "RECIPIENT_CHANGED"
        assert not sandbox.truth()["order"]

    def test_that_was_changed_between_two_tries_is_not_paid(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        payouts.provider(sandbox)
        sandbox.fault(do={"submit": "not_accepted"})
        to = recipient(acme)
        made = pay_out(acme, wallet, to)["transfer"]
        work()
        done("accounts.update_recipient", recipient=to, details={"iban": "FR1420041010050500013M02606"})
        with later(minutes=2):
            work()
        assert (status(made), parts(wallet)) == ("compensated", ("100.00", "0.00"))
        assert not sandbox.truth()["order"]


class TestFrozen:
    @pytest.mark.parametrize("scope", ["provider", "currency", "tenant"])
    def test_is_sent_only_once_the_freeze_is_lifted(
        self, acme: World, wallet: str, sandbox: Sandbox, scope: str
    ) -> None:
        payouts.provider(sandbox)
        made = pay_out(acme, wallet, recipient(acme))["transfer"]
        scope_id = {"provider": "sandbox-bank", "currency": "EUR", "tenant": acme.tenant}[scope]
        flag = {"name": "core_wallet_enabled", "scope": scope, "scope_id": scope_id, "reason": "incident"}
        done("operations.set_feature_flag", enabled=False, **flag)
        work()
        assert (status(made), sandbox.truth()["order"]) == ("balance_reserved", [])
        done("operations.set_feature_flag", enabled=True, **flag)
        with later(minutes=5):
            work()
        assert status(made) == "provider_processing"


class TestWorkers:
    def test_only_one_takes_a_transfer(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        to = recipient(acme)
        for _ in range(20):
            pay_out(acme, wallet, to, "1.00")

        def turn() -> None:
            Worker("one").run(0)

        at_once(*[turn] * 4)
        sandbox.settle()
        assert len(sandbox.truth()["order"]) == 20
        assert Attempt.objects.filter(action="submit").count() == 20

    def test_one_that_was_slow_does_not_send(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        made = pay_out(acme, wallet, recipient(acme))["transfer"]
        [taken] = leases.take(Status.BALANCE_RESERVED, now=clock.now(), most=10)
        with later(minutes=5):
            work()
        given = {
            "transfer": made,
            "lease": taken.lease,
            "provider": "sandbox-bank",
            "why": {},
            "worker": "slow",
        }
        attempt = "ptm_01m7z75h000000000000000000"
        outcome = run("transfers.begin_sending", attempt=attempt, **given)
        assert outcome.error
        assert outcome.error.code == "LEASE_LOST"
        assert len(sandbox.truth()["order"]) == 1

    def test_wait_for_a_provider_that_is_overdue(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        made = sent(acme, wallet, sandbox, outcome="hang")
        with later(minutes=5):
            work()
        assert status(made) == "provider_processing"
        [attempt] = Attempt.objects.filter(action="submit")
        sandbox.execute("bank", attempt.reference)
        assert until_ended(made) == "completed"
