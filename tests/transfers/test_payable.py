"""Who may not be paid now: whose account is known to be another's, and large amounts to those who were just changed."""

from typing import Any

import pytest

from apps.accounts import payee_calls
from apps.accounts.models import Recipient
from apps.core import clock
from apps.operations.models import Operation
from apps.providers.queries import routing
from apps.transfers.models import Transfer
from tests.support.door import done, eur, request, run
from tests.support.payouts import later, pay_out, provider, recipient
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts

CHANGED = {"details": {"iban": "AT611904300234573201"}}


@pytest.fixture
def bank(sandbox: Sandbox) -> Sandbox:
    """A bank that pays euros and dollars, and says whose accounts are."""
    provider(sandbox, options={"verifies_payees": ["bank_account"]})
    sandbox.fund("bank", "USD", "1000000.00")
    return sandbox


def asked(acme: World, wallet: str, to: str, amount: str, currency: str = "USD", **more: Any) -> Any:
    """Ask for a payout with the tenant's key; the outcome."""
    given = {"wallet": wallet, "recipient": to, "amount": {"amount": amount, "currency": currency}}
    return run("transfers.create_payout", **{"actor": acme.key} | given | more)


def changed(acme: World, to: str, **more: Any) -> None:
    """Another version of a recipient."""
    done("accounts.update_recipient", actor=acme.key, recipient=to, **more or CHANGED)


def refusal(outcome: Any) -> str:
    """Why it was refused."""
    assert outcome.error, outcome
    return str(outcome.error.code)


def test_a_changed_recipient_cools_down_before_large_payouts(acme: World, bank: Sandbox) -> None:
    wallet, to = acme.funded("50000.00", "USD"), recipient(acme, "USD")
    assert asked(acme, wallet, to, "10000.00").accepted
    changed(acme, to)
    until = Recipient.objects.get(pk=to).changed_at + payable_for()
    outcome = asked(acme, wallet, to, "10000.00", key="large")
    assert refusal(outcome) == "RECIPIENT_COOLING_DOWN"
    assert (outcome.error.transient, outcome.error.field) == (True, "/recipient")
    assert outcome.error.details["until"] == clock.written(until)
    assert asked(acme, wallet, to, "9999.99").accepted
    assert parts(wallet) == ("30000.01", "19999.99")
    with later(hours=23, minutes=59):
        assert refusal(asked(acme, wallet, to, "10000.00", key="large")) == "RECIPIENT_COOLING_DOWN"
    with later(hours=24, seconds=1):
        assert asked(acme, wallet, to, "10000.00", key="large").accepted


def payable_for() -> Any:
    """How long it cools down."""
    from apps.transfers.services.payable import COOLING

    return COOLING


@pytest.mark.parametrize("change", [{"name": "Bo Lindh"}, CHANGED])
def test_another_name_cools_down_as_other_details_do(
    acme: World, bank: Sandbox, change: dict[str, Any]
) -> None:
    wallet, to = acme.funded("20000.00", "USD"), recipient(acme, "USD")
    changed(acme, to, metadata={"team": "a"})
    assert asked(acme, wallet, to, "10000.00").accepted
    changed(acme, to, **change)
    assert refusal(asked(acme, wallet, to, "10000.00")) == "RECIPIENT_COOLING_DOWN"


def test_without_a_rate_it_counts_as_large(acme: World, bank: Sandbox) -> None:
    wallet, to = acme.funded("10.00"), recipient(acme)
    changed(acme, to)
    outcome = asked(acme, wallet, to, "1.00", "EUR")
    assert refusal(outcome) == "RECIPIENT_COOLING_DOWN"
    assert "no rate is known" in outcome.error.message


def test_without_a_rate_play_money_is_paid(acme: World, bank: Sandbox) -> None:
    wallet = acme.wallet(test=True)
    done("transfers.post_pay_in", wallet=wallet, amount=eur("10.00"))
    of = {"kind": "bank_account", "name": "Bo Lind", "currency": "EUR"}
    account = {"iban": "DE89370400440532013000"}
    made = done("accounts.create_recipient", tenant=acme.test_tenant, **of, details=account)["recipient"]
    done("accounts.update_recipient", recipient=made, **CHANGED)
    assert asked(acme, wallet, made, "1.00", "EUR", actor=acme.test_key).accepted


def test_a_price_is_not_confirmed_for_one_who_was_changed_meanwhile(acme: World, bank: Sandbox) -> None:
    wallet, to = acme.funded("20000.00", "USD"), recipient(acme, "USD")
    priced = asked(acme, wallet, to, "10000.00", confirm=False).result["transfer"]
    changed(acme, to)
    confirm = request("transfers.confirm_transfer", actor=acme.key, transfer=priced)
    assert refusal(run(confirm.command, actor=acme.key, transfer=priced)) == "RECIPIENT_COOLING_DOWN"
    assert Transfer.objects.get(pk=priced).status == "initiated"
    assert parts(wallet) == ("20000.00", "0.00")


def test_play_money_cools_down_too(acme: World, bank: Sandbox) -> None:
    wallet = acme.wallet("USD", test=True)
    given = {"amount": "20000.00", "currency": "USD"}
    bank_account = {"book": acme.test_book.slug, "address": "bank:ing", "currency": "USD"}
    done("ledger.open_account", **bank_account)
    done("transfers.post_pay_in", wallet=wallet, amount=given, from_account="bank:ing")
    of = {"kind": "bank_account", "name": "Bo Lind", "currency": "USD"}
    details = {"iban": "DE89370400440532013000"}
    made = done("accounts.create_recipient", tenant=acme.test_tenant, **of, details=details)["recipient"]
    done("accounts.update_recipient", recipient=made, **CHANGED)
    outcome = asked(acme, wallet, made, "10000.00", actor=acme.test_key)
    assert refusal(outcome) == "RECIPIENT_COOLING_DOWN"


def test_whose_account_is_anothers_is_not_paid(acme: World, bank: Sandbox) -> None:
    wallet, to = acme.funded("50.00"), recipient(acme, name="Bo (no match)")
    done("accounts.verify_recipient", actor=acme.key, recipient=to)
    assert asked(acme, wallet, to, "1.00", "EUR").accepted
    routing.forget()
    payee_calls.work_off()
    outcome = asked(acme, wallet, to, "1.00", "EUR", key="one")
    assert refusal(outcome) == "RECIPIENT_NOT_VERIFIED"
    assert outcome.error.details == {"verification": "no_match"}
    done("accounts.verify_recipient", actor=acme.key, recipient=to)
    assert refusal(asked(acme, wallet, to, "1.00", "EUR", key="one")) == "RECIPIENT_NOT_VERIFIED"
    done("accounts.reset_recipient_verification", recipient=to, reason="the bank was wrong")
    assert asked(acme, wallet, to, "1.00", "EUR", key="one").accepted


@pytest.mark.parametrize("name", ["Bo (close match)", "Bo (not possible)"])
def test_what_is_not_a_no_blocks_nothing(acme: World, bank: Sandbox, name: str) -> None:
    wallet, to = acme.funded("50.00"), recipient(acme, name=name)
    done("accounts.verify_recipient", actor=acme.key, recipient=to)
    payee_calls.work_off()
    assert Recipient.objects.get(pk=to).verification in {"partial", "not_possible"}
    assert asked(acme, wallet, to, "1.00", "EUR").accepted


def test_policies_see_the_verification(acme: World, bank: Sandbox) -> None:
    wallet, to = acme.funded("50.00"), recipient(acme)
    pay_out(acme, wallet, to, amount="1.00")
    done("accounts.verify_recipient", actor=acme.key, recipient=to)
    payee_calls.work_off()
    pay_out(acme, wallet, to, amount="1.00")
    kept = Operation.objects.filter(command="transfers.create_payout").order_by("id")
    assert [each.facts["transfers.open_sending"]["recipient_verification"] for each in kept] == [
        "unverified",
        "match",
    ]
