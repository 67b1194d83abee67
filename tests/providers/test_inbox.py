"""What is received is followed once, in whatever order and state it comes, and what cannot be is left to a person."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.operations.models import Event
from apps.providers.models import InboundConflict, InboundMessage
from apps.providers.services import inbox
from apps.transfers.models import Transfer
from tests.support import payouts
from tests.support.door import balance
from tests.support.inbound import event, followed, hook_up, send, stored
from tests.support.payouts import later, pay_out, recipient, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, has

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def bank(sandbox: Sandbox, live_server: Any) -> Sandbox:
    """The sandbox, which reports to a real server of ours."""
    payouts.provider(sandbox)
    hook_up(sandbox, live_server.url)
    return sandbox


def sent(acme: World, sandbox: Sandbox, amount: str = "40.00") -> str:
    """A payout that the bank has."""
    payouts.provider(sandbox)
    made = pay_out(acme, acme.funded("100.00"), recipient(acme), amount)
    work()
    return str(made["transfer"])


def reference(transfer: str) -> str:
    """The submission by which the provider knows it."""
    return Transfer.objects.get(pk=transfer).submission


def order(kind: str, transfer: str, **more: Any) -> bytes:
    """What the sandbox says of the order of a transfer."""
    told = {"id": "sbo_1", "status": kind, "amount": "40.00", "currency": "EUR", "settled_amount": None}
    return event(f"order.{kind}", **told | {"reference": reference(transfer)} | more)


def alarms() -> list[tuple[str, str]]:
    """What people were told: the reason, and about what."""
    raised = Event.objects.filter(type="alert.raised").order_by("pk")
    return [(each.data["reason"], each.subject) for each in raised]


def pay_many(acme: World, count: int, each: str = "1.00") -> list[str]:
    """Payouts that were asked for."""
    wallet, to = acme.funded("100000.00"), recipient(acme)
    return [str(pay_out(acme, wallet, to, each)["transfer"]) for _ in range(count)]


def assert_agrees(sandbox: Sandbox, transfers: list[str]) -> None:
    """Our books and the sandbox's say the same: what was paid, to whom, once."""
    truth = {order["reference"]: order for order in sandbox.truth()["order"]}
    found = Transfer.objects.filter(pk__in=transfers)
    assert {each.submission for each in found} == truth.keys()
    for each in found:
        told = truth[each.submission]
        assert each.status == {"completed": "completed", "failed": "compensated"}[told["status"]]
    paid = [each for each in truth.values() if each["status"] == "completed"]
    if not paid:
        return
    cents = sum(int(each["settled_amount"].replace(".", "")) for each in paid)
    assert balance("provider:sandbox-bank", book="acme") == f"-{cents // 100}.{cents % 100:02}"


class TestLife:
    def test_a_payout_ends_by_what_the_bank_reports(self, acme: World, bank: Sandbox) -> None:
        transfer = sent(acme, bank)
        bank.settle()
        followed()
        assert status(transfer) == "completed"
        assert [(each.status, each.subject) for each in stored()] == [("processed", transfer)] * 2
        assert_agrees(bank, [transfer])

    def test_one_that_failed_is_given_back(self, acme: World, bank: Sandbox) -> None:
        bank.fault(do={"outcome": "fail:account_closed"})
        transfer = sent(acme, bank)
        bank.settle()
        followed()
        assert status(transfer) == "compensated"
        assert_agrees(bank, [transfer])

    def test_one_that_comes_back_later(self, acme: World, bank: Sandbox) -> None:
        transfer = sent(acme, bank)
        bank.settle()
        followed()
        bank.give_back("bank", reference(transfer))
        bank.settle()
        followed()
        assert status(transfer) == "reversed"
        wallet = str(Transfer.objects.get(pk=transfer).source_wallet_id)
        assert has(wallet).available.decimal == "100.00"
        assert balance("provider:sandbox-bank", book="acme") == "0.00"

    def test_the_worker_of_transfers_follows_it(self, acme: World, bank: Sandbox) -> None:
        transfer = sent(acme, bank)
        bank.settle()
        work()
        assert status(transfer) == "completed"


class TestDisorder:
    @pytest.mark.parametrize(
        "faults", [["duplicate"], ["reorder"], ["no_event_id"], ["duplicate", "reorder", "no_event_id"]]
    )
    def test_is_followed_once(self, acme: World, bank: Sandbox, faults: list[str]) -> None:
        bank.fault(do={"webhook": faults}, times=None)
        transfer = sent(acme, bank)
        bank.settle()
        followed()
        assert status(transfer) == "completed"
        assert {each.status for each in stored()} == {"processed"}
        assert {each.copies for each in stored()} == {2 if "duplicate" in faults else 1}
        assert_agrees(bank, [transfer])

    def test_changed_bytes_are_kept_apart_and_told(self, acme: World, bank: Sandbox) -> None:
        bank.fault(do={"webhook": ["changed_bytes"]}, times=None)
        transfer = sent(acme, bank)
        bank.settle()
        followed()
        assert status(transfer) == "completed"
        conflicts = InboundConflict.objects.order_by("pk")
        assert len(conflicts) == len(stored()) == 2
        assert sorted(alarms()) == sorted(("inbound conflict", str(each.pk)) for each in conflicts)

    def test_what_is_not_proven_is_not_followed(self, acme: World, bank: Sandbox) -> None:
        bank.fault(do={"webhook": ["bad_signature"]}, times=None)
        transfer = sent(acme, bank)
        bank.settle()
        followed()
        assert status(transfer) == "provider_processing"
        assert {(each.verified, each.status) for each in stored()} == {(False, "quarantined")}
        assert {reason for reason, _ in alarms()} == {"inbound quarantined"}
        with later(minutes=5):
            work()
            work()
        assert status(transfer) == "completed"

    @pytest.mark.long
    def test_a_hundred_payouts_with_every_disorder(self, acme: World, bank: Sandbox) -> None:
        bank.chaos(
            5,
            webhook={"duplicate": "0.2", "reorder": "0.2", "no_event_id": "0.2", "changed_bytes": "0.1"},
            outcome={"fail:account_closed": "0.2"},
        )
        transfers = pay_many(acme, 100)
        work()
        bank.settle(20)
        work()
        assert_agrees(bank, transfers)


class TestUnknown:
    def test_reference_is_quarantined_and_told_once(self, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        body = event(status="completed", amount="1.00", currency="EUR")
        send(body)
        assert (followed(), followed()) == (1, 0)
        [message] = stored()
        assert message.status == "quarantined"
        assert message.why == "We never sent sandbox-bank anything under the reference po_1."
        assert alarms() == [("inbound quarantined", message.pk)]

    def test_one_provider_cannot_speak_of_anothers(self, acme: World, sandbox: Sandbox) -> None:
        transfer = sent(acme, sandbox)
        payouts.provider(sandbox, "ramp")
        send(order("completed", transfer), to="sandbox-ramp")
        followed()
        assert status(transfer) == "provider_processing"
        assert [each.status for each in stored()] == ["quarantined"]

    @pytest.mark.parametrize(
        "body",
        [
            event("tea.served"),
            event("order.completed"),
            event("order.completed", status="boiling"),
            event("order.completed", status="completed", settled_amount="1.2.3", currency="EUR"),
            event("order.completed", status="completed", expected_at="yesterday"),
        ],
    )
    def test_what_cannot_be_read_is_quarantined(self, sandbox: Sandbox, body: bytes) -> None:
        payouts.provider(sandbox)
        send(body)
        followed()
        assert [each.status for each in stored()] == ["quarantined"]


class TestLeases:
    def test_what_a_dead_worker_had_is_followed_by_another_once(self, acme: World, sandbox: Sandbox) -> None:
        transfer = sent(acme, sandbox)
        send(order("completed", transfer))
        assert len(inbox.take(clock.now())) == 1
        assert (followed(), status(transfer)) == (0, "provider_processing")
        with later(minutes=2):
            assert (followed(), status(transfer)) == (1, "completed")
            assert followed() == 0
        assert [each.lease for each in stored()] == [2]

    def test_one_that_died_after_the_command_replays_it(self, acme: World, sandbox: Sandbox) -> None:
        transfer = sent(acme, sandbox)
        send(order("completed", transfer))
        taken = inbox.take(clock.now())
        [verdict] = inbox.followed(taken)
        assert (verdict.became, status(transfer)) == ("processed", "completed")
        with later(minutes=2):
            assert followed() == 1
        assert [each.status for each in stored()] == ["processed"]
        assert balance("provider:sandbox-bank", book="acme") == "-40.00"

    def test_a_slow_worker_has_no_say_any_more(self, acme: World, sandbox: Sandbox) -> None:
        transfer = sent(acme, sandbox)
        send(order("completed", transfer))
        slow = inbox.take(clock.now())
        with later(minutes=2):
            followed()
        inbox.finish(slow, [inbox.IGNORED], now=clock.now())
        assert [each.status for each in stored()] == ["processed"]

    def test_one_that_no_worker_finishes_is_left_to_a_person(self, acme: World, sandbox: Sandbox) -> None:
        transfer = sent(acme, sandbox)
        send(order("completed", transfer))
        for minutes in range(inbox.TAKEN_AT_MOST):
            inbox.take(clock.now() + timedelta(minutes=2 * minutes))
        with later(hours=1):
            followed()
        [message] = stored()
        assert (message.status, status(transfer)) == ("quarantined", "provider_processing")
        assert message.why == f"Taken {inbox.TAKEN_AT_MOST + 1} times, and no worker has finished it."


class TestLater:
    def test_what_passes_is_tried_on_the_ladder_and_then_left_to_a_person(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        payouts.provider(sandbox)
        verdict = inbox.Verdict(inbox.Became.LATER, "trf_x", "CONFLICT: somebody else.")
        monkeypatch.setattr(inbox, "handler_of", lambda about: lambda items: [verdict] * len(items))
        send(event(status="completed"))
        start = clock.now()
        waits = []
        for _ in inbox.LADDER:
            with clock.frozen(start):
                assert followed() == 1
            message = InboundMessage.objects.get()
            waits.append(message.next_attempt_at - start)
            start = message.next_attempt_at
        assert tuple(waits) == inbox.LADDER
        with clock.frozen(start):
            assert followed() == 1
        [message] = stored()
        assert (message.status, message.subject) == ("quarantined", "trf_x")
        assert message.why == "Tried 5 times, the last time: CONFLICT: somebody else."

    def test_of_several_news_the_gravest_counts(self, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        some = [inbox.Verdict(each) for each in (inbox.Became.IGNORED, inbox.Became.LATER)]
        assert inbox.graver(*some) is some[1]
        assert inbox.graver(inbox.IGNORED, some[0]) is some[0]


class TestMany:
    @pytest.mark.long
    def test_a_thousand_messages(self, acme: World, sandbox: Sandbox) -> None:
        transfer = sent(acme, sandbox)
        for number in range(999):
            send(order("processing", transfer, memo=str(number)), f"sbe_{number}")
        send(order("completed", transfer), "sbe_last")
        assert followed() == 1000
        assert {each.status for each in stored()} == {"processed"}
        assert status(transfer) == "completed"
