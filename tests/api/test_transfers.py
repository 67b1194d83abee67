"""Money over HTTP: pay-ins, transfers and holds, by a tenant's program."""

from typing import Any

import pytest

from apps.accounts.models import Tenant
from apps.api import doors
from apps.core import ids
from apps.operations import sequencer
from apps.operations.registry import find
from tests.api.conftest import Client, Party, make_key
from tests.support.door import done, eur


@pytest.fixture
def test_wallet(acme: Party, asking: Any) -> tuple[Client, str]:
    """A wallet of the test tenant, and its program."""
    test = Tenant.objects.get(test_of_id=acme.tenant)
    own = asking(make_key(test.pk)["secret"])
    return own, own.post("/v1/wallets", {"currency": "EUR"}).json()["wallet"]


def test_money_of_any_currency_arrives_in_a_test_environment(test_wallet: tuple[Client, str]) -> None:
    own, _ = test_wallet
    wallet = own.post("/v1/wallets", {"currency": "USD"}).json()["wallet"]
    for _ in range(2):
        given = {"wallet": wallet, "amount": {"amount": "25.00", "currency": "USD"}}
        paid = own.post("/v1/pay-ins", given)
        assert paid.status_code == 201, paid.text
    elsewhere = own.post("/v1/pay-ins", given | {"from_account": "bank:ing"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "ACCOUNT_NOT_FOUND")
    assert own.get(f"/v1/wallets/{wallet}/balances").json()["available"]["amount"] == "50.00"


def test_a_first_pay_in_and_a_transfer(test_wallet: tuple[Client, str]) -> None:
    own, wallet = test_wallet
    paid = own.post("/v1/pay-ins", {"wallet": wallet, "amount": eur("25.00"), "reference": "first"})
    assert paid.status_code == 201, paid.text
    other = own.post("/v1/wallets", {"currency": "EUR"}).json()["wallet"]
    body = {"from_wallet": wallet, "to_wallet": other, "amount": eur("10.00"), "reference": "rent"}
    moved = own.post("/v1/transfers", body)
    assert moved.status_code == 201, moved.text
    shown = own.get(f"/v1/transfers/{moved.json()['transfer']}").json()
    assert (shown["status"], shown["amount"]["amount"], shown["reference"]) == ("completed", "10.00", "rent")
    assert own.get(f"/v1/wallets/{wallet}/balances").json()["available"]["amount"] == "15.00"
    assert [
        each["id"] for each in own.get("/v1/transfers", params={"reference": "rent"}).json()["items"]
    ] == [shown["id"]]
    assert len(own.get("/v1/transfers", params={"status": "completed"}).json()["items"]) == 2
    assert own.get("/v1/transfers", params={"status": "failed"}).json()["items"] == []


def test_without_funds_it_is_refused_with_the_reason(test_wallet: tuple[Client, str]) -> None:
    own, wallet = test_wallet
    other = own.post("/v1/wallets", {"currency": "EUR"}).json()["wallet"]
    answer = own.post(
        "/v1/transfers", {"from_wallet": wallet, "to_wallet": other, "amount": eur("1.00")}, key="k"
    )
    assert answer.json()["code"] == "INSUFFICIENT_BALANCE"
    again = own.post(
        "/v1/transfers", {"from_wallet": wallet, "to_wallet": other, "amount": eur("1.00")}, key="k"
    )
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["detail"] == answer.json()["detail"]
    operation = own.get(f"/v1/operations/{answer.headers['Operation-Id']}").json()
    assert operation["refusal"]["key_is_free"] is False


def test_an_operator_frees_a_refusals_key(test_wallet: tuple[Client, str], operator: Client) -> None:
    own, wallet = test_wallet
    other = own.post("/v1/wallets", {"currency": "EUR"}).json()["wallet"]
    body = {"from_wallet": wallet, "to_wallet": other, "amount": eur("1.00")}
    refused = own.post("/v1/transfers", body, key="k").headers["Operation-Id"]
    own.post("/v1/pay-ins", {"wallet": wallet, "amount": eur("5.00")})
    assert own.post("/v1/transfers", body, key="k").json()["code"] == "INSUFFICIENT_BALANCE"
    freed = operator.post(f"/v1/operations/{refused}/reset-key", {"reason": "paid in since"})
    assert freed.status_code == 200, freed.text
    assert own.post("/v1/transfers", body, key="k").status_code == 201
    [first] = operator.get("/v1/idempotency-keys", params={"key": "k", "status": "refused"}).json()["items"]
    assert (first["reset"]["reason"], first["resettable"]) == ("paid in since", False)


def test_a_hold_is_settled_and_released(test_wallet: tuple[Client, str]) -> None:
    own, wallet = test_wallet
    own.post("/v1/pay-ins", {"wallet": wallet, "amount": eur("25.00")})
    placed = own.post("/v1/holds", {"wallet": wallet, "amount": eur("10.00"), "reason": "card"})
    assert placed.status_code == 201, placed.text
    hold = placed.json()["hold"]
    other = own.post("/v1/wallets", {"currency": "EUR"}).json()["wallet"]
    body = {"to_wallet": other, "amount": eur("4.00"), "reason": "card"}
    assert own.post(f"/v1/holds/{hold}/settle", body).status_code == 200
    assert own.get(f"/v1/holds/{hold}").json()["remaining"]["amount"] == "6.00"
    assert [each["id"] for each in own.get("/v1/holds", params={"remaining": "some"}).json()["items"]] == [
        hold
    ]
    assert own.post(f"/v1/holds/{hold}/release", {"reason": "done"}).status_code == 200
    assert own.get("/v1/holds", params={"remaining": "some", "wallet": wallet}).json()["items"] == []
    assert own.get(f"/v1/wallets/{wallet}/balances").json()["total"]["amount"] == "21.00"


def test_who_is_paid_sees_the_transfer_and_not_its_notes(acme: Party, globex: Party, asking: Any) -> None:
    payer, payee = asking(acme.key), asking(globex.key)
    body = {
        "from_wallet": acme.wallet,
        "to_wallet": globex.wallet,
        "amount": eur("10.00"),
        "reference": "secret-ref",
        "metadata": {"note": "secret"},
    }
    made = payer.post("/v1/transfers", body)
    assert made.status_code == 201, made.text
    sequencer.sequence()
    transfer = made.json()["transfer"]
    seen = payee.get(f"/v1/transfers/{transfer}")
    assert seen.status_code == 200
    assert seen.json()["amount"]["amount"] == "10.00"
    assert "secret" not in seen.text
    assert "secret" not in payee.get("/v1/transfers").text
    assert transfer in payee.get("/v1/transfers").text
    assert payee.get("/v1/transfers", params={"reference": "secret-ref"}).json()["items"] == []
    assert payer.get("/v1/transfers", params={"reference": "secret-ref"}).json()["items"][0]["id"] == transfer
    assert payee.get(f"/v1/operations/{made.headers['Operation-Id']}").status_code == 404
    assert payee.get(f"/v1/wallets/{globex.wallet}/balances").json()["available"]["amount"] == "110.00"


def test_a_live_key_says_nothing_of_money_that_arrived(client: Client, acme: Party) -> None:
    answer = client.post("/v1/pay-ins", {"wallet": acme.wallet, "amount": eur("1.00")})
    assert (answer.status_code, answer.json()["code"]) == (403, "TEST_MODE_ONLY")


def test_rates_are_those_that_stand(client: Client) -> None:
    shown = client.get("/v1/rates", params={"on": "2026-11-20"})
    assert (shown.status_code, shown.json()) == (200, {"on": "2026-11-20", "items": []})


def test_totals_name_what_has_no_rate(client: Client, acme: Party) -> None:
    dollars = done("accounts.create_wallet", tenant=acme.tenant, currency="USD")["wallet"]
    done("ledger.open_account", book=acme.book, address="bank:sandbox", currency="USD")
    done("transfers.post_pay_in", wallet=dollars, amount={"amount": "7.00", "currency": "USD"})
    shown = client.get("/v1/balances").json()["in_base"]
    assert shown["total"] == eur("100.00")
    assert shown["unknown"] == [{"amount": "7.00", "currency": "USD"}]


def test_what_is_no_choice_and_what_is_no_field_is_told_which_there_are(
    test_wallet: tuple[Client, str],
) -> None:
    own, wallet = test_wallet
    networks = {"from_network": "mars", "to_network": "SOL"}
    answer = own.post("/v1/bridges", {"wallet": wallet, "amount": eur("1.00"), **networks}).json()
    assert answer["errors"][0]["pointer"] == "/from_network"
    assert answer["errors"][0]["detail"].startswith('"mars" is none of: ')
    assert "ETH, SOL" in answer["errors"][0]["detail"]
    answer = own.post("/v1/transfers", {"from": wallet}).json()
    assert answer["errors"][0]["pointer"] == "/from"
    assert "It has: from_wallet, to_wallet, amount" in answer["errors"][0]["detail"]


def test_what_came_of_a_payout_is_the_transfer() -> None:
    result = {"entry": ids.new_id("je"), "hold": ids.new_id("hld"), "transfer": ids.new_id("trf")}
    assert doors.made(find("transfers.create_payout"), result, {}) == result["transfer"]
    assert doors.made(find("transfers.place_hold"), result, {}) == result["hold"]


def test_very_many_unknown_fields_are_told_in_few_words(test_wallet: tuple[Client, str]) -> None:
    own, _wallet = test_wallet
    answer = own.post("/v1/transfers", {f"f{number}": 1 for number in range(10_000)})
    assert (answer.status_code, len(answer.json()["errors"])) == (400, 20)
    assert len(answer.content) < 10_000
