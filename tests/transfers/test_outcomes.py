"""What becomes of payouts when the provider or the network misbehaves: nothing is lost, doubled or guessed."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from apps.core import clock
from apps.operations.models import Event
from apps.providers.models import Answer, Attempt, Provider
from apps.transfers import leases
from apps.transfers.models import Status, Transfer
from apps.transfers.worker import CALLS, Worker
from tests.support import inbound, payouts
from tests.support.door import balance, done, run
from tests.support.payouts import later, pay_out, recipient, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, has, world
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def acme(ledger_db: Any) -> World:
    return world("acme")


@pytest.fixture
def wallet(acme: World) -> str:
    return acme.funded("100.00")


def parts(wallet: str) -> tuple[str, str]:
    """What is available and what is held."""
    found = has(wallet)
    return found.available.decimal, found.held.decimal


def sent(acme: World, wallet: str, sandbox: Sandbox, **do: Any) -> str:
    """A payout that was sent once, to a sandbox that does this with it."""
    payouts.provider(sandbox)
    if do:
        sandbox.fault(do=do)
    made = pay_out(acme, wallet, recipient(acme))["transfer"]
    work()
    return str(made)


class Died(BaseException):
    """The process is no more."""


def die(*_: Any) -> None:
    """What a process does that is killed here."""
    raise Died


def until_ended(transfer: str, *, hours: int = 3) -> str:
    """Its status after some hours in which workers look at it."""
    for minutes in (2, 4, 8, 16, 32, 60 * hours):
        with later(minutes=minutes):
            work()
            work()
    return status(transfer)


def truth(sandbox: Sandbox) -> list[str]:
    """How the orders truly ended."""
    sandbox.settle()
    return [order["status"] for order in sandbox.truth()["order"]]


class TestUnknown:
    @pytest.mark.parametrize("how", ["timeout_after", "reset_after", "error_after", "garbage"])
    def test_is_found_out_by_asking_and_never_sent_again(
        self, acme: World, wallet: str, sandbox: Sandbox, how: str
    ) -> None:
        made = sent(acme, wallet, sandbox, submit=how)
        assert (status(made), parts(wallet)) == ("outcome_unknown", ("60.00", "40.00"))
        assert truth(sandbox) == ["completed"]
        assert until_ended(made) == "completed"
        assert parts(wallet) == ("60.00", "0.00")
        assert Attempt.objects.filter(action="submit").count() == 1

    @pytest.mark.parametrize("how", ["timeout_before", "reset_before", "error_before"])
    def test_is_ruled_out_where_the_provider_never_heard_of_it(
        self, acme: World, wallet: str, sandbox: Sandbox, how: str
    ) -> None:
        made = sent(acme, wallet, sandbox, submit=how)
        assert (status(made), parts(wallet)) == ("outcome_unknown", ("60.00", "40.00"))
        assert until_ended(made) == "compensated"
        assert parts(wallet) == ("100.00", "0.00")
        assert "completed" not in truth(sandbox)
        assert [each.action for each in Attempt.objects.order_by("pk")] == ["submit", "query", "cancel"]

    def test_is_asked_after_on_the_ladder(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        sandbox.fault(do={"query": "error"}, times=None)
        made = sent(acme, wallet, sandbox, submit="timeout_after")
        for minutes, asked in [(0, 0), (2, 1), (2, 1), (8, 2), (30, 3), (100, 4)]:
            with later(minutes=minutes):
                work()
            assert Attempt.objects.filter(action="query").count() == asked, minutes
        found = Transfer.objects.get(pk=made)
        assert (found.status, found.failure_code, found.next_attempt_at) == (
            "manual_review",
            "OUTCOME_UNKNOWN",
            None,
        )
        assert parts(wallet) == ("60.00", "40.00")
        assert Event.objects.filter(type="payout.manual_review", subject=made).count() == 1

    def test_of_a_worker_that_died_before_it_called_is_ruled_out(
        self, acme: World, wallet: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        payouts.provider(sandbox)
        made = pay_out(acme, wallet, recipient(acme))["transfer"]
        with monkeypatch.context() as dying:
            dying.setattr("apps.transfers.worker._asked", die)
            with pytest.raises(Died):
                work()
        assert (status(made), Answer.objects.count()) == ("sent_to_provider", 0)
        work()
        assert status(made) == "sent_to_provider"
        assert until_ended(made) == "compensated"
        assert parts(wallet) == ("100.00", "0.00")

    def test_of_a_worker_that_died_after_it_called_is_found_out(
        self, acme: World, wallet: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        payouts.provider(sandbox)
        made = pay_out(acme, wallet, recipient(acme))["transfer"]
        with monkeypatch.context() as dying:
            dying.setattr("apps.transfers.worker._keep", die)
            with pytest.raises(Died):
                work()
        assert truth(sandbox) == ["completed"]
        assert until_ended(made) == "completed"
        assert parts(wallet) == ("60.00", "0.00")
        assert Attempt.objects.filter(action="submit").count() == 1


@contextmanager
def gateway(answer: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]) -> Iterator[str]:
    """A provider that answers each order so; its address."""

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, told = answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class TestTooLate:
    def test_what_waited_for_a_thread_is_not_sent_any_more(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        payouts.provider(sandbox)
        to, goes_on = recipient(acme), threading.Event()
        with payouts.working() as worker:
            for _ in range(CALLS):
                worker._pool.submit(goes_on.wait)
            with later(seconds=-leases.SENDING.seconds * 0.6):
                made = pay_out(acme, wallet, to)["transfer"]
                worker.turn()
            assert status(made) == "sent_to_provider"
            goes_on.set()
            worker.close()
        assert Answer.objects.get().code == "NOT_SENT"
        assert (status(made), sandbox.truth()["order"]) == ("sent_to_provider", [])
        assert until_ended(made) == "completed"


class TestOddAnswers:
    def test_keep_no_other_from_being_heard(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        to = recipient(acme)
        odd, good = (
            pay_out(acme, wallet, to, "40.00", reference=each)["transfer"] for each in ("odd", "good")
        )
        told = {"odd": {"status": "failed", "code": "closed\x00by\ud800us"}, "good": {"status": "processing"}}
        with gateway(lambda order: (202, told[order["memo"]])) as address:
            payouts.provider(sandbox, base_url=address)
            work()
        assert (status(odd), status(good)) == ("compensated", "provider_processing")
        assert Transfer.objects.get(pk=odd).failure_code == "closed\ufffdby?us"
        assert parts(wallet) == ("60.00", "40.00")

    def test_that_cannot_be_read_leave_it_unknown_and_in_the_end_to_a_person(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        """As of a provider that writes tenths of cents."""
        sandbox.set(currencies={"EUR": 3})
        made = sent(acme, wallet, sandbox, outcome="partial:0.3333")
        sandbox.settle()
        assert until_ended(made, hours=30) == "manual_review"
        assert "UNREADABLE" in Answer.objects.values_list("code", flat=True)
        assert parts(wallet) == ("60.00", "40.00")

    def test_a_bare_503_says_nothing(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        """As of a gateway that gave up on a provider which may have taken the order."""
        with gateway(lambda order: (503, {})) as address:
            payouts.provider(sandbox, base_url=address)
            made = pay_out(acme, wallet, recipient(acme))["transfer"]
            work()
        assert status(made) == "outcome_unknown"
        assert Answer.objects.get().code == "HTTP_503"


class TestNotAccepted:
    @pytest.mark.parametrize("how", ["not_accepted", "rate_limit"])
    def test_goes_to_the_next_provider(self, acme: World, wallet: str, sandbox: Sandbox, how: str) -> None:
        payouts.provider(sandbox, priority=1)
        payouts.provider(sandbox, "custody", name="second", priority=2)
        sandbox.fund("custody", "EUR", "100.00")
        sandbox.fault(do={"submit": how}, desk="bank")
        made = pay_out(acme, wallet, recipient(acme))["transfer"]
        work()
        work()
        found = Transfer.objects.get(pk=made)
        assert (found.status, found.provider, found.attempts) == ("provider_processing", "second", 2)
        assert until_ended(made) == "completed"
        assert balance("provider:second", book="acme") == "-40.00"
        assert [order["desk"] for order in sandbox.truth()["order"]] == ["custody"]

    def test_is_tried_again_later_where_there_is_no_other(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        made = sent(acme, wallet, sandbox, submit="not_accepted")
        assert (status(made), sandbox.truth()["order"]) == ("sent_to_provider", [])
        work()
        assert Attempt.objects.count() == 1
        with later(minutes=2):
            work()
        assert (status(made), Attempt.objects.count()) == ("provider_processing", 2)

    def test_is_given_back_when_no_time_does(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        sandbox.fault(do={"submit": "not_accepted"}, times=None)
        made = sent(acme, wallet, sandbox)
        assert until_ended(made, hours=6) == "compensated"
        assert parts(wallet) == ("100.00", "0.00")
        assert Attempt.objects.filter(action="submit").count() == 5

    def test_an_unfunded_provider_is_tried_again_after_funding(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        payouts.provider(sandbox, "custody", name="poor")
        made = pay_out(acme, wallet, recipient(acme))["transfer"]
        work()
        assert Transfer.objects.get(pk=made).failure_code == "insufficient_funds"
        sandbox.fund("custody", "EUR", "100.00")
        with later(minutes=2):
            work()
        assert status(made) == "provider_processing"

    def test_an_unreachable_provider_accepted_nothing(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        payouts.provider(sandbox, base_url="http://127.0.0.1:9", name="nowhere")
        made = pay_out(acme, wallet, recipient(acme))["transfer"]
        work()
        found = Transfer.objects.get(pk=made)
        assert (found.status, found.failure_code, found.attempt_id) == (
            "sent_to_provider",
            "UNREACHABLE",
            None,
        )


class TestFailed:
    def test_is_given_back_with_a_report(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        made = sent(acme, wallet, sandbox, submit="refuse")
        found = Transfer.objects.get(pk=made)
        assert (found.status, found.failure_code, parts(wallet)) == (
            "compensated",
            "beneficiary_refused",
            ("100.00", "0.00"),
        )
        assert found.compensation["released"] == "40.00 EUR"
        assert found.compensation["error"]["code"] == "beneficiary_refused"
        [event] = Event.objects.filter(type="transaction.compensated")
        assert (event.subject, event.book, event.data["status"]) == (made, acme.book, "failed")

    def test_later_is_given_back_as_well(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        made = sent(acme, wallet, sandbox, outcome="fail:account_closed")
        assert (status(made), parts(wallet)) == ("provider_processing", ("60.00", "40.00"))
        sandbox.settle()
        assert until_ended(made) == "compensated"
        assert Transfer.objects.get(pk=made).failure_code == "account_closed"
        assert parts(wallet) == ("100.00", "0.00")


class TestAmounts:
    def test_a_part_is_settled_and_the_rest_goes_back(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        made = sent(acme, wallet, sandbox, outcome="partial:0.4")
        sandbox.settle()
        assert until_ended(made) == "completed"
        found = Transfer.objects.get(pk=made)
        assert (found.settled, parts(wallet)) == (1600, ("84.00", "0.00"))
        assert balance("provider:sandbox-bank", book="acme") == "-16.00"

    def test_more_than_was_asked_for_is_for_a_person(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        made = sent(acme, wallet, sandbox, outcome="wrong_amount:41.00")
        sandbox.settle()
        assert until_ended(made) == "manual_review"
        assert Transfer.objects.get(pk=made).failure_code == "WRONG_AMOUNT"
        assert parts(wallet) == ("60.00", "40.00")


class TestReturned:
    def returned(self, acme: World, wallet: str, sandbox: Sandbox, **more: str) -> str:
        """A payout that was completed, and that the recipient's bank sent back."""
        made = sent(acme, wallet, sandbox)
        sandbox.settle()
        assert until_ended(made) == "completed"
        sandbox.give_back("bank", Transfer.objects.get(pk=made).submission, **more)
        return made

    def test_after_completion_is_the_wallets_again(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        made = self.returned(acme, wallet, sandbox)
        hear(sandbox, made)
        found = Transfer.objects.get(pk=made)
        assert (found.status, found.returned, parts(wallet)) == ("reversed", 4000, ("100.00", "0.00"))
        assert balance("provider:sandbox-bank", book="acme") == "0.00"

    def test_in_part_leaves_it_completed(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        made = self.returned(acme, wallet, sandbox, amount="15.00")
        for _ in range(2):
            hear(sandbox, made)
        found = Transfer.objects.get(pk=made)
        assert (found.status, found.returned, parts(wallet)) == ("completed", 1500, ("75.00", "0.00"))

    def test_before_we_knew_that_it_went_is_given_back(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        made = sent(acme, wallet, sandbox, outcome="return_after:0.01")
        sandbox.settle()
        assert until_ended(made) == "compensated"
        assert (truth(sandbox), parts(wallet)) == (["returned"], ("100.00", "0.00"))
        hear(sandbox, made)
        assert not Event.objects.filter(type="alert.raised").exists()

    def test_in_part_before_we_knew_that_it_went_is_for_a_person(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        made = sent(acme, wallet, sandbox)
        sandbox.settle()
        sandbox.give_back("bank", Transfer.objects.get(pk=made).submission, amount="15.00")
        assert until_ended(made) == "manual_review"
        assert (Transfer.objects.get(pk=made).failure_code, parts(wallet)) == (
            "WRONG_AMOUNT",
            ("60.00", "40.00"),
        )

    def test_the_same_is_told_once(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        made = sent(acme, wallet, sandbox, outcome="hang")
        for _ in range(2):
            hear(sandbox, made)
        assert Event.objects.filter(type="transfer.processing", subject=made).count() == 1


def hear(sandbox: Sandbox, transfer: str) -> None:
    """Let us hear from the provider how the transfer stands there, as a message of its own would tell."""
    found = Transfer.objects.get(pk=transfer)
    provider = Provider.objects.get(name=found.provider)
    with sandbox.client() as client:
        order = client.get(f"/bank/orders/{found.submission}").content.decode()
    told = {"type": "order.completed", "created_at": "2026-11-21T12:00:00Z", "data": json.loads(order)}
    inbound.send(json.dumps(told).encode(), uuid.uuid4().hex, to=provider.name)
    inbound.followed()


class TestContradiction:
    def test_paid_after_it_was_given_back_is_told_loudly(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        made = sent(acme, wallet, sandbox, submit="refuse")
        attempt = Transfer.objects.get(pk=made).submission
        data = {
            "reference": attempt,
            "status": "completed",
            "id": "sbo_1",
            "amount": "40.00",
            "currency": "EUR",
        }
        inbound.send(inbound.event(**data), to="sandbox-bank")
        inbound.followed()
        assert (status(made), parts(wallet)) == ("compensated", ("100.00", "0.00"))
        [alarm] = Event.objects.filter(type="alert.raised", subject=made)
        assert alarm.data["reason"] == "contradiction"

    def test_failed_after_it_was_settled_is_told_loudly(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        made = sent(acme, wallet, sandbox)
        sandbox.settle()
        assert until_ended(made) == "completed"
        attempt = Transfer.objects.get(pk=made).submission
        data = {"reference": attempt, "status": "failed", "id": "sbo_1", "amount": "40.00", "currency": "EUR"}
        inbound.send(inbound.event("order.failed", **data), to="sandbox-bank")
        inbound.followed()
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))
        assert Event.objects.filter(type="alert.raised", subject=made).count() == 1

    def test_of_an_earlier_submission_is_told_loudly(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        made = sent(acme, wallet, sandbox, submit="not_accepted")
        [first] = Attempt.objects.filter(action="submit")
        with later(minutes=2):
            work()
        data = {
            "reference": first.reference,
            "status": "completed",
            "id": "sbo_1",
            "amount": "40.00",
            "currency": "EUR",
        }
        inbound.send(inbound.event(**data), to="sandbox-bank")
        inbound.followed()
        assert status(made) == "provider_processing"
        assert Event.objects.filter(type="alert.raised", subject=made).count() == 1


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
