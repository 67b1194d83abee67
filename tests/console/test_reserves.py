"""Rolling reserves in the console and in the API: what is kept back of a wallet, until when, and how it is let go."""

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.transfers import reserves
from apps.transfers.reserves import RollingReserve
from tests.support.door import done, eur
from tests.support.tenants import World

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/ops/transfers/rollingreserve/"


@pytest.fixture
def operator(make_user: Callable[..., User]) -> Client:
    """A browser in which an operator is signed in."""
    client = Client()
    client.force_login(make_user("operator"))
    return client


@pytest.fixture
def wallet(acme: World) -> str:
    """A wallet of whose pay-ins 12.5 % are kept back for 30 days, after one pay-in."""
    made = acme.funded("50.00")
    policy = {"wallet": made, "basis_points": 1_250, "days": 30}
    done("transfers.set_reserve_policy", **policy, reason="new merchant")
    reserves.forget()
    done("transfers.post_pay_in", wallet=made, amount=eur("80.00"), from_account="bank:ing")
    return made


def shown(client: Client, address: str) -> str:
    """What a page says."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return html.unescape(answer.content.decode())


def test_it_is_found_from_its_wallet_and_let_go(operator: Client, wallet: str) -> None:
    assert "12.5 % of pay-ins for 30 days" in shown(operator, f"/ops/accounts/wallet/{wallet}/")
    [reserve] = RollingReserve.objects.all()
    page = f"{LIST}{reserve.pk}/"
    for address in (LIST, f"{LIST}?wallet={wallet}", f"{LIST}?status=held"):
        assert page in shown(operator, address)
    assert page not in shown(operator, f"{LIST}?status=released")
    said = shown(operator, page)
    assert f"/ops/do/transfers.release_rolling_reserve/?reserve={reserve.pk}" in said
    assert "10.00" in said
    assert f"/ops/transfers/transfer/{reserve.transfer_id}/" in said
    done("transfers.release_rolling_reserve", reserve=reserve.pk, reason="settled")
    said = shown(operator, page)
    assert "Freed at" in said
    assert "release_rolling_reserve" not in said


def test_an_empty_list_says_what_stands_there(console: Client, platform: Any) -> None:
    assert "Nothing is kept back" in shown(console, LIST)


def test_a_viewer_sees_it_and_lets_nothing_go(console: Client, wallet: str) -> None:
    [reserve] = RollingReserve.objects.all()
    assert "/ops/do/transfers." not in shown(console, LIST) + shown(console, f"{LIST}{reserve.pk}/")


def test_its_tenant_reads_it(acme: World, wallet: str, client: Client) -> None:
    key = done("accounts.create_api_key", tenant=acme.tenant, name="k", scopes=["wallets:read"])["secret"]
    headers = {"Authorization": f"Bearer {key}"}
    [read] = client.get(f"/v1/rolling-reserves?wallet={wallet}&status=held", headers=headers).json()["items"]
    reserve = RollingReserve.objects.get()
    assert (read["id"], read["transfer"]) == (reserve.pk, reserve.transfer_id)
    assert (read["amount"], read["status"]) == ({"amount": "10.00", "currency": "EUR"}, "held")
    assert client.get(f"/v1/rolling-reserves/{reserve.pk}", headers=headers).json() == read
