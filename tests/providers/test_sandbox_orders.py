"""The sandbox's orders over real HTTP: accepted once, executed, cancelled, listed; its books."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.support.sandbox import CONTROL_KEY, Sandbox, unbalanced

PAYOUT = {"reference": "po_1", "kind": "payout", "amount": "10.50", "currency": "EUR", "to": {"iban": "DE1"}}
SWAP = {"reference": "fx_1", "amount": "100", "currency": "EUR", "receive_currency": "USDC"}


def balance(desk: httpx.Client, name: str = "bank", currency: str = "EUR") -> str:
    return desk.get(f"/{name}/accounts").json()["balances"][currency]


@pytest.fixture(autouse=True)
def _funded(provider: Sandbox) -> None:
    provider.fund("bank", "EUR", "100.00")


def test_an_order_is_executed_once_whatever_is_repeated(provider: Sandbox, desk: httpx.Client) -> None:
    first = desk.post("/bank/orders", json=PAYOUT)
    again = desk.post("/bank/orders", json={**PAYOUT, "amount": "10.5"})
    other = desk.post("/bank/orders", json={**PAYOUT, "amount": "10.51"})
    assert (first.status_code, again.status_code, other.status_code) == (202, 200, 409)
    assert first.json()["status"] == "processing"
    assert first.json()["settled_amount"] is None
    assert other.json()["code"] == "reference_reused"
    assert provider.settle()["settled"] is True
    done = desk.get("/bank/orders/po_1").json()
    assert (done["id"], done["status"], done["settled_amount"]) == (first.json()["id"], "completed", "10.50")
    assert desk.post("/bank/orders", json=PAYOUT).json() == done
    assert balance(desk) == "89.50"
    [order] = provider.truth()["order"]
    assert [each["status"] for each in order["transitions"]] == ["processing", "completed"]


def test_an_instant_desk_answers_with_the_end(provider: Sandbox, desk: httpx.Client) -> None:
    provider.set(instant={"bank": True})
    provider.fault(do={"outcome": "fail:account_closed"}, reference="po_2")
    done = desk.post("/bank/orders", json=PAYOUT)
    failed = desk.post("/bank/orders", json={**PAYOUT, "reference": "po_2"})
    assert (done.status_code, done.json()["status"]) == (201, "completed")
    assert (failed.status_code, failed.json()["status"], failed.json()["code"]) == (
        *(201, "failed"),
        "account_closed",
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "onramp"}, "unknown_kind"),
        ({"amount": "0"}, "bad_amount"),
        ({"amount": "-1"}, "bad_amount"),
        ({"amount": "1.001"}, "bad_amount"),
        ({"amount": 10.5}, "bad_amount"),
        ({"amount": None}, "bad_amount"),
        ({"currency": "XXX"}, "unsupported_currency"),
        ({"to": {}}, "bad_beneficiary"),
        ({"to": "DE1"}, "bad_beneficiary"),
    ],
)
def test_what_is_wrong_for_good(desk: httpx.Client, change: dict[str, Any], code: str) -> None:
    refused = desk.post("/bank/orders", json=PAYOUT | change)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert desk.get("/bank/orders/po_1").status_code == 404
    assert balance(desk) == "100.00"


def test_bodies_keys_and_desks_that_are_none(provider: Sandbox, desk: httpx.Client) -> None:
    assert desk.post("/bank/orders", content=b"{").status_code == 400
    assert desk.post("/bank/orders", json=PAYOUT | {"reference": None}).status_code == 400
    assert desk.post("/bench/orders", json=PAYOUT).json()["code"] == "unknown_desk"
    assert desk.get("/bank/orders/po_9").json()["code"] == "unknown_reference"
    assert desk.post("/control/reset").status_code == 401
    control = {"Authorization": f"Bearer {CONTROL_KEY}"}
    assert desk.post("/bank/orders", json=PAYOUT, headers=control).status_code == 401
    assert httpx.get(f"{provider.url}/health").json() == {"status": "ok"}
    for bad in ({"delay": 1}, {"delays": {"bench": 1}}, {"delays": "soon"}, {"rates": {"EUR": "1"}}):
        with pytest.raises(AssertionError, match="bad_settings"):
            provider.set(**bad)


def test_what_the_account_does_not_cover_may_come_again(provider: Sandbox, desk: httpx.Client) -> None:
    dear = PAYOUT | {"amount": "100.01"}
    refused = desk.post("/bank/orders", json=dear)
    assert (refused.status_code, refused.json()["code"]) == (402, "insufficient_funds")
    provider.fund("bank", "EUR", "0.01")
    assert desk.post("/bank/orders", json=dear).status_code == 202
    assert balance(desk) == "0.00"


def test_limits(provider: Sandbox, desk: httpx.Client) -> None:
    assert desk.post("/bank/orders", json=PAYOUT).status_code == 202
    provider.set(limits={"bank": {"largest": {"EUR": "10"}, "per_second": 0}})
    assert desk.post("/bank/orders", json=PAYOUT).status_code == 200
    assert desk.post("/bank/orders", json=PAYOUT | {"reference": "po_2"}).json()["code"] == "bad_amount"
    small = desk.post("/bank/orders", json=PAYOUT | {"reference": "po_3", "amount": "1"})
    assert (small.status_code, small.headers["Retry-After"]) == (429, "1")


def test_cancelling_while_there_is_time(provider: Sandbox, desk: httpx.Client) -> None:
    provider.fault(do={"outcome": "hang"}, reference="po_1")
    desk.post("/bank/orders", json=PAYOUT)
    assert balance(desk) == "89.50"
    cancelled = desk.post("/bank/orders/po_1/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert desk.post("/bank/orders/po_1/cancel").json() == cancelled.json()
    assert desk.post("/bank/orders", json=PAYOUT).json()["status"] == "cancelled"
    assert balance(desk) == "100.00"
    desk.post("/bank/orders", json=PAYOUT | {"reference": "po_2"})
    provider.settle()
    late = desk.post("/bank/orders/po_2/cancel")
    assert (late.status_code, late.json()["code"]) == (409, "too_late")
    assert late.json()["order"]["status"] == "completed"


def test_a_reference_that_never_came_is_cancelled_for_good(desk: httpx.Client) -> None:
    cancelled = desk.post("/bank/orders/po_1/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    refused = desk.post("/bank/orders", json=PAYOUT)
    assert (refused.status_code, refused.json()["code"]) == (409, "reference_cancelled")
    assert desk.get("/bank/orders/po_1").json()["status"] == "cancelled"
    assert balance(desk) == "100.00"


@pytest.mark.parametrize(("name", "kind"), [("ramp", "onramp"), ("exchange", "conversion")])
def test_two_currencies(provider: Sandbox, desk: httpx.Client, name: str, kind: str) -> None:
    provider.fund(name, "EUR", "100")
    provider.set(rates={"EUR/USDC": "1.0123456789"})
    taken = desk.post(f"/{name}/orders", json=SWAP | {"kind": kind}).json()
    assert (taken["receive_amount"], taken["receive_currency"]) == (None, "USDC")
    provider.settle()
    assert desk.get(f"/{name}/orders/fx_1").json()["receive_amount"] == "101.234567"
    assert desk.get(f"/{name}/accounts").json()["balances"] == {"EUR": "0.00", "USDC": "101.234567"}
    unknown = desk.post(
        f"/{name}/orders", json=SWAP | {"kind": kind, "reference": "x", "receive_currency": "CZK"}
    )
    assert unknown.json()["code"] == "unsupported_currency"


def test_what_goes_to_somebody_is_not_credited_to_us(provider: Sandbox, desk: httpx.Client) -> None:
    provider.fund("ramp", "EUR", "100")
    desk.post("/ramp/orders", json=SWAP | {"kind": "onramp", "to": {"address": "0xabc"}})
    provider.settle()
    assert desk.get("/ramp/orders/fx_1").json()["receive_amount"] == "108.000000"
    assert desk.get("/ramp/accounts").json()["balances"] == {"EUR": "0.00"}


def test_eighteen_digits_are_exact(provider: Sandbox, desk: httpx.Client) -> None:
    provider.fund("custody", "ETH", "123456789.000000000000000001")
    coin = {"kind": "payout", "currency": "ETH", "to": {"address": "0x1"}, "reference": "c"}
    desk.post("/custody/orders", json=coin | {"amount": "0.000000000000000002"})
    assert balance(desk, "custody", "ETH") == "123456788.999999999999999999"


def test_a_strategy_gives_back_what_it_took(provider: Sandbox, desk: httpx.Client) -> None:
    provider.fund("custody", "USDC", "10")
    stake = {"currency": "USDC", "amount": "6", "reference": "s1", "kind": "strategy_start"}
    stop = {**stake, "reference": "s2", "kind": "strategy_stop"}
    assert desk.post("/custody/orders", json=stop).status_code == 402
    desk.post("/custody/orders", json=stake)
    provider.settle()
    found = desk.get("/custody/accounts").json()
    assert (found["balances"], found["strategies"]) == ({"USDC": "4.000000"}, {"USDC": "6.000000"})
    assert desk.post("/custody/orders", json=stop).status_code == 202
    provider.settle()
    assert balance(desk, "custody", "USDC") == "10.000000"


def test_what_changed_since_page_by_page(provider: Sandbox, desk: httpx.Client) -> None:
    for number in range(5):
        desk.post("/bank/orders", json=PAYOUT | {"reference": f"po_{number}", "amount": "1"})
    provider.settle()
    first = desk.get("/bank/orders", params={"limit": 3}).json()["orders"]
    rest = desk.get("/bank/orders", params={"after": first[-1]["id"]}).json()["orders"]
    assert [order["reference"] for order in first + rest] == [f"po_{number}" for number in range(5)]
    last = max(order["changed_at"] for order in first + rest)
    provider.give_back("bank", "po_1")
    [changed] = [
        order
        for order in desk.get("/bank/orders", params={"since": last}).json()["orders"]
        if order["status"] == "returned"
    ]
    assert changed["reference"] == "po_1"
    assert desk.get("/bank/orders", params={"since": "2999-01-01T00:00:00Z"}).json() == {"orders": []}
    assert desk.get("/bank/orders", params={"since": "yesterday"}).status_code == 422
    assert desk.get("/bank/orders", params={"after": "sbo_0"}).status_code == 422


def test_returns(provider: Sandbox, desk: httpx.Client) -> None:
    for reference in ("po_1", "po_2"):
        desk.post("/bank/orders", json=PAYOUT | {"reference": reference})
    provider.settle()
    whole, part = provider.give_back("bank", "po_1"), provider.give_back("bank", "po_2", amount="0.50")
    assert [(each["status"], each["returned_amount"]) for each in (whole, part)] == [
        ("returned", "10.50"),
        ("returned", "0.50"),
    ]
    assert balance(desk) == "90.00"
    with pytest.raises(AssertionError, match="not_returnable"):
        provider.give_back("bank", "po_1")


def test_deposits_and_chargebacks(provider: Sandbox, desk: httpx.Client) -> None:
    number = desk.post("/bank/virtual-accounts", json={"reference": "wallet_1"}).json()["number"]
    assert desk.post("/bank/virtual-accounts", json={"reference": "wallet_1"}).json()["number"] == number
    assert desk.post("/bank/virtual-accounts", json={"reference": "wallet_2"}).json()["number"] != number
    provider.deposit("bank", "5.00", "EUR", virtual_account=number, remitter="Jane")
    charge = provider.deposit("card", "7.00", "EUR", reference="ch_1")
    provider.charge_back(charge["id"], amount="3.00", reason="fraud")
    provider.charge_back(charge["id"], reason="fraud")
    assert (balance(desk), balance(desk, "card")) == ("105.00", "0.00")
    with pytest.raises(AssertionError, match="bad_amount"):
        provider.charge_back(charge["id"])
    provider.fund("card", "EUR", "-1")
    assert balance(desk, "card") == "-1.00"
    truth = provider.truth()
    assert [each["virtual_account"] for each in truth["deposit"]] == [number, None]
    assert [(each["deposit"], each["amount"]) for each in truth["chargeback"]] == [
        (charge["id"], "3.00"),
        (charge["id"], "4.00"),
    ]


def test_the_ledger_of_an_account(provider: Sandbox, desk: httpx.Client) -> None:
    provider.fund("bank", "USD", "1")
    desk.post("/bank/orders", json=PAYOUT)
    found = desk.get("/bank/transactions", params={"currency": "EUR"}).json()["transactions"]
    assert [(each["amount"], each["balance"], each["kind"], each["reference"]) for each in found] == [
        ("100.00", "100.00", "fund", None),
        ("-10.50", "89.50", "order", "po_1"),
    ]
    after = desk.get("/bank/transactions", params={"after": found[0]["id"]}).json()["transactions"]
    assert [each["currency"] for each in after] == ["USD", "EUR"]


def test_books_that_do_not_add_up_would_be_found(provider: Sandbox) -> None:
    truth = provider.truth()
    assert unbalanced(truth) == []
    truth["transaction"][0]["amount"] = str(Decimal(truth["transaction"][0]["amount"]) + 1)
    assert len(unbalanced(truth)) == 2


def test_a_reset_forgets_everything(provider: Sandbox, desk: httpx.Client) -> None:
    desk.post("/bank/orders", json=PAYOUT)
    provider.fault(do={"submit": "refuse"}, times=None)
    provider.down("bank")
    provider.reset()
    truth = provider.truth()
    assert {name: found for name, found in truth.items() if found and name != "balances"} == {}
    assert desk.post("/bank/orders", json=PAYOUT).status_code == 402
    assert provider.control("GET", "settings")["delays"]["bank"] == 0.3
