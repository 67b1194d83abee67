"""What Stripe posts to us: proven by its own library, named by the event, read or left alone by its type."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.providers.adapters.stripe import StripeAdapter
from apps.providers.models import Provider
from apps.providers.protocol import Envelope, MessageUnreadable, Outcome
from tests.support import stripe
from tests.support.sandbox import KEY, SECRET
from tests.support.stripe import event, signed

PAYOUT: dict[str, Any] = {
    "id": "po_1",
    "object": "payout",
    "amount": 4000,
    "currency": "eur",
    "arrival_date": 1_790_000_000,
    "metadata": {"reference": "trf_1.1"},
    "status": "paid",
}
CHARGE: dict[str, Any] = {
    "id": "ch_1",
    "object": "charge",
    "amount": 2500,
    "amount_captured": 2000,
    "captured": True,
    "currency": "eur",
    "billing_details": {"name": "Bo Lind"},
    "metadata": {"wallet": "wal_1"},
}
DISPUTE: dict[str, Any] = {
    "id": "dp_1",
    "object": "dispute",
    "amount": 2000,
    "currency": "eur",
    "charge": "ch_1",
    "reason": "fraudulent",
}


@pytest.fixture(scope="module")
def account() -> StripeAdapter:
    return stripe.adapter("http://127.0.0.1:9")


class TestProof:
    BODY = event("payout.paid", PAYOUT)

    @pytest.mark.parametrize("seconds", [0, -300, 300])
    def test_of_now(self, account: StripeAdapter, seconds: int) -> None:
        now = clock.now()
        envelope = signed(self.BODY, at=now + timedelta(seconds=seconds))
        assert account.verify(envelope, now=now)

    @pytest.mark.parametrize("seconds", [-301, 301, -86_400])
    def test_old_or_ahead(self, account: StripeAdapter, seconds: int) -> None:
        now = clock.now()
        assert not account.verify(signed(self.BODY, at=now + timedelta(seconds=seconds)), now=now)

    def test_old_by_our_clock_alone(self, account: StripeAdapter) -> None:
        later = clock.now() + timedelta(hours=1)
        assert not account.verify(signed(self.BODY), now=later)
        assert account.verify(signed(self.BODY, at=later), now=later)

    def test_of_another_secret_or_body(self, account: StripeAdapter) -> None:
        now, proven = clock.now(), signed(self.BODY)
        assert not account.verify(signed(self.BODY, secret="another"), now=now)
        assert not account.verify(Envelope(proven.headers, self.BODY + b" "), now=now)

    @pytest.mark.parametrize(
        "header", ["", "t=1", "v1=ab", "t=x,v1=ab", "t=1,v1=\xe9", "t=1,t=2,v1=ab", "t=1,v0=ab"]
    )
    def test_what_is_no_signature(self, account: StripeAdapter, header: str) -> None:
        assert not account.verify(Envelope({"stripe-signature": header}, self.BODY), now=clock.now())
        assert not account.verify(Envelope({}, self.BODY), now=clock.now())

    def test_one_of_several_while_the_secret_is_changed(self, account: StripeAdapter) -> None:
        old, new = (
            signed(self.BODY, secret=secret).headers["stripe-signature"] for secret in ("old", SECRET)
        )
        both = f"{old},{new.partition(',')[2]}"
        assert account.verify(Envelope({"stripe-signature": both}, self.BODY), now=clock.now())

    def test_a_body_that_is_no_text(self, account: StripeAdapter) -> None:
        header = signed(b"{}").headers
        assert not account.verify(Envelope(header, b"\xff"), now=clock.now())

    def test_nothing_is_proven_without_a_secret(self) -> None:
        row = Provider(adapter="stripe", base_url="http://127.0.0.1:9", secret="sk_test_1")
        header = signed(self.BODY, secret="").headers
        assert not StripeAdapter(row).verify(Envelope(header, self.BODY), now=clock.now())


class TestReading:
    def test_names_the_event(self, account: StripeAdapter) -> None:
        assert account.name_of(Envelope({}, event("x", {}, "evt_7"))) == "evt_7"
        for body in (b"", b"[]", b"{}", b"\xff", event("x", {}, "")):
            with pytest.raises(MessageUnreadable):
                account.name_of(Envelope({}, body))

    @pytest.mark.parametrize(
        ("status", "more", "outcome"),
        [
            ("pending", {}, Outcome.ACCEPTED),
            ("in_transit", {}, Outcome.ACCEPTED),
            ("paid", {}, Outcome.COMPLETED),
            ("canceled", {"failure_balance_transaction": "txn_1"}, Outcome.CANCELLED),
            (
                "failed",
                {"failure_balance_transaction": "txn_1", "failure_code": "no_account"},
                Outcome.RETURNED,
            ),
            ("failed", {"failure_code": "no_account"}, Outcome.FAILED),
        ],
    )
    def test_payouts(
        self, account: StripeAdapter, status: str, more: dict[str, Any], outcome: Outcome
    ) -> None:
        [news] = account.parse(Envelope({}, event("payout.updated", {**PAYOUT, "status": status, **more})))
        assert (news.about, news.reference, news.reply.outcome) == ("payment", "trf_1.1", outcome)
        assert (news.reply.expected_at is not None) == (outcome == Outcome.ACCEPTED)
        if status == "failed":
            assert (news.reply.code, news.reply.message) == ("no_account", "There is no such bank account.")

    def test_what_somebody_else_paid_out_is_news_without_a_reference(self, account: StripeAdapter) -> None:
        [news] = account.parse(Envelope({}, event("payout.paid", {**PAYOUT, "metadata": {}})))
        assert news.reference == ""

    def test_a_captured_charge_is_a_deposit(self, account: StripeAdapter) -> None:
        for kind in ("charge.succeeded", "charge.captured"):
            [news] = account.parse(Envelope({}, event(kind, CHARGE)))
            assert (news.about, news.reference) == ("deposit", "ch_1")
            assert news.data == {
                "amount": "20.00",
                "currency": "EUR",
                "reference": "wal_1",
                "remitter": "Bo Lind",
                "virtual_account": "",
            }

    def test_a_charge_that_was_only_authorised_is_no_money_yet(self, account: StripeAdapter) -> None:
        assert account.parse(Envelope({}, event("charge.succeeded", {**CHARGE, "captured": False}))) == []

    def test_a_dispute_is_a_chargeback_once_the_money_is_taken(self, account: StripeAdapter) -> None:
        assert account.parse(Envelope({}, event("charge.dispute.created", DISPUTE))) == []
        [news] = account.parse(Envelope({}, event("charge.dispute.funds_withdrawn", DISPUTE)))
        assert (news.about, news.reference, news.data["amount"]) == ("chargeback", "dp_1", "20.00")
        assert (news.data["deposit"], news.data["reason"]) == ("ch_1", "fraudulent")

    def test_a_dispute_that_was_won_is_money_that_came(self, account: StripeAdapter) -> None:
        [news] = account.parse(Envelope({}, event("charge.dispute.funds_reinstated", DISPUTE)))
        assert (news.about, news.reference, news.data["amount"]) == ("deposit", "dp_1:won", "20.00")
        assert "dp_1 of ch_1" in news.data["reference"]

    @pytest.mark.parametrize(
        "kind", ["customer.created", "payment_intent.succeeded", "charge.refunded", "", "é"]
    )
    def test_other_types_say_nothing(self, account: StripeAdapter, kind: str) -> None:
        assert account.parse(Envelope({}, event(kind, {"id": "x"}))) == []

    @pytest.mark.parametrize(
        "about",
        [None, {}, {**PAYOUT, "amount": "40"}, {**PAYOUT, "currency": "xxx"}, {**PAYOUT, "status": "lost"}],
    )
    def test_what_cannot_be_read(self, account: StripeAdapter, about: Any) -> None:
        with pytest.raises(MessageUnreadable):
            account.parse(Envelope({}, event("payout.paid", about)))

    @pytest.mark.parametrize("live", [True, False])
    def test_play_money_says_nothing_to_real_money_nor_the_other_way_round(self, live: bool) -> None:
        key = f"sk_{'live' if live else 'test'}_{KEY}"
        told = stripe.adapter("http://127.0.0.1:9", secret=key)
        for of_live in (True, False):
            envelope = Envelope({}, event("charge.succeeded", CHARGE, livemode=of_live))
            if of_live == live:
                assert told.parse(envelope)
                continue
            with pytest.raises(MessageUnreadable, match="mode"):
                told.parse(envelope)


@pytest.mark.parametrize(
    ("adapter", "secret", "play"),
    [
        ("stripe", "sk_test_1", True),
        ("stripe", "rk_test_1", True),
        ("stripe", "sk_live_1", False),
        ("stripe", "rk_live_1", False),
        ("stripe", "", False),
        ("stripe", " sk_test_1", False),
        ("sandbox", "any", True),
        ("bank", "sk_test_1", False),
    ],
)
def test_only_a_test_key_is_play_money(adapter: str, secret: str, play: bool) -> None:
    row = Provider(adapter=adapter, secret=secret, base_url="https://api.stripe.com")
    assert row.is_play is play
