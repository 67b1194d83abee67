"""What comes too late, twice or broken: it moves no money that it should not, and keeps nothing else waiting."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock, ids
from apps.operations.models import ApprovalRequest, Event
from apps.providers.models import Action, Answer, Attempt, Provider, RoutingRule
from apps.providers.protocol import Outcome, Reply
from apps.transfers import leases
from apps.transfers.models import Transfer
from apps.transfers.services.answers import LADDER
from apps.transfers.services.sending import WORKER
from apps.transfers.tasks import wake_rejected
from apps.transfers.worker import _keep
from tests.support import payouts
from tests.support.door import done, person, refused
from tests.support.payouts import later, pay_out, recipient, status, work
from tests.support.policies import agrees, policy
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, has

pytestmark = pytest.mark.usefixtures("ledger_db")


def say(transfer: str, reply: Reply, action: Action = Action.QUERY) -> None:
    """Follow an answer to a question about what was submitted, whenever it comes."""
    found = Transfer.objects.get(pk=transfer)
    asked = Attempt.objects.create(
        id=ids.new_id("ptm"),
        book_id=found.book_id,
        provider=Provider.objects.get(name=found.provider),
        subject=transfer,
        action=action,
        of_id=found.attempt_id,
        reference=found.submission,
        sent={},
        started_at=clock.now(),
    )
    Answer.objects.create(
        attempt=asked,
        outcome=reply.outcome.value,
        code=reply.code,
        message=reply.message,
        reply=reply.as_dict(),
        received={},
        took=1,
        answered_at=clock.now(),
    )
    done("transfers.record_answer", actor=WORKER, transfer=transfer, attempt=asked.pk)


def alarms(transfer: str) -> list[str]:
    found = Event.objects.filter(subject=transfer, type="alert.raised").order_by("ordinal")
    return [event.data["reason"] for event in found]


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.UNKNOWN])
def test_an_old_answer_does_not_make_unknown_what_was_acknowledged_since(
    acme: World, sandbox: Sandbox, outcome: Outcome
) -> None:
    payouts.provider(sandbox)
    made = pay_out(acme, acme.funded("100.00"), recipient(acme))["transfer"]
    work()
    assert status(made) == "provider_processing"
    say(made, Reply(outcome, code="NOT_FOUND", transient=True))
    assert status(made) == "provider_processing"


def test_what_delivered_does_not_come_back_by_itself(acme: World, sandbox: Sandbox) -> None:
    payouts.provider(sandbox, "ramp", kinds=["onramp"])
    sandbox.fund("ramp", "EUR", "1000.00")
    sandbox.fund("ramp", "USDC", "1000.00")
    sandbox.set(instant={"ramp": True})
    euros, coins = acme.funded("100.00"), acme.wallet("USDC")
    amount = {"amount": "50.00", "currency": "EUR"}
    made = done("transfers.create_onramp", actor=acme.key, from_wallet=euros, to_wallet=coins, amount=amount)[
        "transfer"
    ]
    work()
    assert status(made) == "completed"
    before = has(euros).available, has(coins).available
    assert before[1].is_positive
    say(made, Reply(Outcome.RETURNED))
    assert (status(made), alarms(made)) == ("completed", ["contradiction"])
    assert (has(euros).available, has(coins).available) == before


def test_a_provider_that_promises_anew_each_time_is_led_to_a_person(acme: World, sandbox: Sandbox) -> None:
    sandbox.fault(do={"outcome": "hang"})
    payouts.provider(sandbox)
    made = pay_out(acme, acme.funded("100.00"), recipient(acme))["transfer"]
    work()
    for _ in range(len(LADDER)):
        assert status(made) == "provider_processing"
        promised = Transfer.objects.get(pk=made).expected_at
        assert promised is not None
        with clock.frozen(promised + timedelta(minutes=1)):
            done("transfers.requery_transfer", transfer=made)
            lose_track_of(made)
            say(made, Reply(Outcome.ACCEPTED, expected_at=clock.now() + timedelta(minutes=5)))
    assert status(made) == "manual_review"
    assert Transfer.objects.get(pk=made).failure_code == "OVERDUE"


def lose_track_of(transfer: str) -> None:
    """What a worker does first with what is overdue."""
    lease = Transfer.objects.get(pk=transfer).lease
    done("transfers.move_on", actor=WORKER, transfer=transfer, lease=lease)
    assert status(transfer) == "outcome_unknown"


def test_a_repeated_acknowledgement_puts_nothing_off(acme: World, sandbox: Sandbox) -> None:
    sandbox.fault(do={"outcome": "hang"})
    payouts.provider(sandbox)
    made = pay_out(acme, acme.funded("100.00"), recipient(acme))["transfer"]
    work()
    found = Transfer.objects.get(pk=made)
    with later(minutes=10):
        say(made, Reply(Outcome.ACCEPTED, expected_at=found.expected_at))
    assert Transfer.objects.get(pk=made).next_attempt_at == found.next_attempt_at


def test_an_answer_that_was_kept_and_not_followed_is_followed(acme: World, sandbox: Sandbox) -> None:
    """The worker died between the two; what the provider was asked is answered once."""
    payouts.provider(sandbox)
    made = pay_out(acme, acme.funded("100.00"), recipient(acme))["transfer"]
    with payouts.working() as worker:
        worker._send(leases.take("balance_reserved", now=clock.now(), most=1))
        _keep([future.result() for future in worker._open], "gone")
        worker._open.clear()
    assert status(made) == "sent_to_provider"
    with later(minutes=5):
        work()
    assert status(made) == "provider_processing"
    assert not Attempt.objects.filter(subject=made, action=Action.QUERY).exists()


class TestOneThatCannotBeRouted:
    def test_a_rule_that_cannot_be_looked_at_is_refused(self, sandbox: Sandbox, acme: World) -> None:
        payouts.provider(sandbox)
        for op, value in (("gte", "10k"), ("lte", None), ("in", "EUR"), ("in", [["EUR"]]), ("eq", {"a": 1})):
            rule = [{"fact": "amount", "op": op, "value": value}]
            given = {"name": "Typo", "conditions": rule, "providers": ["sandbox-bank"]}
            assert refused("providers.set_routing_rule", **given) == "INPUT_INVALID", (op, value)

    def test_one_that_is_kept_all_the_same_stops_nobody(self, acme: World, sandbox: Sandbox) -> None:
        sandbox.set(instant={"bank": True})
        payouts.provider(sandbox)
        broken = [{"fact": "amount", "op": "lte", "value": "10k"}]
        RoutingRule.objects.create(name="Typo", place=1, conditions=broken, providers=["sandbox-bank"])
        made = pay_out(acme, acme.funded("100.00"), recipient(acme))["transfer"]
        work()
        assert status(made) == "completed"

    def test_the_others_go_on(self, acme: World, sandbox: Sandbox) -> None:
        made_by = payouts.provider(sandbox)
        wallet, to = acme.funded("100.00"), recipient(acme)
        sandbox.fault(do={"submit": "timeout_after"})
        unknown = pay_out(acme, wallet, to)["transfer"]
        work()
        broken = pay_out(acme, wallet, to, reference="next")["transfer"]
        Provider.objects.filter(pk=made_by.pk).update(limits={"EUR": {"smallest": "oops"}})
        sandbox.settle()
        with later(minutes=2):
            work()
            assert (status(unknown), status(broken)) == ("completed", "balance_reserved")
        Provider.objects.filter(pk=made_by.pk).update(limits={})
        with later(minutes=4):
            work()
        assert status(broken) == "provider_processing"


class TestTooLate:
    def test_what_nobody_accepted_can_be_called_off(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        wallet = acme.funded("100.00")
        sandbox.fault(do={"submit": "not_accepted"})
        made = pay_out(acme, wallet, recipient(acme))["transfer"]
        work()
        assert status(made) == "sent_to_provider"
        done("transfers.cancel_transfer", actor=acme.key, transfer=made, reason="not needed")
        assert (status(made), has(wallet).available.decimal) == ("compensated", "100.00")
        with later(hours=2):
            work()
        assert not sandbox.truth()["order"]

    def test_a_price_that_is_over_is_not_agreed_to(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, recipient(acme), confirm=False)["transfer"]
        with later(hours=1):
            given = {"actor": acme.key, "transfer": made}
            assert refused("transfers.confirm_transfer", **given) == "TRANSFER_EXPIRED"
        assert has(wallet).held.decimal == "0.00"

    def test_nothing_is_opened_for_sending_after_its_time(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        policy("transfers.open_sending")
        wallet, boss = acme.funded("100.00"), person("op@example.com", "operator")
        made = pay_out(acme, wallet, recipient(acme), actor=boss)
        with later(days=8):
            ann = person("ann@example.com", "approver")
            agrees(ann, made["approval_request"]).or_raise()
            work()
        assert (status(made["transfer"]), has(wallet).available.decimal) == ("cancelled", "100.00")
        assert not sandbox.truth()["order"]

    def test_a_no_that_a_crash_swallowed_is_seen_to(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        policy("transfers.open_sending")
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, recipient(acme))["transfer"]
        wake_rejected()
        work()
        assert status(made) == "awaiting_approval"
        ApprovalRequest.objects.update(status="rejected")  # and the follow-up never ran
        wake_rejected()
        work()
        assert (status(made), has(wallet).available.decimal) == ("cancelled", "100.00")

    def test_a_worker_that_lost_its_lease_puts_nothing_off(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        made = pay_out(acme, acme.funded("100.00"), recipient(acme))["transfer"]
        now = clock.now()
        [mine] = leases.take("balance_reserved", now=now, most=1)
        with later(minutes=5):
            leases.take("balance_reserved", now=clock.now(), most=1)
        due = Transfer.objects.get(pk=made).next_attempt_at
        leases.put_off([mine], now)
        assert Transfer.objects.get(pk=made).next_attempt_at == due


def test_a_hard_freeze_stops_what_was_sent_until_it_is_over(
    acme: World, sandbox: Sandbox, settings: Any
) -> None:
    settings.CORE_WALLET_COMPLETION_GATING = "gate"
    payouts.provider(sandbox)
    wallet = acme.funded("100.00")
    made = pay_out(acme, wallet, recipient(acme))["transfer"]
    work()
    switch = {
        "name": "core_wallet_enabled",
        "scope": "tenant",
        "scope_id": acme.tenant,
        "reason": "A court order",
    }
    done("operations.set_feature_flag", enabled=False, **switch)
    sandbox.settle()
    with later(minutes=30):
        work()
    assert (status(made), has(wallet).held.decimal) == ("provider_processing", "40.00")
    done("operations.set_feature_flag", enabled=True, **switch)
    with later(minutes=60):
        work()
    assert (status(made), has(wallet).held.decimal) == ("completed", "0.00")
