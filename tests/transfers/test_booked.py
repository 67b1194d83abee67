"""What was agreed elsewhere and is booked at the figures that are given."""

from typing import Any

import pytest

from apps.transfers.models import Transfer
from tests.support.door import balance, done, refused, run
from tests.support.tenants import World, available, world

pytestmark = pytest.mark.usefixtures("ledger_db")


def money(amount: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


class TestConversion:
    def test_moves_both_legs_through_our_position_and_keeps_the_spread(self, acme: World) -> None:
        euros, dollars = acme.funded("100.00"), acme.wallet("USD")
        given = {"sold": money("100.00"), "bought": money("110.00", "USD"), "spread": money("1.10", "USD")}
        made = done("transfers.book_conversion", from_wallet=euros, to_wallet=dollars, **given)
        assert (available(euros), available(dollars), made["received"]) == (
            "0.00",
            "108.90",
            money("108.90", "USD"),
        )
        assert balance("fx:position", book="acme") == "100.00"
        assert balance("fx:position", book="acme", currency="USD") == "-110.00"
        assert balance("revenue:fx-spread", book="acme", currency="USD") == "1.10"
        transfer = Transfer.objects.get(pk=made["transfer"])
        assert (transfer.kind, transfer.status, transfer.received) == ("conversion", "completed", 10890)

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"sold": money("100.00", "USD")}, "CURRENCY_MISMATCH"),
            ({"bought": money("100.00", "GBP")}, "CURRENCY_MISMATCH"),
            ({"spread": money("1.00")}, "CURRENCY_MISMATCH"),
            ({"sold": money("100.01")}, "INSUFFICIENT_BALANCE"),
            ({"spread": money("-1.00", "USD")}, "INVALID_AMOUNT"),
            ({"spread": money("110.01", "USD")}, "INVALID_AMOUNT"),
        ],
    )
    def test_is_refused(self, acme: World, change: dict[str, Any], code: str) -> None:
        given: dict[str, Any] = {"from_wallet": acme.funded("100.00"), "to_wallet": acme.wallet("USD")}
        given |= {"sold": money("100.00"), "bought": money("110.00", "USD")}
        assert refused("transfers.book_conversion", **given | change) == code

    def test_is_within_one_tenant(self, acme: World) -> None:
        given: dict[str, Any] = {"from_wallet": acme.funded("100.00")}
        given |= {"to_wallet": world("bloom").wallet("USD")}
        given |= {"sold": money("100.00"), "bought": money("110.00", "USD")}
        assert refused("transfers.book_conversion", **given) == "OTHER_TENANT"


def test_an_otc_trade_goes_through_the_counterparty(acme: World) -> None:
    euros, coins = acme.funded("100.00"), acme.wallet("BTC")
    given = {"counterparty": "genesis", "paid": money("100.00"), "received": money("0.00101", "BTC")}
    given |= {"fee": money("0.00001", "BTC")}
    done("transfers.book_otc_trade", from_wallet=euros, to_wallet=coins, **given)
    assert (available(euros), available(coins)) == ("0.00", "0.00100000")
    assert balance("counterparty:genesis", book="acme") == "-100.00"
    assert balance("counterparty:genesis", book="acme", currency="BTC") == "0.00101000"


class TestPools:
    def fund(self, amount: str = "500.00", currency: str = "CZK") -> None:
        done("transfers.fund_bank_account", book="acme", bank="kb", amount=money(amount, currency))

    def test_are_topped_up_from_a_funded_bank(self, acme: World) -> None:
        top_up = {"book": "acme", "bank": "kb", "pool": "gps", "amount": money("400.00", "CZK")}
        assert refused("transfers.top_up_pool", **top_up) == "INSUFFICIENT_FUND"
        self.fund()
        done("transfers.top_up_pool", **top_up)
        assert balance("bank:kb", book="acme", currency="CZK") == "100.00"
        assert balance("pool:gps", book="acme", currency="CZK") == "400.00"
        assert balance("equity:funding", book="acme", currency="CZK") == "500.00"

    def test_pay_in_another_currency_once_they_are_funded_under_the_same_key(self, acme: World) -> None:
        wallet = acme.funded("101.00", "USD")
        given = {
            "wallet": wallet,
            "pool": "gps",
            "sold": money("20.00", "USD"),
            "paid": money("400.00", "CZK"),
        }
        given |= {"fee": money("1.00", "USD")}
        outcome = run("transfers.pay_from_pool", key="payout-7", **given)
        assert outcome.error
        assert (outcome.error.code, "Top the pool of acme up" in outcome.error.message) == (
            "INSUFFICIENT_FUND",
            True,
        )
        self.fund()
        done("transfers.top_up_pool", book="acme", bank="kb", pool="gps", amount=money("400.00", "CZK"))
        done("transfers.pay_from_pool", key="payout-7", **given)
        assert (available(wallet), balance("pool:gps", book="acme", currency="CZK")) == ("80.00", "0.00")
        assert balance("revenue:fees", book="acme", currency="USD") == "1.00"

    def test_a_wallet_that_is_short_is_another_matter(self, acme: World) -> None:
        self.fund(currency="EUR")
        done("transfers.top_up_pool", book="acme", bank="kb", pool="gps", amount=money("400.00"))
        given = {
            "wallet": acme.funded("10.00"),
            "pool": "gps",
            "sold": money("20.00"),
            "paid": money("20.00"),
        }
        assert refused("transfers.pay_from_pool", key="payout-8", **given) == "INSUFFICIENT_BALANCE"
        other = {**given, "wallet": acme.funded("50.00")}
        assert refused("transfers.pay_from_pool", key="payout-8", **other) == "KEY_REUSED"
