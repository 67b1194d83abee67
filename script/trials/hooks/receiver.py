"""A receiver that refuses a part of what comes, in every way that there is, and remembers all of it."""

import asyncio
import base64
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSALS = {
    "500": b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
    "429": b"HTTP/1.1 429 Slow down\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    "302": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
    "garbage": b"what?\r\n\r\n",
    "half": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    "nothing": b"",
}
"""What is answered by whom refuses; after the last three the connection is closed."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came; `at` is when it was answered, on one clock for all."""

    tenant: str
    id: str
    headers: dict[str, str]
    body: bytes
    accepted: bool
    at: float


@dataclass
class Receiver:
    """What came, and what was refused how often."""

    seed: str
    share: float
    port: int = 0
    connections: int = 0
    received: list[Received] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def url(self, tenant: str) -> str:
        """Where a tenant listens."""
        return f"http://127.0.0.1:{self.port}/{tenant}"

    def accepted(self, tenant: str) -> dict[str, float]:
        """When each message was first accepted."""
        found: dict[str, float] = {}
        for each in self.received:
            if each.tenant == tenant and each.accepted:
                found.setdefault(each.id, each.at)
        return found

    def forged(self, tenant: str, secret: str, keys: list[str]) -> Iterator[str]:
        """Requests whose signatures are not good, by another's library for `v1`, and by a key of the tenant for `v1a`."""
        hook = Webhook(secret)
        for each in self.received:
            if each.tenant != tenant:
                continue
            try:
                hook.verify(each.body, each.headers)
            except WebhookVerificationError as error:
                yield f"{each.id} at {tenant}: {error}"
            if not any(_is_signed(each, key) for key in keys):
                yield f"{each.id} at {tenant} has no good v1a"

    def fate(self) -> str | None:
        """How the next is refused; None if it is accepted."""
        if self._random.random() >= self.share:
            return None
        return self._random.choice(sorted(REFUSALS))

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)


@contextmanager
def listening(seed: str, share: float) -> Iterator[Receiver]:
    """A receiver on a free port, in a thread of its own."""
    receiver, ready = Receiver(seed, share), threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        server = await loop.create_server(lambda: _Connection(receiver), "127.0.0.1", 0)
        receiver.port = server.sockets[0].getsockname()[1]
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield receiver
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


class _Connection(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver, self._got = receiver, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._receiver.connections += 1
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._got += data
        while (end := self._got.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._got[:end].decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            whole = end + 4 + int(headers.get("content-length", 0))
            if len(self._got) < whole:
                return
            body, self._got = self._got[end + 4 : whole], self._got[whole:]
            self._answer(first.split()[1].lstrip("/"), headers, body)

    def _answer(self, tenant: str, headers: dict[str, str], body: bytes) -> None:
        receiver = self._receiver
        fate = receiver.fate()
        receiver.received.append(
            Received(tenant, headers.get("webhook-id", ""), headers, body, fate is None, time.monotonic())
        )
        if fate is None:
            self._transport.write(OK)
            return
        receiver.refused[fate] += 1
        self._transport.write(REFUSALS[fate])
        if fate in {"garbage", "half", "nothing"}:
            self._transport.close()


def _is_signed(each: Received, key: str) -> bool:
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix("whpk_")))
    signed = f"{each.id}.{each.headers['webhook-timestamp']}.".encode() + each.body
    for signature in each.headers["webhook-signature"].split():
        version, _, text = signature.partition(",")
        if version != "v1a":
            continue
        try:
            public.verify(base64.b64decode(text), signed)
        except InvalidSignature:
            continue
        return True
    return False
