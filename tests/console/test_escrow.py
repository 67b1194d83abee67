"""Money in escrow on the pages of its wallet and of its transfers, and what can be done there."""

import html
from typing import Any

import pytest
from django.test import Client

from tests.support.door import done, eur
from tests.support.tenants import World
from tests.support.tenants import world as tenant_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(ledger_db: Any) -> World:
    return tenant_world()


@pytest.fixture
def operator(make_user: Any) -> Client:
    """A browser in which an operator is signed in."""
    client = Client()
    client.force_login(make_user("operator", email="op@example.com"))
    return client


def page_of(transfer: str) -> str:
    return f"/ops/transfers/transfer/{transfer}/"


def shown(client: Client, address: str, **given: str) -> str:
    """What a page says, its blanks as one."""
    answer = client.get(address, given)
    assert answer.status_code == 200, address
    return " ".join(html.unescape(answer.content.decode()).split())


def offered(client: Client, address: str) -> list[str]:
    """The commands to which a page leads."""
    return [each.command for each in client.get(address).context["doings"]]


def put(wallet: str, amount: str) -> str:
    return str(done("transfers.hold_in_escrow", wallet=wallet, amount=eur(amount))["transfer"])


def release(escrow: str, to: str, amount: str | None = None) -> str:
    part = {"amount": eur(amount)} if amount else {}
    return str(done("transfers.release_escrow", escrow=escrow, to_wallet=to, **part)["transfer"])


def test_a_wallet_says_what_of_its_money_is_in_escrow(acme: World, operator: Client) -> None:
    wallet, payee = acme.funded("100.00"), acme.wallet()
    page = f"/ops/accounts/wallet/{wallet}/"
    assert "In escrow" not in shown(operator, page)
    first, second, third = put(wallet, "60.00"), put(wallet, "20.00"), put(wallet, "1.00")
    release(first, payee, "15.00")
    release(third, payee)
    said = operator.get(page).context
    assert said["in_escrow"].decimal == "65.00"
    assert [each.pk for each in said["escrows"]] == [second, first]
    text = shown(operator, page)
    for each in ("In escrow", "65.00", "45.00", "20.00", page_of(first), "Escrow hold"):
        assert each in text, each
    listed = shown(operator, "/ops/transfers/transfer/", kind="escrow_hold", **{"from": wallet})
    assert page_of(third) in listed
    assert {"transfers.hold_in_escrow", "transfers.charge_fee"} <= {*offered(operator, page)}


def test_an_escrow_says_what_is_left_and_what_was_released(acme: World, operator: Client) -> None:
    wallet, payee = acme.funded("100.00"), acme.wallet(name="Bo's boats")
    escrow = put(wallet, "60.00")
    page = page_of(escrow)
    assert offered(operator, page) == ["transfers.release_escrow", "transfers.reverse_transfer"]
    part = release(escrow, payee, "15.00")
    text = shown(operator, page)
    for each in ("Left in escrow", "45.00", page_of(part), "Escrow release", "ESCROW_HOLD, completed"):
        assert each in text, each
    assert offered(operator, page) == ["transfers.release_escrow"]
    form = shown(operator, f"/ops/do/transfers.release_escrow/?escrow={escrow}")
    assert escrow in form
    release(escrow, payee)
    assert offered(operator, page) == []
    of_release = shown(operator, page_of(part))
    for each in ("The escrow that it releases", page, "Bo's boats", "ESCROW_RELEASE, completed"):
        assert each in of_release, each
    assert offered(operator, page_of(part)) == ["transfers.reverse_transfer"]


def test_a_fee_says_whose_it_is(acme: World, operator: Client, console: Client) -> None:
    wallet = acme.funded("100.00")
    given = {"wallet": wallet, "amount": eur("2.00"), "description": "Paper statements"}
    fee = done("transfers.charge_fee", **given)["transfer"]
    text = shown(operator, page_of(fee))
    for each in ("Our revenue", "Paper statements", "FEE, completed"):
        assert each in text, each
    assert offered(operator, page_of(fee)) == ["transfers.reverse_transfer"]
    assert "Our revenue" in shown(console, "/ops/transfers/transfer/", kind="fee")
