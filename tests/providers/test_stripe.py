"""The adapter of Stripe over HTTP: what it asks, and what it makes of every way of answering and of not answering."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from apps.core import clock
from apps.providers.adapters.http import ProviderSilent
from apps.providers.adapters.stripe import StripeAdapter
from apps.providers.protocol import Outcome, Reply
from tests.support import stripe
from tests.support.sandbox import Sandbox
from tests.support.stripe import payout, refund

LONG_AGO = timedelta(days=2)


@pytest.fixture
def account(provider: Sandbox) -> StripeAdapter:
    """An account with a hundred euros."""
    provider.fund("stripe", "EUR", "100.00")
    return stripe.adapter(f"{provider.url}/stripe")


def orders(provider: Sandbox) -> list[dict[str, Any]]:
    return provider.truth()["order"]


def said(reply: Reply) -> tuple[Outcome, str, bool]:
    return reply.outcome, reply.code, reply.transient


class TestPayouts:
    def test_life(self, provider: Sandbox, account: StripeAdapter) -> None:
        provider.set(delays=60)
        accepted = account.submit(payout())
        assert (accepted.outcome, accepted.provider_reference[:3]) == (Outcome.ACCEPTED, "po_")
        assert accepted.expected_at is not None
        [order] = orders(provider)
        assert (order["reference"], order["amount"], order["to"]["destination"]) == (
            *("trf_1.1", "40.00"),
            stripe.CARD,
        )
        assert (order["to"]["metadata"], order["memo"]) == ({"reference": "trf_1.1"}, "rent")
        assert account.query("trf_1.1", payout()).outcome == Outcome.ACCEPTED
        provider.execute("stripe", "trf_1.1")
        paid = account.query("trf_1.1", payout())
        assert (paid.outcome, paid.settled) == (Outcome.COMPLETED, payout().amount)
        assert paid.provider_reference == accepted.provider_reference

    def test_what_failed_says_why_in_words(self, provider: Sandbox, account: StripeAdapter) -> None:
        provider.fault(do={"outcome": "fail:account_closed"})
        account.submit(payout())
        provider.settle()
        failed = account.query("trf_1.1", payout())
        assert said(failed)[:2] == (Outcome.RETURNED, "account_closed")
        assert failed.came_back_whole(payout().amount)
        assert "account_closed" in failed.message

    def test_what_failed_after_it_was_paid_came_back(self, provider: Sandbox, account: StripeAdapter) -> None:
        account.submit(payout())
        provider.settle()
        assert account.query("trf_1.1", payout()).outcome == Outcome.COMPLETED
        provider.give_back("stripe", "trf_1.1")
        failed = account.query("trf_1.1", payout())
        assert (failed.outcome, failed.message) == (Outcome.RETURNED, "The bank could not process it.")
        assert account.balances()["EUR"].decimal == "100.00"

    def test_cancelling(self, provider: Sandbox, account: StripeAdapter) -> None:
        provider.set(delays=60)
        account.submit(payout())
        account.submit(payout("trf_1.2"))
        provider.execute("stripe", "trf_1.2")
        assert account.cancel("trf_1.1", payout()).outcome == Outcome.CANCELLED
        assert account.cancel("trf_1.2", payout("trf_1.2")).outcome == Outcome.COMPLETED
        assert account.cancel("trf_9.1", payout("trf_9.1")).outcome == Outcome.NOT_FOUND
        assert account.balances()["EUR"].decimal == "60.00"
        assert not account.voids_unknown


class TestRefunds:
    @pytest.fixture
    def charge(self, provider: Sandbox, account: StripeAdapter) -> str:
        return str(provider.deposit("stripe", "30.00", "EUR")["id"]).replace("sbd_", "ch_")

    @pytest.mark.parametrize("prefix", ["ch_", "pi_"])
    def test_life(self, provider: Sandbox, account: StripeAdapter, charge: str, prefix: str) -> None:
        asked = refund(charge.replace("ch_", prefix))
        accepted = account.submit(asked)
        assert (accepted.outcome, accepted.provider_reference[:3]) == (Outcome.ACCEPTED, "re_")
        provider.settle()
        done = account.query("trf_2.1", asked)
        assert (done.outcome, done.settled) == (Outcome.COMPLETED, asked.amount)
        assert account.balances()["EUR"].decimal == "105.00"
        provider.give_back("stripe", "trf_2.1")
        assert said(account.query("trf_2.1", asked))[:2] == (Outcome.RETURNED, "unknown")

    def test_more_than_came_is_refused_for_good(self, account: StripeAdapter, charge: str) -> None:
        assert account.submit(refund(charge)).outcome == Outcome.ACCEPTED
        again = refund(charge, "trf_2.2", "5.01")
        assert said(account.submit(again)) == (Outcome.NOT_ACCEPTED, "charge_already_refunded", False)

    def test_only_of_what_is_a_payment_there(self, provider: Sandbox, account: StripeAdapter) -> None:
        for payment, code in (
            ("dep-1", "unknown_payment"),
            ("", "unknown_payment"),
            ("ch_no", "resource_missing"),
        ):
            assert said(account.submit(refund(payment))) == (Outcome.NOT_ACCEPTED, code, False)
        assert not orders(provider)


class TestRefusals:
    @pytest.mark.parametrize(
        ("fault", "reply"),
        [
            ("refuse", (Outcome.NOT_ACCEPTED, "card_declined", False)),
            ("rate_limit", (Outcome.NOT_ACCEPTED, "rate_limit", True)),
            ("not_accepted", (Outcome.NOT_ACCEPTED, "lock_timeout", True)),
            ("error_before", (Outcome.UNKNOWN, "HTTP_500", True)),
            ("error_after", (Outcome.UNKNOWN, "HTTP_500", True)),
            ("timeout_before", (Outcome.UNKNOWN, "NO_ANSWER", True)),
            ("timeout_after", (Outcome.UNKNOWN, "NO_ANSWER", True)),
            ("reset_before", (Outcome.UNKNOWN, "NO_ANSWER", True)),
            ("reset_after", (Outcome.UNKNOWN, "NO_ANSWER", True)),
            ("garbage", (Outcome.UNKNOWN, "HTTP_200", True)),
        ],
    )
    def test_each_is_told_for_what_it_proves(
        self, provider: Sandbox, account: StripeAdapter, fault: str, reply: tuple[Outcome, str, bool]
    ) -> None:
        provider.fault(do={"submit": fault})
        answer = account.submit(payout())
        assert said(answer) == reply
        assert answer.message
        assert answer.received
        accepted = fault.endswith("_after") or fault == "garbage"
        assert [order["reference"] for order in orders(provider)] == (["trf_1.1"] if accepted else [])
        provider.settle()
        found = account.query("trf_1.1", payout())
        assert found.outcome == (Outcome.COMPLETED if accepted else Outcome.NOT_FOUND)

    def test_when_to_come_again_is_told(self, provider: Sandbox, account: StripeAdapter) -> None:
        provider.fault(do={"submit": "rate_limit"})
        retry_at = account.submit(payout()).retry_at
        assert retry_at is not None
        assert timedelta() < retry_at - clock.now() <= timedelta(seconds=1)

    def test_too_little_money_is_no_trouble_of_stripes(self, account: StripeAdapter) -> None:
        dear = account.submit(payout(amount="100.01"))
        assert said(dear) == (Outcome.NOT_ACCEPTED, "insufficient_funds", True)

    def test_a_wrong_key_proves_that_nothing_was_done(self, provider: Sandbox) -> None:
        wrong = stripe.adapter(f"{provider.url}/stripe", secret="sk_test_no")
        assert said(wrong.submit(payout())) == (Outcome.NOT_ACCEPTED, "HTTP_401", True)
        assert said(wrong.query("trf_1.1", payout()))[0] == Outcome.UNKNOWN
        assert wrong.balances() == {}

    def test_nobody_there_was_sent_nothing(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        nobody = stripe.adapter(f"http://127.0.0.1:{port}")
        assert said(nobody.submit(payout())) == (Outcome.NOT_ACCEPTED, "UNREACHABLE", True)
        assert said(nobody.query("trf_1.1", payout())) == (Outcome.UNKNOWN, "UNREACHABLE", True)
        with pytest.raises(ProviderSilent):
            list(nobody.told_since(clock.now()))
        with pytest.raises(ProviderSilent):
            list(nobody.executed_since(clock.now()))

    @pytest.mark.parametrize(
        ("how", "code"), [("503", "HTTP_503"), ("refuse", "NO_ANSWER"), ("hang", "NO_ANSWER")]
    )
    def test_down(self, provider: Sandbox, account: StripeAdapter, how: str, code: str) -> None:
        provider.down("stripe", how=how)
        assert said(account.submit(payout())) == (Outcome.UNKNOWN, code, True)
        assert said(account.query("trf_1.1", payout())) == (Outcome.UNKNOWN, code, True)

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            (payout(to={"kind": "bank_account", "iban": "DE89370400440532013000"}), "bad_beneficiary"),
            (payout(kind="onramp"), "unknown_kind"),
            (payout(currency="BTC"), "AMOUNT_UNSPEAKABLE"),
            (payout(amount="1.50", currency="MGA"), "AMOUNT_UNSPEAKABLE"),
            (payout(amount="1.50", currency="HUF"), "AMOUNT_UNSPEAKABLE"),
        ],
    )
    def test_what_stripe_cannot_do_is_not_asked(
        self, provider: Sandbox, account: StripeAdapter, asked: Any, code: str
    ) -> None:
        provider.down("stripe")
        assert said(account.submit(asked)) == (Outcome.NOT_ACCEPTED, code, False)


def answering(status: int, body: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    return Handler


@pytest.mark.parametrize(
    ("status", "body", "reply"),
    [
        (400, '{"error": {"type": "api_error"}}', (Outcome.UNKNOWN, "HTTP_400", True)),
        (400, "<html>a proxy</html>", (Outcome.UNKNOWN, "HTTP_400", True)),
        (400, '{"error": {}}', (Outcome.UNKNOWN, "HTTP_400", True)),
        (402, "[]", (Outcome.UNKNOWN, "HTTP_402", True)),
        (403, '{"error": {"type": "invalid_request_error"}}', (Outcome.NOT_ACCEPTED, "HTTP_403", True)),
        (302, "", (Outcome.UNKNOWN, "HTTP_302", True)),
        (200, "[]", (Outcome.UNKNOWN, "UNREADABLE", True)),
        (200, "1", (Outcome.UNKNOWN, "UNREADABLE", True)),
        (200, '{"object": "payout", "id": "po_1"}', (Outcome.UNKNOWN, "UNREADABLE", True)),
        (200, '{"object": "payout", "status": "paid", "amount": "x"}', (Outcome.UNKNOWN, "UNREADABLE", True)),
    ],
)
def test_what_is_not_of_stripes_shape_proves_nothing(
    status: int, body: str, reply: tuple[Outcome, str, bool]
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), answering(status, body)) as server:
        threading.Thread(target=server.serve_forever, args=[0.01]).start()
        answer = stripe.adapter(f"http://127.0.0.1:{server.server_port}").submit(payout())
        server.shutdown()
    assert said(answer) == reply


class TestIdempotency:
    def test_the_same_again_is_answered_again(self, provider: Sandbox, account: StripeAdapter) -> None:
        first, second = account.submit(payout()), account.submit(payout())
        assert first.provider_reference == second.provider_reference
        assert len(orders(provider)) == 1

    def test_a_key_of_another_request_proves_nothing(self, provider: Sandbox, account: StripeAdapter) -> None:
        account.submit(payout())
        assert said(account.submit(payout(amount="41.00"))) == (Outcome.UNKNOWN, "HTTP_400", True)
        assert len(orders(provider)) == 1

    def test_a_key_in_use_proves_nothing(self, provider: Sandbox) -> None:
        provider.fault(do={"submit": "slow:1"})
        patient = stripe.adapter(f"{provider.url}/stripe", seconds=10)
        provider.fund("stripe", "EUR", "100.00")
        with ThreadPoolExecutor(2) as pool:
            both = [said(reply) for reply in pool.map(patient.submit, [payout(), payout()])]
        assert sorted(both) == [
            (Outcome.ACCEPTED, "", False),
            (Outcome.UNKNOWN, "idempotency_key_in_use", True),
        ]
        assert len(orders(provider)) == 1

    def test_nothing_is_sent_twice_by_the_library(self, provider: Sandbox, account: StripeAdapter) -> None:
        provider.fault(do={"submit": "error_before"}, times=1)
        account.submit(payout())
        assert not orders(provider)


class TestQuestions:
    def test_what_may_be_on_its_way_is_not_called_absent(self, account: StripeAdapter) -> None:
        for asked_at in (clock.now() - timedelta(minutes=4), None):
            found = account.query("trf_1.1", payout(asked_at=asked_at))
            assert said(found) == (Outcome.UNKNOWN, "NOT_LISTED_YET", True)
        assert account.query("trf_1.1", payout()).outcome == Outcome.NOT_FOUND

    def test_a_list_that_is_behind(self, provider: Sandbox, account: StripeAdapter) -> None:
        provider.set(delays=60)
        account.submit(payout())
        provider.fault(do={"query": "not_found_for:60"})
        behind = account.query("trf_1.1", payout(asked_at=clock.now()))
        assert behind.outcome == Outcome.UNKNOWN
        assert account.query("trf_1.1", payout()).outcome == Outcome.ACCEPTED

    @pytest.mark.parametrize("fault", ["error", "timeout"])
    def test_no_answer(self, provider: Sandbox, account: StripeAdapter, fault: str) -> None:
        provider.fault(do={"query": fault})
        assert account.query("trf_1.1", payout()).outcome == Outcome.UNKNOWN

    def test_all_pages_are_looked_through(self, provider: Sandbox, account: StripeAdapter) -> None:
        provider.set(instant={"stripe": True})
        account.submit(payout(amount="0.01"))
        with httpx.Client(
            base_url=f"{provider.url}/stripe", headers={"Authorization": f"Bearer {stripe.TEST_KEY}"}
        ) as c:
            for _ in range(200):
                form = {"amount": "1", "currency": "eur", "destination": "ba_1"}
                assert c.post("/v1/payouts", data=form).status_code == 200
        assert account.query("trf_1.1", payout()).outcome == Outcome.COMPLETED
        assert len(list(account.told_since(clock.now() - LONG_AGO))) == 201
        assert [reference for reference, _ in account.executed_since(clock.now() - LONG_AGO)] == ["trf_1.1"]

    def test_what_was_told_and_executed_since(self, provider: Sandbox, account: StripeAdapter) -> None:
        deposit = provider.deposit("stripe", "30.00", "EUR", reference="wal_1")
        charge = deposit["id"].replace("sbd_", "ch_")
        account.submit(payout())
        account.submit(refund(charge))
        provider.settle()
        since = clock.now() - LONG_AGO
        told = list(account.told_since(since))
        assert told == list(account.told_since(since))
        assert [news.about for envelope in told for news in account.parse(envelope)] == [
            "deposit",
            *["payment"] * 4,
        ]
        assert all(account.name_of(envelope).endswith(":fetched") for envelope in told)
        executed = {reference: reply.outcome for reference, reply in account.executed_since(since)}
        assert executed == {"trf_1.1": Outcome.COMPLETED, "trf_2.1": Outcome.COMPLETED}
        ahead = clock.now() + LONG_AGO
        assert (list(account.told_since(ahead)), list(account.executed_since(ahead))) == ([], [])

    def test_no_numbers_for_deposits(self, account: StripeAdapter) -> None:
        none = account.virtual_account("vac_1")
        assert isinstance(none, Reply)
        assert none.code == "NO_VIRTUAL_ACCOUNTS"
