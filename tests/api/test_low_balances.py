"""What a wallet should have at least, set and read through the API, and told in the feed."""

import pytest

from apps.accounts.models import Wallet
from apps.accounts.tasks import watch_balances
from apps.operations import sequencer
from tests.api.conftest import Client, Party, make_party
from tests.support.door import eur, moved

PLACES = [
    ({"amount": "1.00", "currency": "USD"}, "CURRENCY_MISMATCH", "/low_balance/currency"),
    ({"amount": "-1.00", "currency": "EUR"}, "INVALID_AMOUNT", "/low_balance/amount"),
    ({"amount": "1.001", "currency": "EUR"}, "INPUT_INVALID", "/low_balance/amount"),
]


def read(client: Client, wallet: str) -> tuple[object, bool, bool]:
    """The threshold, whether the wallet is low, and whether it is said since when."""
    shown = client.get(f"/v1/wallets/{wallet}").json()
    return shown["low_balance"], shown["is_low"], shown["low_since"] is not None


def low(client: Client, **params: str) -> list[str]:
    return [each["id"] for each in client.get("/v1/wallets", params=params).json()["items"]]


def update(client: Client, wallet: str, amount: str) -> None:
    answer = client.post(f"/v1/wallets/{wallet}/update", {"low_balance": eur(amount)})
    assert (answer.status_code, answer.json()["changed"]) == (200, ["low_balance"]), answer.text


def test_it_is_set_read_listed_told_and_cleared(client: Client, acme: Party) -> None:
    made = client.post("/v1/wallets", {"currency": "EUR", "low_balance": eur("50.00")}).json()["wallet"]
    assert read(client, made) == (eur("50.00"), False, False)
    assert read(client, acme.wallet) == (None, False, False)
    watch_balances()
    assert read(client, made) == (eur("50.00"), True, True)
    assert low(client, is_low="true") == [made]
    assert made not in low(client, is_low="false")
    moved("bank:ing", f"wallet:{made}:available", "60.00", book=acme.book)
    watch_balances()
    assert (read(client, made), low(client, is_low="true")) == ((eur("50.00"), False, False), [])
    update(client, made, "70.00")
    watch_balances()
    update(client, made, "0.00")
    assert read(client, made) == (None, False, False)
    sequencer.sequence()
    feed = client.get("/v1/events", params={"limit": 200}).json()["items"]
    told = [
        (each["type"].rpartition(".")[2], each["data"]["available"], each["data"]["low_balance"])
        for each in feed
        if each["type"].startswith("wallet.balance.")
    ]
    assert told == [
        ("low", eur("0.00"), eur("50.00")),
        ("recovered", eur("60.00"), eur("50.00")),
        ("low", eur("60.00"), eur("70.00")),
    ]


@pytest.mark.parametrize(("amount", "code", "at"), PLACES)
def test_a_refusal_names_the_place(
    client: Client, acme: Party, amount: dict[str, str], code: str, at: str
) -> None:
    answer = client.post(f"/v1/wallets/{acme.wallet}/update", {"low_balance": amount})
    assert answer.status_code in (400, 422)
    problem = answer.json()
    assert problem["code"] == code, problem
    assert at in answer.text
    assert read(client, acme.wallet) == (None, False, False)


def test_anothers_wallet_is_not_watched(client: Client, acme: Party) -> None:
    bloom = make_party("bloom")
    answer = client.post(f"/v1/wallets/{bloom.wallet}/update", {"low_balance": eur("1.00")})
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert Wallet.objects.get(pk=bloom.wallet).low_balance is None
