"""Fees that are charged by hand, and given back."""

from typing import Any

import pytest

from apps.core import ids
from apps.operations.models import Event
from apps.transfers.models import Transfer
from tests.support.door import balance, done, eur, person, refused, run
from tests.support.payouts import status
from tests.support.policies import agrees, policy
from tests.support.tenants import ALL, World, has, key_of, world

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def acme(ledger_db: Any) -> World:
    return world("acme")


def test_is_taken_out_of_the_wallet_and_is_ours(acme: World) -> None:
    wallet = acme.funded("100.00")
    given = {"wallet": wallet, "amount": eur("12.50"), "description": "Paper statements, 2026"}
    made = done("transfers.charge_fee", **given, reference="fee-7")
    assert (made["kind"], made["type"], made["status"]) == ("fee", "FEE", "completed")
    assert (made["description"], made["balances"]) == ("Paper statements, 2026", {wallet: eur("87.50")})
    assert balance("revenue:fees", book="acme") == "12.50"
    [told] = Event.objects.filter(subject=made["transfer"])
    assert (told.type, told.book_id) == ("transfer.completed", acme.book.pk)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"amount": eur("100.01")}, "INSUFFICIENT_BALANCE"),
        ({"amount": {"amount": "1.00", "currency": "USD"}}, "CURRENCY_MISMATCH"),
        ({"amount": eur("0.00")}, "INPUT_INVALID"),
        ({"description": ""}, "INPUT_INVALID"),
        ({"description": "  "}, "INPUT_INVALID"),
        ({"wallet": "wal_01m7z75h000000000000000000"}, "WALLET_NOT_FOUND"),
    ],
)
def test_is_refused(acme: World, change: dict[str, Any], expected: str) -> None:
    given = {"wallet": acme.funded("100.00"), "amount": eur("1.00"), "description": "Paper statements"}
    assert refused("transfers.charge_fee", **given | change) == expected
    assert not Transfer.objects.filter(kind="fee").exists()


def test_says_what_for(acme: World) -> None:
    given = {"wallet": acme.funded("100.00"), "amount": eur("1.00")}
    assert refused("transfers.charge_fee", **given) == "INPUT_INVALID"


def test_is_charged_by_operators_alone(acme: World) -> None:
    given = {"wallet": acme.funded("100.00"), "amount": eur("1.00"), "description": "x"}
    for key in (acme.key, key_of(acme.book.pk, *ALL)):
        assert refused("transfers.charge_fee", actor=key, **given) == "AUTHORIZATION_FAILED"
    for role in ("viewer", "approver", "compliance", "finance"):
        actor = person(f"{role}@example.com", role)
        assert refused("transfers.charge_fee", actor=actor, **given) == "AUTHORIZATION_FAILED"
    done("transfers.charge_fee", actor=person("ann@example.com", "operator"), **given)
    ours = done("accounts.create_operator_key", name="billing", scopes=["platform:write"])["api_key"]
    from apps.accounts.people import find_actor

    done("transfers.charge_fee", actor=find_actor("api_key", ours), **given)
    assert has(given["wallet"]).available.decimal == "98.00"


def test_may_wait_for_others(acme: World) -> None:
    policy("transfers.charge_fee", {"fact": "amount", "op": "gte", "value": "50"})
    wallet, approver = acme.funded("100.00"), person("bo@example.com", "approver")
    given = {"wallet": wallet, "amount": eur("50.00"), "description": "x"}
    asked = run("transfers.charge_fee", actor=person("ann@example.com", "operator"), **given)
    assert has(wallet).available.decimal == "100.00"
    agrees(approver, asked.approval_request_id, comment="seen").or_raise()
    assert has(wallet).available.decimal == "50.00"


def test_is_given_back_by_reversing_it(acme: World) -> None:
    wallet = acme.funded("100.00")
    fee = done("transfers.charge_fee", wallet=wallet, amount=eur("12.50"), description="x")["transfer"]
    done("transfers.reverse_transfer", transfer=fee, reason="waived")
    assert (status(fee), has(wallet).available.decimal) == ("reversed", "100.00")
    assert balance("revenue:fees", book="acme") == "0.00"
    assert refused("transfers.reverse_transfer", transfer=fee, reason="waived") == "NOT_REVERSIBLE"
    [told] = Event.objects.filter(type="transfer.reversed")
    assert (told.subject, told.book_id, told.data["reason"]) == (fee, acme.book.pk, "waived")


def test_is_no_refund_and_no_escrow(acme: World) -> None:
    wallet = acme.funded("100.00")
    fee = done("transfers.charge_fee", wallet=wallet, amount=eur("12.50"), description="x")["transfer"]
    assert refused("transfers.create_refund", transfer=fee) == "NOT_REFUNDABLE"
    assert refused("transfers.release_escrow", escrow=fee, to_wallet=wallet) == "NOT_IN_ESCROW"
    assert ids.decode("trf", fee)
