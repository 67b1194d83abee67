"""What becomes of payouts when the provider or the network misbehaves: nothing is lost, doubled or guessed."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from apps.operations.models import Event
from apps.providers.models import Answer, Attempt
from apps.transfers import leases
from apps.transfers.models import Transfer
from apps.transfers.worker import CALLS
from tests.support import payouts
from tests.support.door import balance
from tests.support.payouts import later, pay_out, recipient, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts
from tests.transfers.outcomes import sent, truth, until_ended

pytestmark = pytest.mark.usefixtures("ledger_db")


class Died(BaseException):
    """The process is no more."""


def die(*_: Any) -> None:
    """What a process does that is killed here."""
    raise Died


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
