"""The whole life of each kind that a provider executes, with exact balances on our side and on the provider's."""

from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.models import Wallet
from apps.core import clock
from apps.ledger.models import Account, GlAccount
from apps.providers import protocol
from apps.transfers.flows import FLOWS
from apps.transfers.models import Transfer
from tests.support import payouts
from tests.support.door import balance, done, refused
from tests.support.payouts import later, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, has

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def desks(sandbox: Sandbox) -> Sandbox:
    """All desks as providers, with something of ours at each."""
    for desk in ("ramp", "exchange", "custody"):
        payouts.provider(sandbox, desk, kinds=KINDS[desk])
        for currency, amount in (("EUR", "10000.00"), ("USDC", "10000.00"), ("BTC", "1.00")):
            sandbox.fund(desk, currency, amount)
    sandbox.set(delays={"ramp": "0.05", "exchange": "0.05", "custody": "0.05"})
    return sandbox


KINDS = {
    "ramp": ["onramp", "offramp"],
    "exchange": ["buy", "sell", "bridge"],
    "custody": ["strategy_start", "strategy_stop"],
}
FUNDED = {"EUR": Decimal(10_000), "USDC": Decimal(10_000), "BTC": Decimal(1)}


def test_providers_are_set_up_for_kinds_that_they_execute() -> None:
    assert set(protocol.KINDS) == FLOWS.keys()


def money(amount: str, currency: str) -> dict[str, str]:
    return {"amount": amount, "currency": currency}


def shown(wallet: str) -> tuple[str, str]:
    """What is available and what is held."""
    found = has(wallet)
    return found.available.decimal, found.held.decimal


def executed(sandbox: Sandbox, command: str, acme: World, **given: Any) -> str:
    """The transfer that a command asked for, once the provider is through with it."""
    made = done(f"transfers.{command}", actor=acme.key, **given)
    work()
    assert status(made["transfer"]) == "provider_processing"
    sandbox.settle()
    with later(hours=1):
        work()
        work()
    return str(made["transfer"])


def agree(sandbox: Sandbox, desk: str, *currencies: str) -> None:
    """What the books say the provider has of ours has changed as much as what it says itself."""
    [theirs] = [each for each in sandbox.truth()["balances"] if each["desk"] == desk]
    for currency in currencies:
        name = f"sandbox-{desk}"
        addresses = Account.objects.filter(currency=currency).exclude(address__startswith="wallet")
        ours = sum(
            Decimal(balance(address, book="acme", currency=currency))
            for address in addresses.values_list("address", flat=True)
            if address.split(":")[1:2] == [name]
        )
        at_desk = [Decimal(theirs[part].get(currency, 0)) for part in ("balances", "strategies")]
        assert sum(at_desk) == FUNDED[currency] + ours, currency


def test_an_onramp_delivers_coins_for_money(acme: World, desks: Sandbox) -> None:
    euros, coins = acme.funded("100.00"), acme.wallet("USDC")
    given = {"from_wallet": euros, "to_wallet": coins, "amount": money("50.00", "EUR")}
    made = executed(desks, "create_onramp", acme, **given)
    assert (status(made), shown(euros), shown(coins)) == (
        "completed",
        ("50.00", "0.00"),
        ("54.000000", "0.000000"),
    )
    agree(desks, "ramp", "EUR", "USDC")


def test_an_offramp_delivers_money_for_coins(acme: World, desks: Sandbox) -> None:
    coins, euros = acme.funded("100.00", "USDC"), acme.wallet()
    given = {"from_wallet": coins, "to_wallet": euros, "amount": money("50.00", "USDC")}
    made = executed(desks, "create_offramp", acme, **given)
    assert (status(made), shown(coins), shown(euros)) == (
        "completed",
        ("50.000000", "0.000000"),
        ("46.00", "0.00"),
    )
    agree(desks, "ramp", "EUR", "USDC")


def test_what_is_bought_can_be_sold(acme: World, desks: Sandbox) -> None:
    euros, coins = acme.funded("100.00"), acme.wallet("BTC")
    bought = {"from_wallet": euros, "to_wallet": coins, "amount": money("100.00", "EUR")}
    assert status(executed(desks, "create_buy", acme, **bought)) == "completed"
    assert (shown(euros), shown(coins)) == (("0.00", "0.00"), ("0.00100000", "0.00000000"))
    sold = {"from_wallet": coins, "to_wallet": euros, "amount": money("0.001", "BTC")}
    assert status(executed(desks, "create_sell", acme, **sold)) == "completed"
    assert (shown(euros), shown(coins)) == (("99.00", "0.00"), ("0.00000000", "0.00000000"))
    agree(desks, "exchange", "EUR", "BTC")


def test_a_bridge_moves_coins_between_networks(acme: World, desks: Sandbox) -> None:
    coins = acme.funded("100.00", "USDC")
    given = {"wallet": coins, "amount": money("50.00", "USDC"), "from_network": "ETH", "to_network": "SOL"}
    desks.set(rates={"USDC/USDC": "0.99"})
    made = executed(desks, "create_bridge", acme, **given)
    assert (status(made), shown(coins)) == ("completed", ("99.500000", "0.000000"))
    assert balance("custody:sandbox-exchange:sol", book="acme", currency="USDC") == "49.500000"
    agree(desks, "exchange", "USDC")


def test_a_strategy_is_started_and_stopped(acme: World, desks: Sandbox) -> None:
    coins = acme.funded("100.00", "USDC")
    given = {"wallet": coins, "strategy": "aave-usdc"}
    started = executed(desks, "start_strategy", acme, amount=money("60.00", "USDC"), **given)
    assert (status(started), shown(coins)) == ("completed", ("40.000000", "0.000000"))
    assert balance(f"strategy:aave-usdc:{coins}", book="acme", currency="USDC") == "60.000000"
    too_much = {"amount": money("60.01", "USDC"), **given}
    assert refused("transfers.stop_strategy", actor=acme.key, **too_much) == "INSUFFICIENT_BALANCE"
    stopped = executed(desks, "stop_strategy", acme, amount=money("60.00", "USDC"), **given)
    assert (status(stopped), shown(coins)) == ("completed", ("100.000000", "0.000000"))
    agree(desks, "custody", "USDC")


def test_a_strategy_that_is_being_stopped_is_not_stopped_again(acme: World, desks: Sandbox) -> None:
    coins = acme.funded("100.00", "USDC")
    given = {"wallet": coins, "strategy": "aave-usdc", "amount": money("60.00", "USDC")}
    executed(desks, "start_strategy", acme, **given)
    first = done("transfers.stop_strategy", actor=acme.key, **given)
    assert refused("transfers.stop_strategy", actor=acme.key, **given) == "INSUFFICIENT_BALANCE"
    done("transfers.cancel_transfer", actor=acme.key, transfer=first["transfer"], reason="stay")
    assert balance(f"strategy:aave-usdc:{coins}", book="acme", currency="USDC") == "60.000000"


@pytest.mark.parametrize(
    ("command", "given", "code"),
    [
        ("create_onramp", {"to": "EUR"}, "SAME_CURRENCY"),
        ("create_bridge", {"from_network": "ETH", "to_network": "ETH"}, "SAME_NETWORK"),
    ],
)
def test_is_refused(acme: World, desks: Sandbox, command: str, given: dict[str, Any], code: str) -> None:
    wallet = acme.funded("100.00")
    to = given.get("to")
    given = {"from_wallet": wallet, "to_wallet": acme.wallet(to)} if to else {"wallet": wallet, **given}
    assert refused(f"transfers.{command}", actor=acme.key, amount=money("1.00", "EUR"), **given) == code


@pytest.mark.parametrize(
    ("command", "given"),
    [
        ("create_buy", ("USDC", "EUR")),
        ("create_sell", ("EUR", "USD")),
        ("create_onramp", ("USDC", "EUR")),
        ("create_offramp", ("EUR", "USDC")),
        ("create_bridge", {"from_network": "ETH", "to_network": "SOL"}),
        ("start_strategy", {"strategy": "savings"}),
    ],
)
def test_what_the_books_have_no_place_for_is_refused_before_money_moves(
    acme: World, desks: Sandbox, command: str, given: Any
) -> None:
    currency, other = given if isinstance(given, tuple) else ("EUR", "")
    wallet = acme.funded("100.00", currency)
    between = (
        {"from_wallet": wallet, "to_wallet": acme.wallet(other)} if other else {"wallet": wallet, **given}
    )
    asked = {"amount": money("1.00", currency), **between}
    assert refused(f"transfers.{command}", actor=acme.key, **asked) == "NOT_BOOKABLE"
    assert shown(wallet)[0].startswith("100.00")


def test_a_closed_wallet_gets_nothing(acme: World, desks: Sandbox) -> None:
    euros, coins = acme.funded("100.00"), acme.wallet("USDC")
    given = {"from_wallet": euros, "to_wallet": coins, "amount": money("1.00", "EUR")}
    made = done("transfers.create_onramp", actor=acme.key, **given)["transfer"]
    closing = {"wallet": coins, "reason": "moved"}
    assert refused("accounts.close_wallet", **closing) == "TRANSFER_UNDER_WAY"
    done("transfers.cancel_transfer", actor=acme.key, transfer=made, reason="stay")
    done("accounts.close_wallet", **closing)
    assert refused("transfers.create_onramp", actor=acme.key, **given) == "NOT_BOOKABLE"


def test_a_wallet_that_was_closed_meanwhile_is_sent_nothing_for(acme: World, desks: Sandbox) -> None:
    euros, coins = acme.funded("100.00"), acme.wallet("USDC")
    given = {"from_wallet": euros, "to_wallet": coins, "amount": money("1.00", "EUR")}
    made = done("transfers.create_onramp", actor=acme.key, **given)["transfer"]
    Wallet.objects.filter(pk=coins).update(status="closed", closed_at=clock.now())
    work()
    assert (status(made), desks.truth()["order"]) == ("balance_reserved", [])
    done("transfers.cancel_transfer", actor=acme.key, transfer=made, reason="closed")
    assert shown(euros) == ("100.00", "0.00")
    Wallet.objects.filter(pk=coins).update(status="open", closed_at=None)


def test_a_wallet_whose_money_works_in_a_strategy_stays_open(acme: World, desks: Sandbox) -> None:
    coins = acme.funded("60.00", "USDC")
    given = {"wallet": coins, "strategy": "aave-usdc", "amount": money("60.00", "USDC")}
    executed(desks, "start_strategy", acme, **given)
    closing = {"wallet": coins, "reason": "moved"}
    assert refused("accounts.close_wallet", **closing) == "STRATEGY_OPEN"
    executed(desks, "stop_strategy", acme, **given)
    done(
        "transfers.create_transfer",
        from_wallet=coins,
        to_wallet=acme.wallet("USDC"),
        amount=money("60.00", "USDC"),
    )
    done("accounts.close_wallet", **closing)


def test_what_was_not_delivered_is_given_back(acme: World, desks: Sandbox) -> None:
    euros, coins = acme.funded("100.00"), acme.wallet("USDC")
    desks.fault(do={"outcome": "fail:no_liquidity"}, desk="ramp")
    given = {"from_wallet": euros, "to_wallet": coins, "amount": money("50.00", "EUR")}
    made = executed(desks, "create_onramp", acme, **given)
    assert (status(made), shown(euros), shown(coins)) == (
        "compensated",
        ("100.00", "0.00"),
        ("0.000000", "0.000000"),
    )


def test_what_the_books_cannot_say_when_it_was_executed_is_for_a_person(acme: World, desks: Sandbox) -> None:
    euros, coins = acme.funded("100.00"), acme.wallet("USDC")
    made = done(
        "transfers.create_onramp",
        actor=acme.key,
        from_wallet=euros,
        to_wallet=coins,
        amount=money("50.00", "EUR"),
    )
    work()
    GlAccount.objects.filter(code="1150").update(currencies=["BTC"])
    desks.settle()
    with later(hours=1):
        work()
        work()
    found = Transfer.objects.get(pk=made["transfer"])
    assert (found.status, found.failure_code) == ("manual_review", "CURRENCY_NOT_ALLOWED")
    assert found.failure_message.startswith("The provider says completed. 1150")
    assert shown(euros) == ("50.00", "50.00")
    done("transfers.requery_transfer", transfer=found.pk)
    with later(hours=1):
        work()
        work()
    found.refresh_from_db()
    assert (found.status, found.next_attempt_at) == ("manual_review", None)
    GlAccount.objects.filter(code="1150").update(currencies=["BTC", "USDC"])
    said = {"delivered": money("54.000000", "USDC"), "reason": "the chart has a place for it now"}
    done("transfers.settle_transfer", transfer=found.pk, **said)
    assert (status(found.pk), shown(coins)[0]) == ("completed", "54.000000")


@pytest.mark.parametrize(("least", "ends"), [("54.00", "completed"), ("54.000001", "manual_review")])
def test_less_than_was_agreed_is_for_a_person(acme: World, desks: Sandbox, least: str, ends: str) -> None:
    euros, coins = acme.funded("100.00"), acme.wallet("USDC")
    given = {"from_wallet": euros, "to_wallet": coins, "amount": money("50.00", "EUR")}
    made = executed(desks, "create_onramp", acme, **given, at_least=money(least, "USDC"))
    assert status(made) == ends
    wrong = refused("transfers.create_onramp", actor=acme.key, **given, at_least=money(least, "USDT"))
    assert wrong == "CURRENCY_MISMATCH"
