"""Refunds of pay-ins, and reversals of what was done in our books alone."""

from functools import partial
from typing import Any

import pytest

from apps.transfers.models import Transfer
from tests.support import inbound, payouts
from tests.support.door import balance, code, done, eur, refused, run
from tests.support.payouts import later, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts, world
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("ledger_db")


class TestRefund:
    def paid(self, acme: World, sandbox: Sandbox) -> tuple[str, str]:
        """A wallet, and a pay-in of 100 euros that came to it through the sandbox's bank."""
        payouts.provider(sandbox)
        wallet = acme.wallet()
        done("ledger.open_account", book="acme", address="provider:sandbox-bank", currency="EUR")
        given = {"wallet": wallet, "amount": eur("100.00"), "from_account": "provider:sandbox-bank"}
        return wallet, done("transfers.post_pay_in", provider_reference="dep-1", **given)["transfer"]

    def test_goes_back_the_way_it_came(self, acme: World, sandbox: Sandbox) -> None:
        wallet, pay_in = self.paid(acme, sandbox)
        made = done("transfers.create_refund", actor=acme.key, transfer=pay_in, amount=eur("30.00"))
        assert (made["type"], made["refund_of"], parts(wallet)) == ("REFUND", pay_in, ("70.00", "30.00"))
        work()
        sandbox.settle()
        with later(days=1):
            work()
            work()
        assert (status(made["transfer"]), parts(wallet)) == ("completed", ("70.00", "0.00"))
        assert balance("provider:sandbox-bank", book="acme") == "70.00"
        [order] = sandbox.truth()["order"]
        assert (order["kind"], order["to"]) == ("refund", {"payment": "dep-1"})

    def test_that_came_back_can_be_tried_again(self, acme: World, sandbox: Sandbox, live_server: Any) -> None:
        wallet, pay_in = self.paid(acme, sandbox)
        inbound.hook_up(sandbox, live_server.url)
        made = done("transfers.create_refund", actor=acme.key, transfer=pay_in)["transfer"]
        work()
        sandbox.settle()
        work()
        assert status(made) == "completed"
        frozen = {"book": "acme", "account": f"wallet:{wallet}:available", "currency": "EUR"}
        freeze = done("ledger.freeze_account", **frozen, direction="both", reason="court")["freeze"]
        sandbox.give_back("bank", Transfer.objects.get(pk=made).submission)
        sandbox.settle()
        inbound.followed()
        [message] = [each for each in inbound.stored() if each.status == "quarantined"]
        done("ledger.unfreeze_account", freeze=freeze, reason="over")
        done("providers.redrive_message", message=message.pk)
        inbound.followed()
        assert (status(made), parts(wallet)) == ("reversed", ("100.00", "0.00"))
        again = done("transfers.create_refund", actor=acme.key, transfer=pay_in)
        assert (again["status"], parts(wallet)) == ("processing", ("0.00", "100.00"))

    def test_is_never_more_than_came_in(self, acme: World, sandbox: Sandbox) -> None:
        wallet, pay_in = self.paid(acme, sandbox)
        done(
            "transfers.post_pay_in", wallet=wallet, amount=eur("50.00"), from_account="provider:sandbox-bank"
        )
        given = {"actor": acme.key, "transfer": pay_in}
        assert refused("transfers.create_refund", amount=eur("100.01"), **given) == "REFUND_TOO_LARGE"
        done("transfers.create_refund", amount=eur("60.00"), **given)
        assert refused("transfers.create_refund", amount=eur("40.01"), **given) == "REFUND_TOO_LARGE"
        assert done("transfers.create_refund", **given)["amount"] == eur("40.00")
        assert refused("transfers.create_refund", **given) == "REFUND_TOO_LARGE"

    def test_of_two_at_once_is_never_more_than_came_in(self, acme: World, sandbox: Sandbox) -> None:
        _, pay_in = self.paid(acme, sandbox)
        refund = partial(run, "transfers.create_refund", actor=acme.key, transfer=pay_in, amount=eur("60.00"))
        outcomes = at_once(*[refund] * 4)
        assert sorted(code(outcome) or "" for outcome in outcomes) == ["", *["REFUND_TOO_LARGE"] * 3]

    def test_that_failed_can_be_asked_for_again(self, acme: World, sandbox: Sandbox) -> None:
        wallet, pay_in = self.paid(acme, sandbox)
        sandbox.fault(do={"submit": "refuse"})
        failed = done("transfers.create_refund", actor=acme.key, transfer=pay_in)["transfer"]
        work()
        assert (status(failed), parts(wallet)) == ("compensated", ("100.00", "0.00"))
        assert done("transfers.create_refund", actor=acme.key, transfer=pay_in)["amount"] == eur("100.00")

    def test_of_money_at_a_bank_account_is_an_operators(self, acme: World) -> None:
        wallet = acme.funded("100.00")
        pay_in = Transfer.objects.get(kind="pay_in").pk
        assert refused("transfers.create_refund", actor=acme.key, transfer=pay_in) == "REFUND_BY_HAND"
        made = done("transfers.create_refund", transfer=pay_in, amount=eur("25.00"))
        assert (made["status"], parts(wallet), balance("bank:ing", book="acme")) == (
            "completed",
            ("75.00", "0.00"),
            "75.00",
        )

    def test_is_of_pay_ins_alone(self, acme: World) -> None:
        wallet, other = acme.funded("100.00"), acme.wallet()
        given = {"from_wallet": wallet, "to_wallet": other, "amount": eur("10.00")}
        made = done("transfers.create_transfer", actor=acme.key, **given)["transfer"]
        assert refused("transfers.create_refund", transfer=made) == "NOT_REFUNDABLE"


class TestReversal:
    def test_takes_a_transfer_back(self, acme: World) -> None:
        source, destination = acme.funded("100.00"), acme.wallet()
        given = {"from_wallet": source, "to_wallet": destination, "amount": eur("40.00")}
        made = done("transfers.create_transfer", actor=acme.key, **given)["transfer"]
        done("transfers.reverse_transfer", transfer=made, reason="twice")
        assert (status(made), parts(source), parts(destination)) == (
            "reversed",
            ("100.00", "0.00"),
            ("0.00", "0.00"),
        )
        assert refused("transfers.reverse_transfer", transfer=made, reason="again") == "NOT_REVERSIBLE"

    def test_takes_back_both_halves_between_tenants(self, acme: World) -> None:
        source, destination = acme.funded("100.00"), world("bloom").wallet()
        given = {"from_wallet": source, "to_wallet": destination, "amount": eur("40.00")}
        made = done("transfers.create_transfer", actor=acme.key, **given)["transfer"]
        result = done("transfers.reverse_transfer", transfer=made, reason="wrong tenant")
        assert (len(result["entries"]), parts(source), parts(destination)) == (
            2,
            ("100.00", "0.00"),
            ("0.00", "0.00"),
        )

    def test_is_refused_where_the_money_is_spent(self, acme: World) -> None:
        source, destination = acme.funded("100.00"), acme.wallet()
        given = {"from_wallet": source, "to_wallet": destination, "amount": eur("40.00")}
        made = done("transfers.create_transfer", actor=acme.key, **given)["transfer"]
        back = {"from_wallet": destination, "to_wallet": source, "amount": eur("0.01")}
        done("transfers.create_transfer", actor=acme.key, **back)
        assert refused("transfers.reverse_transfer", transfer=made, reason="twice") == "INSUFFICIENT_BALANCE"
        assert status(made) == "completed"

    def test_its_entry_is_not_reversed_without_it(self, acme: World) -> None:
        source, destination = acme.funded("100.00"), acme.wallet()
        given = {"from_wallet": source, "to_wallet": destination, "amount": eur("40.00")}
        [entry] = done("transfers.create_transfer", actor=acme.key, **given)["entries"]
        assert refused("ledger.reverse_entry", entry=entry, reason="twice") == "ENTRY_OF_TRANSFER"

    def test_a_payout_comes_back_by_a_return_alone(self, acme: World, sandbox: Sandbox) -> None:
        sandbox.set(instant={"bank": True})
        payouts.provider(sandbox)
        made = payouts.pay_out(acme, acme.funded("100.00"), payouts.recipient(acme))["transfer"]
        work()
        assert refused("transfers.reverse_transfer", transfer=made, reason="x") == "NOT_REVERSIBLE"
