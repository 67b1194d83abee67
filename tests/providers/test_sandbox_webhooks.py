"""The sandbox's webhooks, received by a real server: signed, in order, tried again, and wrong on demand."""

import json
import time
from itertools import pairwise
from typing import Any

import httpx
import pytest

from apps.providers.adapters.sandbox import SandboxAdapter
from apps.providers.models import Provider
from apps.providers.protocol import Envelope, Outcome
from tests.support.receiver import Receiver
from tests.support.sandbox import SECRET, Sandbox

PAYOUT = {"reference": "po_1", "kind": "payout", "amount": "10.00", "currency": "EUR", "to": {"iban": "DE1"}}
PROCESSING, COMPLETED = "order.processing", "order.completed"


@pytest.fixture(autouse=True)
def _funded(provider: Sandbox, inbox: Receiver) -> None:
    provider.fund("bank", "EUR", "100.00")


def ordered(provider: Sandbox, desk: httpx.Client, webhook: list[str] | None = None) -> dict[str, Any]:
    """An order with these faults, when all has been sent."""
    provider.fault(do={"webhook": webhook or []}, reference="po_1")
    desk.post("/bank/orders", json=PAYOUT)
    assert provider.settle()["settled"] is True
    return desk.get("/bank/orders/po_1").json()


def test_what_happens_is_told_signed_and_in_order(
    provider: Sandbox, desk: httpx.Client, inbox: Receiver
) -> None:
    order = ordered(provider, desk)
    assert inbox.types() == [PROCESSING, COMPLETED]
    assert [each.path for each in inbox.received] == ["/bank", "/bank"]
    assert all(each.signed(SECRET) and each.event == each.json["id"] for each in inbox.received)
    assert not inbox.received[0].signed("another secret")
    assert inbox.received[1].json["data"] == order
    assert len({each.event for each in inbox.received}) == 2


def test_an_order_without_delay_is_told_in_order_too(
    provider: Sandbox, desk: httpx.Client, inbox: Receiver
) -> None:
    provider.set(delays=0)
    for number in range(30):
        desk.post("/bank/orders", json=PAYOUT | {"reference": f"po_{number}", "amount": "1"})
    provider.settle()
    told: dict[str, list[str]] = {}
    for each in inbox.received:
        told.setdefault(each.json["data"]["reference"], []).append(each.json["type"])
    assert len(told) == 30
    assert set(map(tuple, told.values())) == {(PROCESSING, COMPLETED)}


def test_every_type(provider: Sandbox, desk: httpx.Client, inbox: Receiver) -> None:
    provider.set(instant={"bank": True})
    provider.fault(do={"outcome": "fail:closed"}, reference="po_2")
    provider.fault(do={"outcome": "hang"}, reference="po_3")
    for reference in ("po_1", "po_2", "po_3"):
        desk.post("/bank/orders", json=PAYOUT | {"reference": reference})
    desk.post("/bank/orders/po_3/cancel")
    provider.give_back("bank", "po_1")
    deposit = provider.deposit("card", "5", "EUR", virtual_account="SB1", reference="r", remitter="Jane")
    chargeback = provider.charge_back(deposit["id"], reason="fraud")
    provider.settle()
    types = ["order.completed", "order.failed", PROCESSING, "order.cancelled", "order.returned"]
    assert sorted(inbox.types()) == sorted([*types, "deposit.received", "chargeback.opened"])
    data = {each.json["type"]: each.json["data"] for each in inbox.received}
    assert data["deposit.received"] == deposit
    assert data["chargeback.opened"] == chargeback
    assert (deposit["amount"], deposit["remitter"], chargeback["amount"]) == ("5.00", "Jane", "5.00")


SWAP = {"amount": "10", "currency": "EUR", "receive_currency": "USDC"}
STAKE = {"amount": "10", "currency": "USDC", "to": {"strategy": "aave"}}
SEND = {"amount": "10", "currency": "USDC", "to": {"network": "ethereum", "address": "0x1"}}
BRIDGE = {"amount": "10", "currency": "USDC", "receive_currency": "USDC"}


@pytest.mark.parametrize(
    ("name", "kind", "asked", "types"),
    [
        ("ramp", "onramp", SWAP, ["on_ramp.payment_confirmed", "on_ramp.crypto_delivered"]),
        ("ramp", "offramp", SWAP, ["off_ramp.fiat_sent", "off_ramp.bank_credited"]),
        ("exchange", "buy", SWAP, ["dex.order_placed", "dex.trade_complete"]),
        ("exchange", "sell", SWAP, ["dex.order_placed", "dex.trade_complete"]),
        ("exchange", "bridge", BRIDGE, ["bridge.bridge_initiated", "bridge.transfer_complete"]),
        ("custody", "payout", SEND, ["wallet.transaction_sent", "wallet.transaction_confirmed"]),
        ("custody", "strategy_start", STAKE, ["defi.order_placed", "defi.strategy_deployed"]),
    ],
)
@pytest.mark.parametrize("fails", [False, True])
def test_each_sort_of_company_has_its_own_types(
    provider: Sandbox,
    desk: httpx.Client,
    inbox: Receiver,
    name: str,
    kind: str,
    asked: dict[str, Any],
    types: list[str],
    fails: bool,
) -> None:
    for currency in ("EUR", "USDC"):
        provider.fund(name, currency, "100")
    provider.fault(
        do={"webhook": ["reorder"], **({"outcome": "fail:closed"} if fails else {})}, reference="sw_1"
    )
    taken = desk.post(f"/{name}/orders", json={**asked, "reference": "sw_1", "kind": kind})
    assert taken.status_code == 202, taken.text
    provider.settle()
    last = f"{types[0].partition('.')[0]}.failed" if fails else types[1]
    assert inbox.types() == [last, types[0]]
    adapter = SandboxAdapter(Provider(base_url="http://localhost", options={"desk": name}))
    [news] = adapter.parse(Envelope({}, json.dumps(inbox.received[0].json).encode()))
    assert (news.about, news.reference) == ("payment", "sw_1")
    assert news.reply.outcome == (Outcome.FAILED if fails else Outcome.COMPLETED)


def test_it_is_tried_again_until_it_is_taken(provider: Sandbox, desk: httpx.Client, inbox: Receiver) -> None:
    inbox.answer = lambda received: 500 if len(inbox.received) < 4 else 200
    provider.deposit("bank", "1", "EUR")
    provider.settle()
    assert len({each.event for each in inbox.received}) == 1
    assert len(inbox.received) == 4
    times = [each.at for each in inbox.received]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert all(pause >= 0.02 * 2**number * 0.9 for number, pause in enumerate(pauses))
    [told] = provider.truth()["webhook"]
    assert (told["state"], [each["status"] for each in told["tries"]]) == ("delivered", [500, 500, 500, 200])


def test_it_is_given_up_in_the_end(provider: Sandbox, inbox: Receiver) -> None:
    provider.set(webhook={"ladder": "0.001", "tries": 3})
    inbox.answer = lambda received: 404
    provider.deposit("bank", "1", "EUR")
    provider.settle()
    assert [each["state"] for each in provider.truth()["webhook"]] == ["given_up"]
    assert len(inbox.received) == 3


def test_no_answer_and_no_server(provider: Sandbox, inbox: Receiver) -> None:
    provider.set(webhook={"timeout": "0.05", "tries": 2, "ladder": "0.001"})
    inbox.answer = lambda received: time.sleep(0.2) or 200
    provider.deposit("bank", "1", "EUR")
    provider.settle()
    provider.set(webhook={"url": "http://127.0.0.1:9"})
    provider.deposit("bank", "1", "EUR")
    provider.settle()
    silent, absent = provider.truth()["webhook"]
    assert [each["error"] for each in silent["tries"]] == ["There was no answer in time"] * 2
    assert len(absent["tries"]) == 2
    assert absent["state"] == "given_up"


def test_without_an_address_nothing_is_sent(provider: Sandbox, inbox: Receiver) -> None:
    provider.set(webhook={"url": None})
    provider.deposit("bank", "1", "EUR")
    assert [each["state"] for each in provider.truth()["webhook"]] == ["unaddressed"]


def test_dropped(provider: Sandbox, desk: httpx.Client, inbox: Receiver) -> None:
    assert ordered(provider, desk, ["drop"])["status"] == "completed"
    assert inbox.received == []


def test_duplicated(provider: Sandbox, desk: httpx.Client, inbox: Receiver) -> None:
    ordered(provider, desk, ["duplicate"])
    assert inbox.types() == [PROCESSING, PROCESSING, COMPLETED, COMPLETED]
    assert len({(each.event, each.body) for each in inbox.received}) == 2


def test_delayed(provider: Sandbox, desk: httpx.Client, inbox: Receiver) -> None:
    began = time.monotonic()
    ordered(provider, desk, ["delay:0.2"])
    assert inbox.received[0].at - began >= 0.2
    assert inbox.types() == [PROCESSING, COMPLETED]


def test_reordered(provider: Sandbox, desk: httpx.Client, inbox: Receiver) -> None:
    ordered(provider, desk, ["reorder"])
    assert inbox.types() == [COMPLETED, PROCESSING]
    assert all(each.signed(SECRET) for each in inbox.received)


def test_signed_badly(provider: Sandbox, desk: httpx.Client, inbox: Receiver) -> None:
    inbox.answer = lambda received: 200 if received.signed(SECRET) else 401
    provider.set(webhook={"tries": 2})
    ordered(provider, desk, ["bad_signature"])
    assert len(inbox.received) == 4
    assert not any(each.signed(SECRET) for each in inbox.received)


def test_changed_bytes(provider: Sandbox, desk: httpx.Client, inbox: Receiver) -> None:
    ordered(provider, desk, ["changed_bytes"])
    assert len({each.event for each in inbox.received}) == 2
    assert len({each.body for each in inbox.received}) == 4
    assert all(each.signed(SECRET) for each in inbox.received)


def test_without_an_id_in_the_header(provider: Sandbox, desk: httpx.Client, inbox: Receiver) -> None:
    ordered(provider, desk, ["no_event_id"])
    assert [each.event for each in inbox.received] == [None, None]
    assert all(each.signed(SECRET) for each in inbox.received)


def test_faults_together_and_of_deposits(provider: Sandbox, inbox: Receiver) -> None:
    provider.fault(do={"webhook": ["duplicate", "no_event_id"]}, kind="deposit", desk="bank")
    provider.deposit("card", "1", "EUR")
    provider.deposit("bank", "2", "EUR")
    provider.settle()
    found = sorted((each.json["data"]["amount"], each.event is None) for each in inbox.received)
    assert found == [("1.00", False), ("2.00", True), ("2.00", True)]


def test_a_seed_draws_for_webhooks_too(provider: Sandbox, desk: httpx.Client, inbox: Receiver) -> None:
    provider.chaos(5, webhook={"drop": "0.3", "duplicate": "0.3"})
    for number in range(30):
        desk.post("/bank/orders", json=PAYOUT | {"reference": f"po_{number}", "amount": "1"})
    provider.settle()
    faults = {json.dumps(order["webhook_faults"]) for order in provider.truth()["order"]}
    assert faults == {"[]", '["drop"]', '["duplicate"]'}


def test_a_reset_cuts_what_is_on_its_way(provider: Sandbox, inbox: Receiver) -> None:
    inbox.answer = lambda received: (time.sleep(0.1) or 500) if len(inbox.received) == 1 else 200
    provider.deposit("bank", "1", "EUR")
    while not inbox.received:
        time.sleep(0.005)
    provider.reset()
    provider.set(webhook={"url": inbox.url, "ladder": "0.001"})
    provider.deposit("bank", "2", "EUR")
    provider.settle()
    time.sleep(0.15)
    assert [each.json["data"]["amount"] for each in inbox.received] == ["1.00", "2.00"]
    [told] = provider.truth()["webhook"]
    assert (told["state"], len(told["tries"])) == ("delivered", 1)
