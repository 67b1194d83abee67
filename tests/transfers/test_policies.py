"""Policies hold whatever moves money by hand, on what it would move."""

import pytest

from apps.operations.models import ApprovalPolicy
from tests.support.door import done, person, run
from tests.support.tenants import World, has

pytestmark = pytest.mark.usefixtures("ledger_db")


def ask_above(command: str, fact: str, bound: str) -> None:
    conditions = [{"fact": fact, "op": "gte", "value": bound}]
    ApprovalPolicy.objects.create(name=command, command=command, conditions=conditions, approvers_needed=1)


@pytest.mark.parametrize(("amount", "asks"), [("99.99", False), ("100.00", True)])
def test_a_pay_in_by_hand(acme: World, amount: str, asks: bool) -> None:
    wallet = acme.funded("1.00")
    ask_above("transfers.post_pay_in", "amount", "100")
    money = {"amount": amount, "currency": "EUR"}
    maker = person("op@example.com", "operator")
    outcome = run("transfers.post_pay_in", actor=maker, wallet=wallet, amount=money, from_account="bank:ing")
    assert (outcome.approval_request_id is not None, outcome.error) == (asks, None)
    assert has(wallet).available.decimal == ("1.00" if asks else "100.99")


def test_a_reversal_without_a_rate_is_above_any_threshold(acme: World) -> None:
    wallet = acme.wallet("BTC")
    bank = {"book": "acme", "address": "bank:vault", "currency": "BTC"}
    done("ledger.open_account", **bank)
    money = {"amount": "0.00000001", "currency": "BTC"}
    given = {"wallet": wallet, "amount": money, "from_account": "bank:vault"}
    made = done("transfers.post_pay_in", **given)["transfer"]
    ask_above("transfers.reverse_transfer", "amount_usd", "10000")
    maker = person("op@example.com", "operator")
    outcome = run("transfers.reverse_transfer", actor=maker, transfer=made, reason="twice")
    assert outcome.approval_request_id is not None
    assert has(wallet).available.decimal == "0.00000001"
    done(
        "operations.approve_request",
        actor=person("ann@example.com", "approver"),
        request=outcome.approval_request_id,
    )
    assert has(wallet).available.decimal == "0.00000000"
