"""Everything that the sandbox does wrong on purpose with submissions, queries and outcomes."""

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.support.sandbox import Sandbox

PAYOUT = {"kind": "payout", "amount": "10.00", "currency": "EUR", "to": {"iban": "DE1"}}
SILENT, CUT = httpx.ReadTimeout, httpx.RemoteProtocolError


def submit(desk: httpx.Client, reference: str = "po_1", **more: Any) -> Any:
    """The status of a submission, or the kind of failure."""
    try:
        return desk.post("/bank/orders", json={**PAYOUT, "reference": reference, **more}).status_code
    except httpx.TransportError as error:
        return type(error)


def query(desk: httpx.Client, reference: str = "po_1") -> Any:
    """The status of a query, or the kind of failure."""
    try:
        return desk.get(f"/bank/orders/{reference}").status_code
    except httpx.TransportError as error:
        return type(error)


def balance(desk: httpx.Client) -> str:
    return desk.get("/bank/accounts").json()["balances"]["EUR"]


@pytest.fixture(autouse=True)
def _funded(provider: Sandbox) -> None:
    provider.fund("bank", "EUR", "100.00")


@pytest.mark.parametrize(
    ("fault", "told", "accepted"),
    [
        ("refuse", 422, False),
        ("not_accepted", 503, False),
        ("rate_limit", 429, False),
        ("error_before", 500, False),
        ("timeout_before", SILENT, False),
        ("reset_before", CUT, False),
        ("error_after", 500, True),
        ("timeout_after", SILENT, True),
        ("reset_after", CUT, True),
        ("garbage", 200, True),
    ],
)
def test_submissions(provider: Sandbox, desk: httpx.Client, fault: str, told: Any, accepted: bool) -> None:
    provider.fault(do={"submit": fault}, reference="po_1")
    assert submit(desk) == told
    assert query(desk) == (200 if accepted else 404)
    assert len(provider.truth()["order"]) == accepted
    assert submit(desk) == (200 if accepted else 202)
    provider.settle()
    assert len(provider.truth()["order"]) == 1
    assert balance(desk) == "90.00"


def test_garbage_is_no_json_and_refusals_say_when_to_come_again(
    provider: Sandbox, desk: httpx.Client
) -> None:
    for fault in ("garbage", "not_accepted", "rate_limit"):
        provider.fault(do={"submit": fault}, reference=fault)
    with pytest.raises(ValueError, match="Expecting value"):
        desk.post("/bank/orders", json={**PAYOUT, "reference": "garbage"}).json()
    for fault in ("not_accepted", "rate_limit"):
        refused = desk.post("/bank/orders", json={**PAYOUT, "reference": fault})
        assert refused.headers["Retry-After"] == "1"


def test_slow_submissions(provider: Sandbox, desk: httpx.Client) -> None:
    provider.fault(do={"submit": "slow:0.1"}, times=1)
    provider.fault(do={"submit": "slow:0.6"}, times=1)
    began = time.monotonic()
    assert submit(desk) == 202
    assert time.monotonic() - began >= 0.1
    assert submit(desk, "po_2") == SILENT
    time.sleep(0.4)
    assert query(desk, "po_2") == 200


def test_an_order_that_was_accepted_is_never_told_not_to_be(provider: Sandbox, desk: httpx.Client) -> None:
    assert submit(desk) == 202
    for fault in ("refuse", "not_accepted", "rate_limit"):
        provider.fault(do={"submit": fault}, reference="po_1")
        assert submit(desk) == 200


def test_many_at_once_are_one_order(provider: Sandbox, desk: httpx.Client) -> None:
    provider.fault(do={"submit": "slow:0.05"}, times=None)
    with ThreadPoolExecutor(8) as threads:
        answers = sorted(threads.map(lambda _: submit(desk), range(8)))
    assert answers == [200] * 7 + [202]
    assert balance(desk) == "90.00"


def test_queries(provider: Sandbox, desk: httpx.Client) -> None:
    submit(desk)
    provider.settle()
    for fault, told in (("error", 500), ("timeout", SILENT)):
        provider.fault(do={"query": fault}, reference="po_1")
        assert query(desk) == told
        assert query(desk) == 200


def test_an_order_that_is_not_found_for_a_while(provider: Sandbox, desk: httpx.Client) -> None:
    provider.fault(do={"query": "not_found_for:0.3"}, times=None, reference="po_1")
    submit(desk)
    assert query(desk) == 404
    assert len(provider.truth()["order"]) == 1
    time.sleep(0.3)
    assert query(desk) == 200


@pytest.mark.parametrize(
    ("outcome", "status", "settled", "left"),
    [
        ("complete", "completed", "10.00", "90.00"),
        ("fail:account_closed", "failed", None, "100.00"),
        ("partial:0.4", "completed", "4.00", "96.00"),
        ("partial:0.3333", "completed", "3.33", "96.67"),
        ("wrong_amount:12.50", "completed", "12.50", "87.50"),
        ("wrong_amount:9", "completed", "9.00", "91.00"),
        ("return_after:0.05", "returned", "10.00", "100.00"),
        ("delay:0.1", "completed", "10.00", "90.00"),
    ],
)
def test_outcomes(
    provider: Sandbox, desk: httpx.Client, outcome: str, status: str, settled: str | None, left: str
) -> None:
    provider.fault(do={"outcome": outcome}, reference="po_1")
    submit(desk)
    assert provider.settle()["settled"] is True
    order = desk.get("/bank/orders/po_1").json()
    assert (order["status"], order["settled_amount"]) == (status, settled)
    assert order["code"] == ("account_closed" if status == "failed" else None)
    assert balance(desk) == left


def test_an_order_that_hangs_until_told(provider: Sandbox, desk: httpx.Client) -> None:
    provider.fault(do={"outcome": "hang"}, reference="po_1")
    submit(desk)
    assert provider.settle() == {"settled": True, "orders": 0, "webhooks": 0}
    assert desk.get("/bank/orders/po_1").json()["status"] == "processing"
    assert provider.execute("bank", "po_1", "fail:no_such_account")["code"] == "no_such_account"
    assert balance(desk) == "100.00"


def test_settling_tells_what_is_left(provider: Sandbox, desk: httpx.Client) -> None:
    provider.fault(do={"outcome": "delay:60"}, reference="po_1")
    submit(desk)
    assert provider.settle(timeout=0.05) == {"settled": False, "orders": 1, "webhooks": 0}


@pytest.mark.parametrize(
    ("match", "strikes"),
    [
        ({}, True),
        ({"reference": "po_1"}, True),
        ({"reference": "po_2"}, False),
        ({"desk": "bank", "kind": "payout"}, True),
        ({"desk": "card"}, False),
        ({"kind": "refund"}, False),
        ({"amount": "10"}, True),
        ({"amount": "10.01"}, False),
        ({"to": "DE1"}, True),
        ({"to": "FR"}, False),
        ({"to": "DE1", "amount": "9"}, False),
    ],
)
def test_what_a_fault_matches(
    provider: Sandbox, desk: httpx.Client, match: dict[str, str], strikes: bool
) -> None:
    provider.fault(do={"submit": "refuse"}, **match)
    assert submit(desk) == (422 if strikes else 202)


def test_the_first_fault_counts_as_often_as_it_may(provider: Sandbox, desk: httpx.Client) -> None:
    provider.fault(do={"submit": "error_before"}, times=2)
    provider.fault(do={"submit": "not_accepted"}, times=None)
    assert [submit(desk) for _ in range(4)] == [500, 500, 503, 503]
    provider.no_faults()
    assert submit(desk) == 202


@pytest.mark.parametrize(
    "do",
    [
        {"submit": "explode"},
        {"submit": "slow"},
        {"submit": "slow:long"},
        {"outcome": "partial:1.5"},
        {"outcome": "fail:"},
        {"outcome": "wrong_amount:-1"},
        {"webhook": ["lose"]},
        {"answer": "error"},
    ],
)
def test_faults_that_are_none(provider: Sandbox, do: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="bad_fault"):
        provider.fault(do=do)


def test_faults_are_a_list(provider: Sandbox) -> None:
    with pytest.raises(AssertionError, match=r"bad_fault.*a list"):
        provider.control("POST", "faults", {"match": {}, "do": {"submit": "refuse"}})


@pytest.mark.parametrize(
    ("how", "known", "new"), [("refuse", CUT, CUT), ("hang", SILENT, SILENT), ("503", 503, 503)]
)
def test_desks_that_are_down(provider: Sandbox, desk: httpx.Client, how: str, known: Any, new: Any) -> None:
    submit(desk)
    provider.down("bank", how=how)
    assert (query(desk), submit(desk, "po_2")) == (known, new)
    assert desk.get("/card/accounts").status_code == 200
    provider.up()
    assert (query(desk), query(desk, "po_2")) == (200, 404)


def test_a_desk_that_is_down_says_only_of_new_orders_that_they_are_not_accepted(
    provider: Sandbox, desk: httpx.Client
) -> None:
    submit(desk)
    provider.down(how="503")
    codes = [
        desk.post("/bank/orders", json={**PAYOUT, "reference": reference}).json()["code"]
        for reference in ("po_1", "po_2")
    ]
    assert codes == ["unavailable", "not_accepted"]


def storm(provider: Sandbox, seed: int) -> list[Any]:
    """What forty orders meet, each tried up to five times, and what becomes of them."""
    provider.reset()
    provider.set(delays=0)
    provider.fund("bank", "EUR", "10000")
    provider.chaos(
        seed,
        submit={"error_after": "0.1", "error_before": 0.1, "not_accepted": "0.1", "refuse": "0.05"},
        outcome={"fail:closed": "0.2", "partial:0.5": "0.2"},
    )
    seen: list[Any] = []
    with provider.client() as desk:
        for number in range(40):
            reference, tries = f"po_{number}", [0]
            while tries[-1] not in (200, 202, 422) and len(tries) < 6:
                tries.append(submit(desk, reference))
            seen.append(tries)
        provider.settle()
    orders = provider.truth()["order"]
    seen.append([(order["reference"], order["status"], order["settled_amount"]) for order in orders])
    provider.assert_balanced()
    return seen


def test_chaos_is_the_same_for_the_same_seed(provider: Sandbox) -> None:
    first = storm(provider, 7)
    assert {status for tries in first[:-1] for status in tries[1:]} == {200, 202, 422, 500, 503}
    assert {order[1] for order in first[-1]} == {"completed", "failed"}
    assert storm(provider, 7) == first
    assert storm(provider, 8) != first


def test_chaos_ends_and_shares_are_checked(provider: Sandbox, desk: httpx.Client) -> None:
    provider.chaos(1, submit={"not_accepted": "1"})
    assert submit(desk) == 503
    provider.no_chaos()
    assert submit(desk) == 202
    for bad in (
        {"submit": {"not_accepted": "1.1"}},
        {"submit": {"explode": "0.1"}},
        {"submit": {"refuse": "x"}},
    ):
        with pytest.raises(AssertionError, match="bad_fault"):
            provider.chaos(1, **bad)


def test_money_is_neither_made_nor_lost_in_chaos(provider: Sandbox, desk: httpx.Client) -> None:
    provider.set(delays=0)
    provider.chaos(
        3, outcome={"fail:x": "0.3", "partial:0.25": "0.2", "wrong_amount:0.5": "0.1", "hang": "0.1"}
    )
    for number in range(60):
        submit(desk, f"po_{number}", amount="1.00")
    provider.settle()
    orders = provider.truth()["order"]
    spent = sum(Decimal(order["settled_amount"] or 0) for order in orders)
    waiting = sum(Decimal(order["amount"]) for order in orders if order["status"] == "processing")
    assert Decimal(balance(desk)) == 100 - spent - waiting
    assert waiting > 0
