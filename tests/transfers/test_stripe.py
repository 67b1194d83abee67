"""Money through Stripe, from the wallet to the books: real server, real worker, real webhooks, exact balances."""

from decimal import Decimal
from typing import Any

import pytest

from apps.providers.models import Attempt, InboundMessage, Provider
from apps.providers.queries import routing
from apps.transfers.arrivals import Chargeback, Deposit
from apps.transfers.models import Transfer
from tests.support import inbound, stripe
from tests.support.door import balance, done, eur, refused
from tests.support.inbound import followed
from tests.support.payouts import later, pay_out, recipient, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts

pytestmark = pytest.mark.usefixtures("ledger_db")

AT_STRIPE = f"provider:{stripe.NAME}"


@pytest.fixture
def desk(sandbox: Sandbox, live_server: Any) -> Sandbox:
    """The sandbox, whose Stripe reports to a real server of ours."""
    stripe.provider(sandbox)
    inbound.hook_up(sandbox, live_server.url)
    return sandbox


def card(world: World) -> str:
    """Somebody's card, by Stripe's token."""
    return recipient(world, kind="card", details={"token": stripe.CARD})


def at_stripe(desk: Sandbox) -> Decimal:
    """What Stripe truly has of ours, without the thousand that was there before."""
    [found] = [each for each in desk.truth()["balances"] if each["desk"] == "stripe"]
    return Decimal(found["balances"]["EUR"]) - 1000


def told(desk: Sandbox) -> None:
    """Let everything be executed, posted and followed."""
    desk.settle()
    followed()


def arrived(desk: Sandbox, wallet: str, amount: str = "25.00") -> Deposit:
    """A charge that names a wallet in its metadata, and was followed."""
    made = desk.deposit("stripe", amount, "EUR", reference=wallet, remitter="Bo Lind")
    told(desk)
    return Deposit.objects.get(reference=made["id"].replace("sbd_", "ch_"))


class TestPayouts:
    def test_are_settled_when_stripe_says_that_they_are_paid(self, acme: World, desk: Sandbox) -> None:
        desk.set(delays=60)
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, card(acme), reference="rent")["transfer"]
        work()
        assert (status(made), parts(wallet)) == ("provider_processing", ("60.00", "40.00"))
        desk.execute("stripe", f"{made}.1")
        told(desk)
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))
        assert balance(AT_STRIPE, book="acme") == "-40.00"
        assert at_stripe(desk) == Decimal("-40.00")
        assert Transfer.objects.get(pk=made).provider_reference.startswith("po_")
        [attempt] = Attempt.objects.filter(subject=made)
        assert (attempt.answer.outcome, attempt.answer.received["status"]) == ("accepted", 200)

    def test_that_fail_after_they_were_paid_come_back(self, acme: World, desk: Sandbox) -> None:
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, card(acme))["transfer"]
        work()
        told(desk)
        desk.give_back("stripe", f"{made}.1")
        told(desk)
        assert (status(made), parts(wallet)) == ("reversed", ("100.00", "0.00"))
        assert Transfer.objects.get(pk=made).failure_code == "could_not_process"
        assert (balance(AT_STRIPE, book="acme"), at_stripe(desk)) == ("0.00", Decimal(0))

    def test_that_fail_are_given_back_with_the_reason(self, acme: World, desk: Sandbox) -> None:
        desk.fault(do={"outcome": "fail:account_closed"})
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, card(acme))["transfer"]
        work()
        told(desk)
        assert (status(made), parts(wallet)) == ("compensated", ("100.00", "0.00"))
        assert Transfer.objects.get(pk=made).failure_code == "account_closed"
        assert at_stripe(desk) == Decimal(0)

    @pytest.mark.parametrize("fault", ["timeout_after", "error_after", "reset_after", "garbage"])
    def test_whose_answer_is_lost_are_asked_after_and_never_sent_again(
        self, acme: World, desk: Sandbox, fault: str
    ) -> None:
        desk.fault(do={"submit": fault, "webhook": ["drop"]})
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, card(acme))["transfer"]
        work(1)
        assert (status(made), parts(wallet)) == ("outcome_unknown", ("60.00", "40.00"))
        desk.settle()
        with later(minutes=2):
            work()
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))
        assert (len(desk.truth()["order"]), at_stripe(desk)) == (1, Decimal("-40.00"))

    def test_that_stripe_never_heard_of_stay_open_for_a_person(self, acme: World, desk: Sandbox) -> None:
        desk.fault(do={"submit": "timeout_before"})
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, card(acme))["transfer"]
        work(1)
        for minutes in (2, 10, 30, 120):
            with later(minutes=minutes):
                work()
        assert (status(made), parts(wallet)) == ("manual_review", ("60.00", "40.00"))
        assert not desk.truth()["order"]

    def test_wait_where_stripe_has_too_little(self, acme: World, desk: Sandbox) -> None:
        wallet = acme.funded("5000.00")
        made = pay_out(acme, wallet, card(acme), "1000.01")["transfer"]
        work()
        assert status(made) == "sent_to_provider"
        assert Transfer.objects.get(pk=made).failure_code == "insufficient_funds"
        desk.fund("stripe", "EUR", "0.01")
        with later(minutes=2):
            work()
        told(desk)
        assert (status(made), parts(wallet)) == ("completed", ("3999.99", "0.00"))

    def test_whatever_order_stripe_tells_it_in(self, acme: World, desk: Sandbox) -> None:
        desk.fault(do={"webhook": ["reorder", "duplicate"]})
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, card(acme))["transfer"]
        work()
        told(desk)
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))
        assert {each.status for each in InboundMessage.objects.all()} == {"processed"}

    def test_to_somebody_without_a_token_are_refused(self, acme: World, desk: Sandbox) -> None:
        wallet = acme.funded("100.00")
        asked = {"wallet": wallet, "recipient": recipient(acme), "amount": eur("40.00")}
        assert refused("transfers.create_payout", actor=acme.key, **asked) == "NO_ROUTE"
        assert parts(wallet) == ("100.00", "0.00")
        assert not desk.truth()["order"]


class TestDeposits:
    def test_are_credited_once(self, acme: World, desk: Sandbox) -> None:
        wallet = acme.wallet()
        deposit = arrived(desk, wallet)
        assert (deposit.status, deposit.remitter, parts(wallet)) == ("credited", "Bo Lind", ("25.00", "0.00"))
        assert (balance(AT_STRIPE, book="acme"), at_stripe(desk)) == ("25.00", Decimal("25.00"))
        said = {each.status for each in InboundMessage.objects.all()}
        assert said == {"processed", "ignored"}

    def test_are_refunded_by_stripe(self, acme: World, desk: Sandbox) -> None:
        wallet = acme.wallet()
        pay_in = arrived(desk, wallet).transfer_id
        made = done("transfers.create_refund", actor=acme.key, transfer=pay_in, amount=eur("10.00"))[
            "transfer"
        ]
        work()
        told(desk)
        assert (status(made), parts(wallet)) == ("completed", ("15.00", "0.00"))
        assert (balance(AT_STRIPE, book="acme"), at_stripe(desk)) == ("15.00", Decimal("15.00"))
        [order] = desk.truth()["order"]
        assert (order["kind"], order["to"]["charge"]) == ("refund", Deposit.objects.get().reference)

    def test_that_are_disputed_are_taken_back(self, acme: World, desk: Sandbox) -> None:
        wallet = acme.wallet()
        deposit = arrived(desk, wallet)
        desk.charge_back(deposit.reference.replace("ch_", "sbd_"), reason="fraudulent")
        told(desk)
        found = Chargeback.objects.get()
        assert (found.status, found.reason, parts(wallet)) == ("posted", "fraudulent", ("0.00", "0.00"))
        assert (balance(AT_STRIPE, book="acme"), at_stripe(desk)) == ("0.00", Decimal(0))

    def test_of_a_dispute_that_was_won_wait_for_a_person(self, acme: World, desk: Sandbox) -> None:
        wallet = acme.wallet()
        arrived(desk, wallet)
        won = {"id": "dp_1", "object": "dispute", "amount": 2500, "currency": "eur", "charge": "ch_1"}
        assert stripe.send(stripe.event("charge.dispute.funds_reinstated", won)) == 202
        followed()
        assert Deposit.objects.get(reference="dp_1:won").status == "open"
        assert balance("suspense:deposits", book="platform") == "25.00"

    def test_that_are_forged_are_never_followed(self, acme: World, desk: Sandbox) -> None:
        charge = {"id": "ch_9", "object": "charge", "amount": 99, "currency": "eur", "captured": True}
        body = stripe.event("charge.succeeded", {**charge, "metadata": {"wallet": acme.wallet()}})
        assert stripe.send(body, secret="another") == 401
        followed()
        assert not Deposit.objects.exists()
        assert stripe.send(body) == 202
        followed()
        assert Deposit.objects.get().status == "credited"


class TestPlayMoney:
    def test_a_test_environment_reaches_stripe_by_a_test_key_alone(self, acme: World, desk: Sandbox) -> None:
        wallet = acme.wallet(test=True)
        done("transfers.post_pay_in", actor=acme.test_key, wallet=wallet, amount=eur("50.00"))
        given = {"kind": "card", "name": "Bo Lind", "currency": "EUR", "details": {"token": stripe.CARD}}
        to = done("accounts.create_recipient", tenant=acme.test_tenant, **given)["recipient"]
        asked = {"wallet": wallet, "recipient": to, "amount": eur("10.00")}
        assert done("transfers.create_payout", actor=acme.test_key, **asked)["status"] == "processing"
        Provider.objects.update(enabled=False)
        stripe.provider(desk, secret="sk_live_1", name="stripe-live")
        routing.forget()
        assert refused("transfers.create_payout", actor=acme.test_key, **asked) == "NO_ROUTE"
        work()
        assert not desk.truth()["order"]
