"""What a provider says of payouts that were over: given back, paid after all, or not."""

import json
import uuid

import pytest

from apps.core.money import Money
from apps.operations.models import Event
from apps.providers.models import Attempt, Provider
from apps.transfers.arrivals import Deposit
from apps.transfers.models import Transfer
from tests.support import inbound
from tests.support.door import balance, done, eur
from tests.support.payouts import later, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts
from tests.transfers.outcomes import sent, truth, until_ended

pytestmark = pytest.mark.usefixtures("ledger_db")


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

    def test_for_a_wallet_that_was_closed_is_in_suspense(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        made = self.returned(acme, wallet, sandbox)
        other = acme.wallet()
        done(
            "transfers.create_transfer",
            actor=acme.key,
            from_wallet=wallet,
            to_wallet=other,
            amount=eur("60.00"),
        )
        done("accounts.close_wallet", wallet=wallet, reason="left")
        for _ in range(2):
            hear(sandbox, made)
        found, deposit = Transfer.objects.get(pk=made), Deposit.objects.get()
        assert (found.status, found.returned, deposit.status) == ("reversed", 4000, "open")
        assert (str(deposit.payout_id), deposit.money) == (made, Money.parse("40.00", "EUR"))
        assert balance("suspense:deposits", book="platform") == "40.00"
        done("transfers.assign_deposit", deposit=deposit.pk, wallet=other, reason="theirs, too")
        assert parts(other) == ("100.00", "0.00")
        told = Event.objects.get(type="transfer.returned", subject=made)
        assert (told.data["in_suspense"], told.data["compensation"]["refunded"]["amount"]) == (
            True,
            "40.00 EUR",
        )

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


class TestReferenceOfAnother:
    def test_is_for_a_person_and_keeps_no_other_waiting(
        self, acme: World, wallet: str, sandbox: Sandbox
    ) -> None:
        """Two payments under one name of the provider's may be one payment."""
        first, second = (sent(acme, wallet, sandbox, outcome="hang") for _ in range(2))
        named = Transfer.objects.get(pk=first).provider_reference
        told = {
            "reference": Transfer.objects.get(pk=second).submission,
            "status": "completed",
            "id": named,
            "amount": "40.00",
            "currency": "EUR",
        }
        inbound.send(inbound.event(**told), to="sandbox-bank")
        inbound.followed()
        found = Transfer.objects.get(pk=second)
        assert (found.status, found.failure_code) == ("manual_review", "REFERENCE_TAKEN")
        assert first in found.failure_message
        assert found.provider_reference not in {"", named}
        assert status(first) == "provider_processing"


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
