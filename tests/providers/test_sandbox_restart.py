"""The sandbox is killed and started again: what it accepted it still does, and once."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.receiver import Receiver, receiver
from tests.support.sandbox import SECRET, Sandbox, sandbox

PAYOUT = {"kind": "payout", "amount": "1.00", "currency": "EUR", "to": {"iban": "DE1"}}


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox of one's own."""
    with sandbox(tmp_path / "mortal.db") as running:
        running.fund("bank", "EUR", "10000")
        yield running
        running.assert_balanced()


@pytest.fixture
def inbox(mortal: Sandbox) -> Iterator[Receiver]:
    with receiver() as taking:
        mortal.set(webhook={"url": taking.url, "ladder": "0.05"}, delays="0.3")
        yield taking


def reborn(mortal: Sandbox) -> None:
    mortal.kill()
    mortal.start()


def test_what_waits_goes_on_after_a_crash(mortal: Sandbox, inbox: Receiver) -> None:
    down = threading.Event()
    inbox.answer = lambda received: 200 if down.is_set() else 503
    mortal.fault(do={"outcome": "fail:closed"}, reference="po_2", times=1)
    mortal.fault(do={"submit": "error_before"}, reference="po_3", times=2)
    mortal.down("card", how="503")
    with mortal.client() as desk:
        for reference in ("po_1", "po_2"):
            assert desk.post("/bank/orders", json={**PAYOUT, "reference": reference}).status_code == 202
        assert desk.post("/bank/orders", json={**PAYOUT, "reference": "po_3"}).status_code == 500
        number = desk.post("/bank/virtual-accounts", json={"reference": "w"}).json()["number"]
    settings = mortal.control("GET", "settings")
    reborn(mortal)
    down.set()
    assert mortal.settle()["settled"] is True
    assert mortal.control("GET", "settings") == settings
    with mortal.client() as desk:
        found = [desk.get(f"/bank/orders/{reference}").json()["status"] for reference in ("po_1", "po_2")]
        assert found == ["completed", "failed"]
        again = [
            desk.post("/bank/orders", json={**PAYOUT, "reference": "po_3"}).status_code for _ in range(2)
        ]
        assert again == [500, 202]
        assert desk.get("/card/accounts").status_code == 503
        assert desk.post("/bank/virtual-accounts", json={"reference": "w"}).json()["number"] == number
    taken = {(each.json["data"]["reference"], each.json["type"]) for each in inbox.received}
    assert {("po_1", "order.completed"), ("po_2", "order.failed")} <= taken
    assert all(each.signed(SECRET) for each in inbox.received)


EACH = 20
"""How many orders each of three clients asks for."""


def test_everything_answered_stands_however_often_it_crashes(mortal: Sandbox) -> None:
    mortal.set(delays="0.01")
    accepted: list[str] = []

    def write(writer: int) -> None:
        for number in range(EACH):
            accepted.append(ordered(f"w{writer}-{number}"))

    def ordered(reference: str) -> str:
        """The reference of an order that is asked for until it is answered."""
        while True:
            try:
                with mortal.client(timeout=2) as desk:
                    answer = desk.post("/bank/orders", json={**PAYOUT, "reference": reference})
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            assert answer.status_code in (200, 201, 202), answer.text
            return reference

    writers = [threading.Thread(target=write, args=[writer]) for writer in range(3)]
    for thread in writers:
        thread.start()
    for some in (EACH, 2 * EACH):
        while len(accepted) < some:
            time.sleep(0.01)
        reborn(mortal)
    for thread in writers:
        thread.join()
    mortal.settle()
    orders = mortal.truth()["order"]
    assert sorted(order["reference"] for order in orders) == sorted(accepted)
    assert {order["status"] for order in orders} == {"completed"}
    debits = [each for each in mortal.truth()["transaction"] if each["kind"] == "order"]
    assert len(debits) == len(accepted) == 3 * EACH
