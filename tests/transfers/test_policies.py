"""Policies hold whatever moves money by hand, on what it would move."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Recipient
from apps.core import clock
from apps.operations.executor import execute_many
from apps.operations.facts import told_by
from apps.operations.models import Operation, PolicyStatus
from apps.operations.registry import find
from apps.operations.simulation import simulate
from apps.rates import worth
from apps.transfers.services.asking import OPEN_SENDING
from tests.support import payouts
from tests.support.door import done, person, request, run
from tests.support.payouts import pay_out, recipient
from tests.support.policies import agrees, policy
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, has

pytestmark = pytest.mark.usefixtures("ledger_db")


def ask_above(command: str, fact: str, bound: str) -> None:
    policy(command, {"fact": fact, "op": "gte", "value": bound})


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
    agrees(person("ann@example.com", "approver"), outcome.approval_request_id).or_raise()
    assert has(wallet).available.decimal == "0.00000000"


def test_a_payout_keeps_what_policies_see_of_it_whether_it_waits_or_not(
    acme: World, sandbox: Sandbox
) -> None:
    payouts.provider(sandbox)
    to = recipient(acme)
    Recipient.objects.filter(pk=to).update(changed_at=clock.now() - timedelta(days=3, hours=5))
    wallet = acme.funded("500.00")
    for amount in ("10.00", "50.00"):
        pay_out(acme, wallet, to, amount=amount)
    draft = policy(
        OPEN_SENDING, {"fact": "amount", "op": "gte", "value": "50"}, name="Draft", status=PolicyStatus.DRAFT
    )
    kept = [each.facts[OPEN_SENDING] for each in Operation.objects.filter(command="transfers.create_payout")]
    assert sorted(each["amount"] for each in kept) == ["10.00", "50.00"]
    for told in kept:
        assert told.keys() == told_by(find(OPEN_SENDING))
        assert (told["kind"], told["currency"], told["tenant"]) == ("payout", "EUR", acme.tenant)
        assert (told["recipient_age_days"], told["recipient_age_hours"]) == (3, 77)
    found = simulate(draft, clock.now())
    assert (found.held, found.without, found.passed) == (0, 1, 1)
    policy(OPEN_SENDING, {"fact": "recipient_age_days", "op": "lte", "value": 3}, name="New recipients")
    assert pay_out(acme, wallet, to, amount="1.00")["approval_request"]


def test_rates_are_read_once_a_batch_and_currency(acme: World) -> None:
    wallet = acme.funded("1.00")
    given = {"wallet": wallet, "amount": {"amount": "2.00", "currency": "EUR"}, "from_account": "bank:ing"}
    requests = [request("transfers.post_pay_in", **given) for _ in range(20)]
    worth.forget()
    with CaptureQueriesContext(connection) as said:
        assert all(each.accepted for each in execute_many(requests))
    assert sum("rates_quote" in query["sql"] for query in said.captured_queries) == 1
    assert not [each for each in said.captured_queries if "operations_approvalpolicy" in each["sql"]]
    with CaptureQueriesContext(connection) as said:
        assert all(each.accepted for each in execute_many([request("transfers.post_pay_in", **given)]))
    assert not [each for each in said.captured_queries if "rates_quote" in each["sql"]]
