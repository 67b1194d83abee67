"""The manual review desk: money moves on proof alone, or on a second person's word over a file."""

import base64
from typing import Any

import pytest
from django.core.management import call_command

from apps.providers.models import Attempt
from apps.transfers.models import Transfer
from apps.transfers.queries.evidence import evidence_of
from tests.support import payouts
from tests.support.door import balance, done, eur, person, refused, run
from tests.support.payouts import later, pay_out, recipient, status, work
from tests.support.policies import agrees
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts, world

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def acme(ledger_db: Any) -> World:
    call_command("loaddata", "approval_policies", verbosity=0)
    return world("acme")


@pytest.fixture
def wallet(acme: World) -> str:
    return acme.funded("100.00", "USD")


def parked(acme: World, wallet: str, sandbox: Sandbox, **do: Any) -> str:
    """A payout that an operator put into review."""
    sandbox.fund("bank", "USD", "1000.00")
    payouts.provider(sandbox)
    sandbox.fault(do=do)
    made = pay_out(acme, wallet, recipient(acme, "USD"), currency="USD")["transfer"]
    work()
    done("transfers.review_transfer", transfer=made, reason="it takes too long")
    assert status(made) == "manual_review"
    return str(made)


def file_beside(subject: str) -> str:
    """A file that was attached to something."""
    content = base64.b64encode(b"statement: paid").decode()
    return str(
        done("operations.attach_file", subject=subject, name="statement.txt", content=content)["attachment"]
    )


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


@pytest.mark.parametrize("name", ["settle", "release"])
class TestWithoutProof:
    def test_is_refused(self, acme: World, wallet: str, sandbox: Sandbox, name: str) -> None:
        made = parked(acme, wallet, sandbox, submit="timeout_after")
        given = {"transfer": made, "reason": "I think so"}
        assert refused(f"transfers.{name}_transfer", **given) == "EVIDENCE_MISSING"

    def test_needs_a_file_of_this_transfer(
        self, acme: World, wallet: str, sandbox: Sandbox, name: str
    ) -> None:
        made = parked(acme, wallet, sandbox, submit="timeout_after")
        given = {"transfer": made, "reason": "I think so", "evidence": file_beside(wallet)}
        assert refused(f"transfers.{name}_transfer", **given) == "EVIDENCE_MISSING"

    def test_needs_a_file_and_a_second_person(
        self, acme: World, wallet: str, sandbox: Sandbox, name: str
    ) -> None:
        made = parked(acme, wallet, sandbox, submit="timeout_after")
        given = {"transfer": made, "reason": "see the statement", "evidence": file_beside(made)}
        outcome = run(f"transfers.{name}_transfer", actor=person("op@example.com", "operator"), **given)
        assert (outcome.approval_request_id is not None, parts(wallet)) == (True, ("60.00", "40.00"))
        ann = person("ann@example.com", "approver")
        agrees(ann, outcome.approval_request_id).or_raise()
        expected = {
            "settle": ("completed", ("60.00", "0.00")),
            "release": ("compensated", ("100.00", "0.00")),
        }
        assert (status(made), parts(wallet)) == expected[name]


class TestWithProof:
    def test_a_payment_is_settled_by_one_person(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        made = parked(acme, wallet, sandbox, outcome="wrong_amount:41.00")
        sandbox.settle()
        done("transfers.requery_transfer", transfer=made)
        work()
        assert status(made) == "manual_review"
        settled = done("transfers.settle_transfer", transfer=made, reason="one dollar is on us")
        assert (settled["status"], parts(wallet)) == ("completed", ("60.00", "0.00"))
        assert balance("provider:sandbox-bank", book="acme", currency="USD") == "-41.00"
        assert balance("suspense:corrections", book="acme", currency="USD") == "-1.00"

    def test_a_part_can_be_settled(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        made = parked(acme, wallet, sandbox, outcome="wrong_amount:41.00")
        sandbox.settle()
        done("transfers.requery_transfer", transfer=made)
        work()
        given = {"transfer": made, "paid": usd("15.00"), "reason": "the rest came back"}
        assert refused("transfers.settle_transfer", **given) == "EVIDENCE_MISSING"
        outcome = run(
            "transfers.settle_transfer",
            actor=person("op@example.com", "operator"),
            evidence=file_beside(made),
            **given,
        )
        ann = person("ann@example.com", "approver")
        agrees(ann, outcome.approval_request_id).or_raise()
        assert parts(wallet) == ("85.00", "0.00")

    def test_what_came_back_in_part_proves_nothing(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        made = parked(acme, wallet, sandbox, submit="timeout_after")
        sandbox.settle()
        sandbox.give_back("bank", Transfer.objects.get(pk=made).submission, amount="10.00")
        done("transfers.requery_transfer", transfer=made)
        work()
        assert status(made) == "manual_review"
        assert (
            refused("transfers.release_transfer", transfer=made, reason="it came back") == "EVIDENCE_MISSING"
        )
        assert evidence_of([Transfer.objects.get(pk=made)])[made].proves == "nothing"

    def test_more_than_is_held_is_refused(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        made = parked(acme, wallet, sandbox, outcome="wrong_amount:41.00")
        given = {"transfer": made, "reason": "all of it"}
        assert refused("transfers.settle_transfer", paid=usd("41.00"), **given) == "AMOUNT_UNFIT"
        assert refused("transfers.settle_transfer", paid=eur("1.00"), **given) == "AMOUNT_UNFIT"


class TestAsked:
    def test_the_provider_settles_what_a_person_looks_at(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        made = parked(acme, wallet, sandbox, submit="timeout_after")
        sandbox.settle()
        done("transfers.requery_transfer", transfer=made)
        work()
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))

    def test_a_provider_that_knows_nothing_leaves_it_to_the_person(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        made = parked(acme, wallet, sandbox, submit="timeout_before")
        for _ in range(2):
            done("transfers.requery_transfer", transfer=made)
            work()
        found = Transfer.objects.get(pk=made)
        assert (found.status, found.next_attempt_at) == ("manual_review", None)
        assert not Attempt.objects.filter(action="cancel").exists()

    def test_nothing_is_asked_of_what_was_not_sent(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        sandbox.fund("bank", "USD", "1000.00")
        payouts.provider(sandbox)
        made = pay_out(acme, wallet, recipient(acme, "USD"), currency="USD")["transfer"]
        assert refused("transfers.requery_transfer", transfer=made) == "TRANSFER_NOT_AT_PROVIDER"
        assert refused("transfers.review_transfer", transfer=made, reason="x") == "TRANSFER_NOT_AT_PROVIDER"
        given = {"transfer": made, "reason": "x"}
        assert refused("transfers.settle_transfer", **given) == "TRANSFER_NOT_IN_REVIEW"

    def test_what_waits_can_be_tried_now(self, acme: World, wallet: str, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        made = pay_out(acme, wallet, recipient(acme, "USD"), currency="USD")["transfer"]
        work()
        assert Transfer.objects.get(pk=made).failure_code == "insufficient_funds"
        sandbox.fund("bank", "USD", "1000.00")
        done("transfers.retry_transfer", transfer=made)
        work()
        assert status(made) == "provider_processing"
        with later(seconds=1):
            assert refused("transfers.retry_transfer", transfer=made) == "NOTHING_TO_RETRY"


class TestHolds:
    @pytest.mark.parametrize("app", ["ledger", "transfers"])
    def test_of_a_transfer_is_touched_by_nothing_else(
        self, acme: World, wallet: str, sandbox: Sandbox, app: str
    ) -> None:
        payouts.provider(sandbox)
        made = pay_out(acme, wallet, recipient(acme, "USD"), currency="USD")
        assert refused(f"{app}.release_hold", hold=made["hold"], reason="free it") == "HOLD_OF_TRANSFER"
        to = {"to_wallet": acme.wallet("USD")} if app == "transfers" else {"destination": "bank:ing"}
        assert refused(f"{app}.settle_hold", hold=made["hold"], reason="pay it", **to) == "HOLD_OF_TRANSFER"
