"""Bodies that nobody should send: a clear refusal, and nothing changed."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from apps.accounts.models import Wallet
from apps.api.bodies import parsed
from apps.api.errors import BodyInvalid
from tests.api.conftest import Client, Party


@pytest.fixture
def nothing_made(acme: Party) -> Any:
    yield
    assert Wallet.objects.filter(tenant_id=acme.tenant).count() == 2


@pytest.mark.usefixtures("nothing_made")
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "BODY_INVALID"),
        (b"{", "BODY_INVALID"),
        (b"[]", "BODY_INVALID"),
        (b'"text"', "BODY_INVALID"),
        (b"null", "BODY_INVALID"),
        (b'{"currency": NaN}', "BODY_INVALID"),
        (b'{"currency": Infinity}', "BODY_INVALID"),
        (b'{"currency": "EUR", "currency": "USD"}', "BODY_INVALID"),
        (b'{"currency": "EUR", "metadata": {"a": "1", "a": "2"}}', "BODY_INVALID"),
        (b'{"currency": "\xff"}', "BODY_INVALID"),
        (b'{"currency": "EUR", "name": "\\ud800"}', "BODY_INVALID"),
        (b"[" * 100_000, "BODY_INVALID"),
        (b'{"a":' * 100_000, "BODY_INVALID"),
        (b'{"metadata":' * 70 + b"1" + b"}" * 70, "BODY_INVALID"),
        (b'{"currency": 1e400}', "BODY_INVALID"),
        (b'{"currency": {"$gt": ""}}', "INPUT_INVALID"),
        (b'{"currency": true}', "INPUT_INVALID"),
        (b'{"currency": ["EUR"]}', "INPUT_INVALID"),
        (b'{"currency": "EUR", "name": "a\\u0000b"}', "INPUT_INVALID"),
        (b'{"currency": "EUR", "name": 1.5}', "INPUT_INVALID"),
        (b'{"currency": "EUR", "metadata": []}', "INPUT_INVALID"),
        (b"\xef\xbb\xbf{}", "BODY_INVALID"),
    ],
)
def test_what_is_no_clear_json_is_refused(client: Client, content: bytes, code: str) -> None:
    answer = client.post("/v1/wallets", content=content)
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text


@pytest.mark.usefixtures("nothing_made")
def test_a_huge_body_is_refused_unread(client: Client) -> None:
    answer = client.post("/v1/wallets", {"currency": "EUR", "name": "x" * 1_000_001})
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.usefixtures("nothing_made")
@pytest.mark.parametrize(
    "kind", ["text/plain", "", "application/x-www-form-urlencoded", "application/json; charset=latin1"]
)
def test_only_json_is_read(client: Client, kind: str) -> None:
    answer = client.post("/v1/wallets", {"currency": "EUR"}, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "MEDIA_TYPE_UNSUPPORTED")


def test_only_json_is_spoken(client: Client) -> None:
    answer = client.get("/v1/wallets", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, "NOT_ACCEPTABLE")
    assert client.get("/v1/wallets", headers={"Accept": "text/html, */*;q=0.1"}).status_code == 200


def test_a_body_in_chunks_is_refused(client: Client, http: Any) -> None:
    where = urlsplit(str(http.base_url))
    with socket.create_connection((where.hostname, where.port), timeout=10) as raw:
        raw.sendall(
            b"POST /v1/wallets HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nIdempotency-Key: k\r\nTransfer-Encoding: chunked\r\n"
            b"Authorization: Bearer " + client.key.encode() + b"\r\n\r\n"
        )
        assert b" 411 " in raw.makefile("rb").readline()


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE accounts_wallet; --",
        '=HYPERLINK("http://x")',
        "<script>alert(1)</script>",
        "%00",
        "../../etc/passwd",
        "🜁" * 30,
    ],
)
def test_strange_texts_are_kept_as_they_are(client: Client, text: str) -> None:
    made = client.post("/v1/customers", {"kind": "person", "name": text, "external_id": text})
    assert made.status_code == 201, made.text
    assert client.get(f"/v1/customers/{made.json()['customer']}").json()["name"] == text
    assert [
        each["name"] for each in client.get("/v1/customers", params={"external_id": text}).json()["items"]
    ] == [text]


def test_names_that_come_twice_are_found_wherever_they_stand() -> None:
    assert parsed(b'{"a": {"b": "x:y:z"}, "c": [{"a": 1}, {"a": 2}]}') == {
        "a": {"b": "x:y:z"},
        "c": [{"a": 1}, {"a": 2}],
    }
    with pytest.raises(BodyInvalid):
        parsed(b'{"a": {"b": "x:y:z"}, "c": [{"a": 1, "a": 2}]}')
    with pytest.raises(BodyInvalid):
        parsed(json.dumps({"a": ":"}).encode()[:-1] + b', "\\u0061": 1}')
