"""Payouts through the whole machine: real provider, real worker, exact balances."""

from typing import Any

import pytest

from apps.core import clock
from apps.operations.models import ApprovalRequest, Event
from apps.operations.simulation import simulate
from apps.providers.models import Attempt
from apps.transfers.models import Transfer
from apps.transfers.services.sending import BLOT
from tests.support import payouts
from tests.support.door import balance, code, done, eur, person, refused
from tests.support.payouts import later, pay_out, recipient, status, work
from tests.support.policies import agrees, policy
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts, world

pytestmark = pytest.mark.usefixtures("ledger_db")


class TestLife:
    def test_is_reserved_sent_and_settled(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        wallet, to = acme.funded("100.00"), recipient(acme)
        made = pay_out(acme, wallet, to, reference="rent")
        assert (made["status"], made["total"], made["fees"]) == ("processing", eur("40.00"), [])
        assert parts(wallet) == ("60.00", "40.00")
        work()
        assert status(made["transfer"]) == "provider_processing"
        sandbox.settle()
        with later(minutes=5):
            work()
            work()
        assert status(made["transfer"]) == "completed"
        assert parts(wallet) == ("60.00", "0.00")
        assert balance("provider:sandbox-bank", book="acme") == "-40.00"
        [order] = sandbox.truth()["order"]
        assert (order["status"], order["amount"]) == ("completed", "40.00")

    def test_is_completed_at_once_by_an_instant_rail(self, acme: World, sandbox: Sandbox) -> None:
        sandbox.set(instant={"bank": True})
        payouts.provider(sandbox)
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, recipient(acme))
        work()
        assert status(made["transfer"]) == "completed"
        assert parts(wallet) == ("60.00", "0.00")

    def test_tells_each_step_to_the_tenant(self, acme: World, sandbox: Sandbox) -> None:
        sandbox.set(instant={"bank": True})
        payouts.provider(sandbox)
        made = pay_out(acme, acme.funded("100.00"), recipient(acme))
        work()
        events = Event.objects.filter(subject=made["transfer"]).order_by("ordinal")
        assert [event.type for event in events] == [
            "transfer.reserved",
            "transfer.sent",
            "transfer.completed",
        ]
        assert {event.book for event in events} == {acme.book}

    def test_keeps_what_was_asked_and_answered_without_the_account_number(
        self, acme: World, sandbox: Sandbox
    ) -> None:
        payouts.provider(sandbox)
        made = pay_out(acme, acme.funded("100.00"), recipient(acme))
        work()
        [attempt] = Attempt.objects.filter(subject=made["transfer"])
        assert (attempt.action, attempt.worker, attempt.why["considered"][0]["provider"]) == (
            "submit",
            "test",
            "sandbox-bank",
        )
        assert payouts.IBAN not in str(attempt.sent)
        assert payouts.IBAN not in str(attempt.answer.received)
        assert BLOT in attempt.answer.received["body"]
        assert (attempt.answer.outcome, attempt.answer.received["status"]) == ("accepted", 202)
        assert sandbox.truth()["order"][0]["reference"] == attempt.reference


class TestAskedFor:
    def test_is_refused_without_enough(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        given = {"wallet": acme.funded("10.00"), "recipient": recipient(acme), "amount": eur("40.00")}
        assert refused("transfers.create_payout", actor=acme.key, **given) == "INSUFFICIENT_BALANCE"
        assert not Transfer.objects.filter(kind="payout").exists()

    @pytest.mark.parametrize(
        ("given", "provided", "code"),
        [
            ({"recipient": "rcp_01m7z75h000000000000000000"}, {}, "RECIPIENT_NOT_FOUND"),
            ({}, {"kinds": ["refund"]}, "NO_ROUTE"),
            ({}, {"currencies": ["USD"]}, "NO_ROUTE"),
            ({}, {"countries": ["FR"]}, "NO_ROUTE"),
            ({}, {"limits": {"largest": {"EUR": "39.99"}}}, "NO_ROUTE"),
            ({}, {"limits": {"smallest": {"EUR": "40.01"}}}, "NO_ROUTE"),
            ({}, {"enabled": False}, "NO_ROUTE"),
        ],
    )
    def test_is_refused_where_it_cannot_go(
        self, acme: World, sandbox: Sandbox, given: dict[str, Any], provided: dict[str, Any], code: str
    ) -> None:
        payouts.provider(sandbox, **provided)
        asked = {"wallet": acme.funded("100.00"), "recipient": recipient(acme), "amount": eur("40.00")}
        assert refused("transfers.create_payout", actor=acme.key, **asked | given) == code

    def test_is_not_to_another_tenants_recipient(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        given = {
            "wallet": acme.funded("100.00"),
            "recipient": recipient(world("bloom")),
            "amount": eur("1.00"),
        }
        for actor in (acme.key, None):
            assert refused("transfers.create_payout", actor=actor, **given) == "RECIPIENT_NOT_FOUND"

    def test_can_show_its_price_first(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, recipient(acme), confirm=False)
        assert (made["hold"], made["total"], parts(wallet)) == (None, eur("40.00"), ("100.00", "0.00"))
        work()
        assert status(made["transfer"]) == "initiated"
        confirmed = done("transfers.confirm_transfer", actor=acme.key, transfer=made["transfer"])
        assert confirmed["hold"]
        assert parts(wallet) == ("60.00", "40.00")
        again = {"transfer": made["transfer"]}
        assert refused("transfers.confirm_transfer", actor=acme.key, **again) == "TRANSFER_NOT_UNCONFIRMED"

    def test_expires_where_its_price_is_not_confirmed(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, recipient(acme), confirm=False)
        with later(minutes=16):
            work()
        assert (status(made["transfer"]), parts(wallet)) == ("expired", ("100.00", "0.00"))
        assert refused("transfers.confirm_transfer", transfer=made["transfer"]) == "TRANSFER_NOT_UNCONFIRMED"

    def test_can_be_cancelled_until_it_is_sent(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        wallet, to = acme.funded("100.00"), recipient(acme)
        first, second = (pay_out(acme, wallet, to)["transfer"] for _ in range(2))
        done("transfers.cancel_transfer", actor=acme.key, transfer=first, reason="not needed")
        assert (status(first), parts(wallet)) == ("cancelled", ("60.00", "40.00"))
        work()
        given = {"transfer": second, "reason": "too late"}
        assert refused("transfers.cancel_transfer", actor=acme.key, **given) == "TOO_LATE_TO_CANCEL"
        assert len(sandbox.truth()["order"]) == 1

    def test_is_not_another_tenants_to_cancel(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        made = pay_out(acme, acme.funded("100.00"), recipient(acme))["transfer"]
        other = world("bloom").key
        for name in ("transfers.cancel_transfer", "transfers.confirm_transfer"):
            more = {"reason": "mine"} if "cancel" in name else {}
            assert refused(name, actor=other, transfer=made, **more) in {
                "TRANSFER_NOT_FOUND",
                "NOT_FOUND",
            }


@pytest.fixture
def _two_above_forty(ledger_db: Any) -> None:
    policy("transfers.open_sending", {"fact": "amount", "op": "gte", "value": "40"}, people=2)


@pytest.mark.usefixtures("_two_above_forty")
class TestApproval:
    def test_is_reserved_at_once_and_sent_when_others_agree(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, recipient(acme), actor=person("op@example.com", "operator"))
        assert (made["status"], parts(wallet)) == ("pending_approval", ("60.00", "40.00"))
        work()
        assert not sandbox.truth()["order"]
        for name in ("ann", "ben"):
            someone = person(f"{name}@example.com", "approver")
            agrees(someone, made["approval_request"]).or_raise()
        work()
        assert status(made["transfer"]) == "provider_processing"

    def test_neither_who_asked_nor_who_confirmed_the_price_agrees(
        self, acme: World, sandbox: Sandbox
    ) -> None:
        payouts.provider(sandbox)
        asks, confirms = (person(f"{name}@example.com", "operator", "approver") for name in ("ann", "ben"))
        made = pay_out(acme, acme.funded("100.00"), recipient(acme), actor=asks, confirm=False)
        request = done("transfers.confirm_transfer", actor=confirms, transfer=made["transfer"])[
            "approval_request"
        ]
        assert [code(agrees(each, request)) for each in (asks, confirms)] == ["APPROVAL_BY_MAKER"] * 2
        draft = policy("transfers.open_sending", name="Draft", status="draft")
        assert (simulate(draft, clock.now()).held, simulate(draft, clock.now()).without) == (0, 1)
        assert agrees(person("cem@example.com", "approver"), request).accepted

    @pytest.mark.parametrize("asker", ["tenant", "operator"])
    @pytest.mark.parametrize("how", ["cancelled", "expired"])
    def test_leaves_no_request_behind_when_it_is_over(
        self, acme: World, sandbox: Sandbox, asker: str, how: str
    ) -> None:
        payouts.provider(sandbox)
        by = acme.key if asker == "tenant" else person("op@example.com", "operator")
        made = pay_out(acme, acme.funded("100.00"), recipient(acme), actor=by)
        request = ApprovalRequest.objects.get(pk=made["approval_request"])
        assert request.status == "pending"
        if how == "cancelled":
            done("transfers.cancel_transfer", actor=acme.key, transfer=made["transfer"], reason="not needed")
        else:
            with later(days=8):
                work()
        request.refresh_from_db()
        assert (status(made["transfer"]), request.status) == (how, "withdrawn")
        assert Event.objects.get(type="approval.withdrawn").book_id == request.book_id

    def test_gives_the_hold_back_when_somebody_says_no(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, recipient(acme))
        ann = person("ann@example.com", "approver")
        done("operations.reject_request", actor=ann, request=made["approval_request"], comment="who is this")
        assert (status(made["transfer"]), parts(wallet)) == ("cancelled", ("100.00", "0.00"))

    def test_gives_the_hold_back_when_its_maker_may_no_longer_ask(
        self, acme: World, sandbox: Sandbox
    ) -> None:
        payouts.provider(sandbox)
        wallet = acme.funded("100.00")
        made = pay_out(
            acme, wallet, recipient(acme), actor=acme.key
        )  # a key that was never kept, as if revoked
        for name in ("ann", "ben"):
            someone = person(f"{name}@example.com", "approver")
            agrees(someone, made["approval_request"]).or_raise()
        assert (status(made["transfer"]), parts(wallet)) == ("cancelled", ("100.00", "0.00"))

    def test_expires_when_nobody_decides(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        wallet = acme.funded("100.00")
        made = pay_out(acme, wallet, recipient(acme))
        with later(days=8):
            work()
        assert (status(made["transfer"]), parts(wallet)) == ("expired", ("100.00", "0.00"))

    def test_is_not_opened_without_it(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        made = pay_out(acme, acme.funded("100.00"), recipient(acme))
        given = {"transfer": made["transfer"]}
        assert refused("transfers.open_sending", actor=acme.key, **given) == "APPROVAL_MISSING"

    def test_what_is_below_the_policy_is_sent(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        made = pay_out(acme, acme.funded("100.00"), recipient(acme), "39.99")
        assert made["approval_request"] is None
        work()
        assert status(made["transfer"]) == "provider_processing"
        assert not ApprovalRequest.objects.exists()
