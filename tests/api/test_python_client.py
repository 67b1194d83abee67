"""The Python client against the real server, also through a connection that loses answers."""

import filecmp
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from countinghouse_client import Client, Refused, SecretLost, Unanswered, Waiting
from countinghouse_client import transport as client_transport

from apps.accounts.services.team import token_of
from apps.operations import sequencer
from apps.operations.models import Operation
from apps.transfers.models import Transfer
from script import api_client
from tests.api.conftest import ALL, Party, let_wait, make_party
from tests.support.door import PASSWORD, done, eur


@pytest.fixture
def url(http: httpx.Client) -> str:
    return str(http.base_url)


@pytest.fixture
def asks(url: str) -> Iterator[Callable[..., Client]]:
    """A client for a key."""
    made: list[Client] = []

    def client(key: str, base_url: str = url, **more: Any) -> Client:
        made.append(Client(base_url, key, **more))
        return made[-1]

    yield client
    for each in made:
        each.close()


def test_a_business_from_its_first_day_on(asks: Callable[..., Client], operator_key: str) -> None:
    ours = asks(operator_key)
    tenant = ours.create_tenant(name="Amber Market", slug="amber", base_currency="EUR")
    key = ours.create_api_key(tenant=tenant["test_tenant"], name="shop", scopes=ALL)
    shop = asks(key["secret"])
    assert shop.get_own_tenant()["id"] == tenant["test_tenant"]

    customer = shop.create_customer(kind="person", name="Amara Osei", external_id="c-1")["customer"]
    till = shop.create_wallet(currency="EUR", external_id="till")["wallet"]
    savings = shop.create_wallet(currency="EUR", customer=customer, category="investing")["wallet"]
    paid_in = shop.post_pay_in(wallet=till, amount=eur("100.00"), reference="first")
    assert (paid_in["status"], paid_in["balances"][till]) == ("completed", eur("100.00"))
    paid = shop.create_transfer(
        from_wallet=till, to_wallet=savings, amount=eur("30.00"), idempotency_key="order-1"
    )
    again = shop.create_transfer(
        from_wallet=till, to_wallet=savings, amount=eur("30.00"), idempotency_key="order-1"
    )
    assert again == paid
    with pytest.raises(Refused, match=r"has 70\.00 EUR to spend, 0\.01 EUR too little") as refused:
        shop.create_transfer(from_wallet=till, to_wallet=savings, amount=eur("70.01"))
    assert (refused.value.code, refused.value.status) == ("INSUFFICIENT_BALANCE", 422)

    hold = shop.place_hold(wallet=till, amount=eur("20.00"), reason="card")["hold"]
    settled = shop.settle_hold(
        hold, to_wallet=savings, amount=eur("15.00"), release_rest=True, reason="captured"
    )
    assert [each["amount"] for each in settled["moved"]] == [eur("15.00"), eur("5.00")]
    assert shop.get_wallet_balances(till)["available"] == eur("55.00")
    assert shop.get_wallet_statement(till, order="sequence")["items"][0]["amount"] == eur("100.00")
    sequencer.sequence()
    told = [each["type"] for each in shop.list_events(limit=1).each()]
    assert (told[0], told[-1], len(told)) == ("api_key.created", "hold.settled", 8)
    assert {each["id"] for each in shop.list_wallets(limit=1).each()} == {till, savings}


def test_the_team_is_changed_with_a_live_key(asks: Callable[..., Client], acme: Party) -> None:
    client = asks(acme.key)
    invited = client.invite_member(email="bo@acme.example", role="developer")
    assert client.list_team_invitations().items[0]["email"] == "bo@acme.example"
    token = token_of(invited["invitation"])
    user = done("accounts.accept_invitation", token=token, name="Bo", password=PASSWORD)["user"]
    assert client.change_member_role(user, role="finance")["role"] == "finance"
    assert [(each["user"], each["role"]) for each in client.list_team_members().items] == [(user, "finance")]
    assert client.remove_member(user, reason="Left")["user"] == user
    again = client.invite_member(email="cleo@acme.example", role="owner")["invitation"]
    assert client.revoke_invitation(again, reason="A mistake")["invitation"] == again
    assert {each["status"] for each in client.list_team_invitations().items} == {"accepted", "revoked"}


def test_the_team_of_a_test_tenant_is_its_live_tenants(
    asks: Callable[..., Client], operator_key: str
) -> None:
    ours = asks(operator_key)
    made = ours.create_tenant(name="Amber", slug="amber", base_currency="EUR")
    key = ours.create_api_key(tenant=made["test_tenant"], name="shop", scopes=["team:write"])["secret"]
    with pytest.raises(Refused, match="TEAM_OF_LIVE_TENANT"):
        asks(key).invite_member(email="bo@acme.example", role="developer")
    theirs = ours.create_api_key(tenant=make_party("globex").tenant, name="x", scopes=["team:write"])[
        "secret"
    ]
    with pytest.raises(Refused, match="TENANT_NOT_FOUND"):
        asks(theirs).invite_member(tenant=made["tenant"], email="bo@acme.example", role="developer")


def test_what_waits_for_people_is_no_answer_yet(
    asks: Callable[..., Client], acme: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_wait("transfers.create_transfer", monkeypatch)
    with pytest.raises(Waiting) as waiting:
        asks(acme.key).create_transfer(
            from_wallet=acme.wallet, to_wallet=acme.other, amount=eur("1.00"), idempotency_key="w-1"
        )
    assert waiting.value.approval_request.startswith("apr_")
    assert waiting.value.idempotency_key == "w-1"


def test_an_answer_that_got_lost_is_asked_for_again(
    asks: Callable[..., Client], acme: Party, url: str
) -> None:
    with proxy(url, lose=2) as (through, asked):
        paid = asks(acme.key, through).create_transfer(
            from_wallet=acme.wallet, to_wallet=acme.other, amount=eur("1.00")
        )
    assert len(asked) == 3
    assert [str(each.pk) for each in Transfer.objects.all()] == [paid["transfer"]]


def test_a_secret_that_got_lost_is_not_taken_for_one(
    asks: Callable[..., Client], acme: Party, url: str
) -> None:
    with proxy(url, lose=1) as (through, _), pytest.raises(SecretLost) as lost:
        asks(acme.key, through).create_api_key(name="shop", scopes=["wallets:read"])
    key = lost.value.answer["api_key"]
    assert asks(acme.key).revoke_api_key(key, reason="its secret got lost")["api_key"] == key


def test_half_an_answer_is_none(asks: Callable[..., Client], acme: Party, url: str) -> None:
    half = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{"i"'
    with proxy(url, lose=9, answer=half) as (through, _), pytest.raises(Unanswered, match="no JSON"):
        asks(acme.key, through).get_wallet(acme.wallet)
    strange = b"HTTP/1.1 403 No\r\nContent-Type: application/problem+json\r\nContent-Length: 2\r\n\r\n{}"
    with proxy(url, lose=9, answer=strange) as (through, _), pytest.raises(Unanswered, match="403"):
        asks(acme.key, through).get_wallet(acme.wallet)


def test_who_gets_no_answer_at_all_has_the_key_to_ask_again(
    asks: Callable[..., Client], acme: Party, url: str
) -> None:
    wish = {"from_wallet": acme.wallet, "to_wallet": acme.other, "amount": eur("1.00")}
    with proxy(url, lose=100) as (through, asked), pytest.raises(Unanswered) as unanswered:
        asks(acme.key, through, attempts=2).create_transfer(**wish)
    assert len(asked) == 2
    key = unanswered.value.idempotency_key
    assert uuid.UUID(key)
    paid = asks(acme.key).create_transfer(**wish, idempotency_key=key)
    assert [str(each.pk) for each in Transfer.objects.all()] == [paid["transfer"]]


def test_what_stands_between_may_be_down_for_a_moment(
    asks: Callable[..., Client], acme: Party, url: str
) -> None:
    page = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\noops"
    with proxy(url, lose=1, answer=page) as (through, asked):
        assert asks(acme.key, through).get_wallet(acme.wallet)["id"] == acme.wallet
    assert len(asked) == 2
    with proxy(url, lose=9, answer=page) as (through, _), pytest.raises(Unanswered, match="502"):
        asks(acme.key, through, attempts=2).get_wallet(acme.wallet)


def test_a_key_over_its_limit_waits_as_long_as_it_is_told(
    asks: Callable[..., Client], acme: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    done("accounts.update_tenant", tenant=acme.tenant, requests_per_minute=2)
    monkeypatch.setattr(client_transport, "LONGEST_WAIT", 0.0)
    monkeypatch.setattr("time.sleep", waited.append)
    client = asks(acme.key, attempts=3)
    client.get_own_tenant()
    client.get_own_tenant()
    with pytest.raises(Refused, match="RATE_LIMITED"):
        client.get_own_tenant()
    assert waited == [0.0, 0.0]


def test_a_preview_is_asked_for_by_hand(asks: Callable[..., Client], acme: Party) -> None:
    client = asks(acme.key)
    shown = client.request("POST", "/v1/wallets", query={"preview": True}, body={"currency": "EUR"})
    assert shown["rows"]
    assert Operation.objects.filter(origin="api").count() == 0


def test_a_part_of_a_path_stays_one(asks: Callable[..., Client], acme: Party) -> None:
    with pytest.raises(Refused) as refused:
        asks(acme.key).get_wallet("../tenant")
    assert refused.value.status == 404


def test_it_is_made_of_the_document_of_today(tmp_path: Path) -> None:
    api_client.write(tmp_path)
    names = ["models.py", "operations.py"]
    same, *_ = filecmp.cmpfiles(api_client.PACKAGE, tmp_path, names, shallow=False)
    assert same == names, "run python -m script.api_client"


@contextmanager
def proxy(url: str, *, lose: int, answer: bytes = b"") -> Iterator[tuple[str, list[bytes]]]:
    """A way to the server on which the first answers get lost after the server gave them, or are others; what was asked."""
    asked: list[bytes] = []
    server = httpx.URL(url)

    def pass_on(connection: socket.socket) -> None:
        with connection:
            request = _whole(connection)
            if not request:
                return
            asked.append(request)
            with socket.create_connection((server.host, server.port)) as upstream:
                upstream.sendall(request.replace(b"keep-alive", b"close"))
                given = b"".join(iter(lambda: upstream.recv(65536), b""))
            connection.sendall(answer if len(asked) <= lose else given)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=pass_on, args=[connection]).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        listener.shutdown(socket.SHUT_RDWR)


def _whole(connection: socket.socket) -> bytes:
    """One request with its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    ]
    while len(body) < int(lengths[0] if lengths else 0):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
