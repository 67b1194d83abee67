"""How messages leave: what is answered, and what goes wrong, in words."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apps.webhooks.client import KEPT_BYTES, Client, Sent
from apps.webhooks.models import Failure
from tests.support.hooked import Answer, Receiver

SILENT = 100
"""Names of which nothing is heard: more than the threads that a loop has by itself."""


def send(url: str, *, times: int = 1, timeout: float = 5) -> list[Sent]:
    """Send to this machine, one after the other."""

    async def sending() -> list[Sent]:
        async with Client(loopback=True, timeout=timeout) as client:
            return [await client.send(url, {"webhook-id": "m"}, b"{}") for _ in range(times)]

    return asyncio.run(sending())


def test_an_answer_is_kept(receiver: Receiver) -> None:
    receiver.always = Answer(202, {"X-Seen": "yes"}, b"thanks")
    [sent] = send(receiver.url)
    assert (sent.failure, sent.status, sent.body, sent.address) == ("", 202, b"thanks", "127.0.0.1")
    assert sent.headers["X-Seen"] == "yes"
    assert receiver.received[0].headers["webhook-id"] == "m"
    assert not {"cookie", "authorization", "accept"} & receiver.received[0].headers.keys()


def test_of_headers_that_is_kept_which_the_database_can_keep(receiver: Receiver) -> None:
    """Or the answer of one receiver would keep those of all others from being written down."""
    receiver.always = Answer(200, {"X-Latin": "caf\u00e9", "X-Long": "a" * 5_000})
    [sent] = send(receiver.url)
    assert (sent.failure, sent.headers["X-Latin"], sent.headers["X-Long"]) == ("", "caf?", "a" * 1_000)


def test_a_connection_is_used_again(receiver: Receiver) -> None:
    send(receiver.url, times=5)
    assert (len(receiver.received), receiver.connections) == (5, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.always = Answer(status, {"Location": receiver.url})
    [sent] = send(receiver.url)
    assert (sent.failure, sent.status, len(receiver.received)) == (Failure.REDIRECT, status, 1)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 429, 500, 503])
def test_another_status_is_a_refusal(receiver: Receiver, status: int) -> None:
    receiver.always = Answer(status)
    [sent] = send(receiver.url)
    assert (sent.failure, sent.why) == (Failure.REFUSED, f"It answered {status}.")


def test_of_a_long_answer_64_kb_are_kept(receiver: Receiver) -> None:
    receiver.always = Answer(200, {}, b"x" * (KEPT_BYTES + 1))
    [sent] = send(receiver.url)
    assert (len(sent.body), sent.is_cut, sent.failure) == (KEPT_BYTES, True, "")
    receiver.always = Answer(200, {}, b"x" * KEPT_BYTES)
    [sent] = send(receiver.url)
    assert (len(sent.body), sent.is_cut) == (KEPT_BYTES, False)


def test_a_packed_answer_is_not_unpacked(receiver: Receiver) -> None:
    receiver.always = Answer(200, {"Content-Encoding": "gzip"}, b"\x1f\x8b no gzip")
    [sent] = send(receiver.url)
    assert (sent.failure, sent.body) == ("", b"\x1f\x8b no gzip")


def test_a_cookie_is_not_kept(receiver: Receiver) -> None:
    receiver.always = Answer(200, {"Set-Cookie": "a=b"})
    send(receiver.url, times=2)
    assert "cookie" not in receiver.received[1].headers


def test_a_slow_answer_is_a_timeout(receiver: Receiver) -> None:
    receiver.always = Answer(after=1.0)
    [sent] = send(receiver.url, timeout=0.2)
    assert (sent.failure, sent.address) == (Failure.TIMEOUT, "127.0.0.1")
    assert sent.took < 0.9


def test_nobody_listens() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    [sent] = send(f"http://127.0.0.1:{port}/")
    assert (sent.failure, sent.address) == (Failure.UNREACHABLE, "127.0.0.1")


def test_a_name_without_an_address() -> None:
    [sent] = send("https://nowhere.invalid/")
    assert sent.failure == Failure.UNRESOLVED


def test_a_name_server_that_does_not_answer_keeps_no_other_endpoint_waiting(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the threads that wait for it nor those of the loop are needed by others."""
    asked, may_answer = list[str](), threading.Event()
    ask = socket.getaddrinfo

    def silent(host: str, *rest: Any, **more: Any) -> Any:
        if not host.endswith(".example"):
            return ask(host, *rest, **more)
        asked.append(host)
        may_answer.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "too late")

    async def sending() -> tuple[Sent, list[Sent], float]:
        async with Client(loopback=True) as client:
            urls = [f"https://silent-{number}.example/" for number in range(SILENT)]
            waiting = [asyncio.create_task(client.send(url, {}, b"{}")) for url in urls]
            async with asyncio.timeout(2):
                while len(asked) < SILENT:
                    await asyncio.sleep(0.01)
            began = time.monotonic()
            quick = await client.send(receiver.url.replace("127.0.0.1", "localhost"), {}, b"{}")
            took = time.monotonic() - began
            assert not any(each.done() for each in waiting)
            return quick, await asyncio.gather(*waiting), took

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    monkeypatch.setattr("apps.webhooks.client.NAME_SECONDS", 3.0)
    try:
        quick, slow, took = asyncio.run(sending())
    finally:
        may_answer.set()
    assert (quick.failure, took < 1) == ("", True)
    assert {(each.failure, each.why) for each in slow} == {
        (Failure.UNRESOLVED, "Its name has no address: its name servers do not answer.")
    }


@contextmanager
def answering(raw: bytes, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A listener that says this to whoever comes, and closes."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def answer() -> None:
            try:
                connection, _ = listening.accept()
                opened = context.wrap_socket(connection, server_side=True) if context else connection
                with closing(opened):
                    opened.recv(4_096)
                    opened.sendall(raw)
            except OSError:
                return

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(2)


@pytest.mark.parametrize("raw", [b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"])
def test_what_comes_is_no_http(raw: bytes) -> None:
    with answering(raw) as port:
        [sent] = send(f"http://127.0.0.1:{port}/")
    assert sent.failure == Failure.BROKEN


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    with answering(b"", _self_signed(tmp_path)) as port:
        [sent] = send(f"https://127.0.0.1:{port}/")
    assert (sent.failure, sent.status) == (Failure.TLS, None)


def _self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "both.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
