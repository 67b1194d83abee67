"""The sandbox's desks for files over real HTTP: a message id once, a payment once, and what is told of them."""

import hashlib
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import httpx
import pytest

from apps.core.money import Money
from apps.providers.formats import camt053, pain002
from apps.providers.formats.pain001 import Address, Party, Payment, PaymentOrder, write_sepa, write_swift
from tests.support.payouts import IBAN
from tests.support.receiver import Receiver
from tests.support.sandbox import Sandbox


def order(message_id: str = "MSG-1", **amounts: str) -> bytes:
    """A file that pays these amounts, by their references."""
    payments = [
        Payment(
            end_to_end_id=reference.replace("_", "-"),
            amount=Money.parse(amount, "EUR"),
            creditor=Party(name="Bo Lind", iban=IBAN, bic="COBADEFFXXX", address=Address(country="DE")),
        )
        for reference, amount in amounts.items()
    ]
    return write_sepa(
        PaymentOrder(
            message_id=message_id,
            created_at=datetime(2026, 11, 23, 14, tzinfo=UTC),
            execute_on=date(2026, 11, 23),
            debtor=Party(name="Countinghouse", iban=IBAN, bic="COBADEFFXXX"),
            payments=tuple(payments),
        )
    )


@pytest.fixture(autouse=True)
def _funded(provider: Sandbox) -> None:
    provider.fund("bankfile", "EUR", "100.00")


def put(desk: httpx.Client, content: bytes, message_id: str = "MSG-1") -> httpx.Response:
    return desk.put(f"/bankfile/files/{message_id}", content=content)


def reports(desk: httpx.Client) -> list[str]:
    """What was told, in its order."""
    return [each["content"] for each in desk.get("/bankfile/reports").json()["reports"]]


def test_a_file_is_taken_once_and_each_payment_is_executed_once(
    provider: Sandbox, desk: httpx.Client
) -> None:
    content = order(po_1="10.00", po_2="20.00")
    first = put(desk, content)
    again = put(desk, content)
    other = put(desk, order(message_id="MSG-2", po_2="20.00", po_3="5.00"), "MSG-2")
    assert (first.status_code, again.status_code, other.status_code) == (201, 409, 201)
    assert first.json()["sha256"] == again.json()["sha256"] == hashlib.sha256(content).hexdigest()
    assert provider.settle()["settled"]
    assert sorted((each["reference"], each["status"]) for each in provider.truth()["order"]) == [
        ("po-1", "completed"),
        ("po-2", "completed"),
        ("po-3", "completed"),
    ]
    assert desk.get("/bankfile/accounts").json()["balances"]["EUR"] == "65.00"


def test_a_file_that_never_came_is_not_known(provider: Sandbox, desk: httpx.Client) -> None:
    assert desk.get("/bankfile/files/MSG-9").json()["code"] == "unknown_file"
    assert desk.post("/bankfile/orders", json={"reference": "po_1", "kind": "payout"}).status_code == 422


@pytest.mark.parametrize("content", [b"", b"hello", b"<!DOCTYPE a []><a/>", order(po_1="10.00")[:-30]])
def test_what_cannot_be_read_is_not_taken(provider: Sandbox, desk: httpx.Client, content: bytes) -> None:
    answer = put(desk, content)
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable")
    assert provider.truth()["file"] == []


def test_it_tells_in_files_that_can_be_read(provider: Sandbox, desk: httpx.Client, inbox: Receiver) -> None:
    provider.fault(do={"outcome": "fail:ac04"}, reference="po-2")
    put(desk, order(po_1="10.00", po_2="20.00", po_3="90.01"))
    assert provider.settle()["settled"]
    status, statement = (each.encode() for each in reports(desk))
    report = pain002.read(BytesIO(status))
    assert (report.original_message_id, report.status.code) == ("MSG-1", "PART")
    told = {each.end_to_end_id: each.status.reasons[0].code for each in report.transactions}
    assert told == {"po-2": "AC04", "po-3": "AM04"}
    entries = [each for each in camt053.read(BytesIO(statement)) if isinstance(each, camt053.Entry)]
    assert [(each.amount, each.details[0].end_to_end_id) for each in entries] == [
        (Money.parse("-10.00", "EUR"), "po-1")
    ]


def test_it_takes_swift_too(provider: Sandbox, desk: httpx.Client) -> None:
    provider.fund("bankfile", "USD", "100.00")
    us: dict[str, Any] = {"bic": "CHASUS33XXX", "address": Address(country="US")}
    content = write_swift(
        PaymentOrder(
            message_id="MSG-1",
            created_at=datetime(2026, 11, 23, 14, tzinfo=UTC),
            execute_on=date(2026, 11, 23),
            debtor=Party(name="Countinghouse", iban=IBAN, bic="COBADEFFXXX"),
            payments=(
                Payment(
                    end_to_end_id="po-1",
                    amount=Money.parse("10.00", "USD"),
                    creditor=Party(name="Bo Lind", account="123456789", **us),
                ),
            ),
        )
    )
    put(desk, content)
    provider.settle()
    [done] = provider.truth()["order"]
    assert (done["status"], done["currency"], done["to"]["account"]) == ("completed", "USD", "123456789")
