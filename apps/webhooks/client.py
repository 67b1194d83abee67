"""The HTTP client that messages leave by: to vetted addresses alone, without redirects, never for longer than its time.

A name is resolved once for a connection, all that it has for addresses must be allowed, and one of these is connected to:
between looking and connecting no other answer can come. A connection that is used again was vetted when it was made.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from apps.webhooks.addresses import Forbidden, vet
from apps.webhooks.models import Failure

TIMEOUT_SECONDS: Final = 30.0
KEPT_BYTES: Final = 64 * 1024
KEPT_HEADERS: Final = 60
KEPT_OF_A_HEADER: Final = 1_000
IDLE_SECONDS: Final = 30.0
NAME_SECONDS: Final = 10.0
NAMES_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of sending a message once. `failure` is empty if it was accepted; times are in seconds."""

    failure: Failure
    took: float
    why: str = ""
    status: int | None = None
    head_took: float | None = None
    address: str = ""
    tls: dict[str, str] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_cut: bool = False


class Client:
    """Connections that are used again, to addresses that are allowed. To be closed."""

    def __init__(self, *, loopback: bool = False, timeout: float = TIMEOUT_SECONDS) -> None:
        self._loopback = loopback
        connector = aiohttp.TCPConnector(
            limit=0,
            limit_per_host=0,
            resolver=_VettingResolver(loopback=loopback),
            use_dns_cache=False,
            keepalive_timeout=IDLE_SECONDS,
            socket_factory=self._socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=timeout, connect=timeout),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            response_class=_Response,
            skip_auto_headers=("Accept", "Accept-Encoding"),
        )

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Sent:
        """Send a message; whatever goes wrong is an answer, too."""
        began, seen = time.monotonic(), _Seen()
        _seen.set(seen)
        try:
            async with self._session.post(
                URL(url, encoded=True), data=body, headers=headers, allow_redirects=False
            ) as response:
                return await _read(response, began, seen)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            failure, why = _failure(error)
            took = time.monotonic() - began
            return Sent(failure, took, why=_kept(why), address=seen.address, tls=seen.tls)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    def _socket(self, found: Any) -> socket.socket:
        """The last look, just before connecting: what is not vetted gets no socket."""
        family, kind, protocol, _, address = found
        vet(address[0], loopback=self._loopback)
        _seen.get().address = address[0]
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)
        return opened


class _VettingResolver(AbstractResolver):
    """Asks the system for the addresses of a name, and lets none go that has a forbidden one."""

    def __init__(self, *, loopback: bool) -> None:
        self._loopback = loopback
        self._threads = ThreadPoolExecutor(NAMES_AT_ONCE, "webhooks-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses; Forbidden if one of them is, OSError if there are none."""
        found = await self._asked(host, port, family)
        for *_, address in found:
            vet(str(address[0]), loopback=self._loopback)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind_of_address,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind_of_address, _, protocol, _, address in found
        ]

    async def _asked(self, host: str, port: int, family: socket.AddressFamily) -> list[Any]:
        """What the system says, in a thread of many: a name server that does not answer keeps one, and nobody else."""
        asking = partial(socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM)
        try:
            async with asyncio.timeout(NAME_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._threads, asking)
        except TimeoutError:
            raise socket.gaierror(socket.EAI_AGAIN, "its name servers do not answer") from None

    async def close(self) -> None:
        """Who still waits for a name server is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class _Seen:
    """Whom a message went to, or was to: also if nothing came of it."""

    address: str = ""
    tls: dict[str, str] | None = None


_seen: ContextVar[_Seen] = ContextVar("seen")
"""Of the message that is being sent."""


class _Response(aiohttp.ClientResponse):
    """Notes whom it comes from; the connection is gone when the last byte is read."""

    async def start(self, connection: Any) -> Self:
        """Look at the connection while there is one; nothing has been answered yet."""
        seen, transport = _seen.get(), connection.transport
        if peer := transport and transport.get_extra_info("peername"):
            seen.address = str(peer[0])
        if secured := transport and transport.get_extra_info("ssl_object"):
            seen.tls = _told_of(secured)
        await super().start(connection)
        return self


def _told_of(secured: ssl.SSLObject) -> dict[str, str]:
    certificate = secured.getpeercert(binary_form=True)
    cipher = secured.cipher()
    return {
        "version": secured.version() or "",
        "cipher": cipher[0] if cipher else "",
        "certificate_sha256": sha256(certificate).hexdigest() if certificate else "",
    }


async def _read(response: aiohttp.ClientResponse, began: float, seen: _Seen) -> Sent:
    head_took = time.monotonic() - began
    body = await _first(response)
    is_cut = len(body) > KEPT_BYTES
    if is_cut:
        response.close()
    failure, why = _verdict(response.status)
    return Sent(
        failure,
        time.monotonic() - began,
        why=why,
        status=response.status,
        head_took=head_took,
        address=seen.address,
        tls=seen.tls,
        headers={_kept(name): _kept(text) for name, text in list(response.headers.items())[:KEPT_HEADERS]},
        body=body[:KEPT_BYTES],
        is_cut=is_cut,
    )


async def _first(response: aiohttp.ClientResponse) -> bytes:
    """The answer, or its beginning and a byte more."""
    found = bytearray()
    while len(found) <= KEPT_BYTES and (part := await response.content.read(KEPT_BYTES + 1 - len(found))):
        found += part
    return bytes(found)


def _kept(text: str) -> str:
    """What a receiver wrote, as the database can keep it: what is no Unicode is replaced, and what is long is cut."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")[:KEPT_OF_A_HEADER]


def _verdict(status: int) -> tuple[Failure, str]:
    if 200 <= status < 300:
        return Failure.NONE, ""
    if 300 <= status < 400:
        return Failure.REDIRECT, f"It answered {status}: messages go to the address of the endpoint alone."
    return Failure.REFUSED, f"It answered {status}."


def _failure(error: BaseException) -> tuple[Failure, str]:
    """What went wrong, in words for whoever looks after the endpoint."""
    cause = _cause(error)
    if isinstance(cause, Forbidden):
        return Failure.FORBIDDEN, str(cause)
    if isinstance(error, asyncio.TimeoutError):
        return Failure.TIMEOUT, f"There was no whole answer within {TIMEOUT_SECONDS:.0f} seconds."
    if isinstance(cause, socket.gaierror):
        return Failure.UNRESOLVED, f"Its name has no address: {cause.strerror}."
    if isinstance(error, aiohttp.ClientSSLError) or isinstance(cause, ssl.SSLError):
        return Failure.TLS, f"No secure connection: {cause}."[:500]
    if isinstance(error, aiohttp.ClientConnectorError):
        return Failure.UNREACHABLE, f"No connection: {cause.strerror or cause}."[:500]
    return Failure.BROKEN, f"{type(error).__name__}: {error}"[:500]


def _cause(error: BaseException) -> Any:
    """The innermost error: a library wraps what the system says, and a race of connections several of them."""
    while True:
        inner = getattr(error, "os_error", None) or getattr(error, "certificate_error", None)
        if inner is None and isinstance(error, BaseExceptionGroup):
            inner = error.exceptions[0]
        if inner is None or inner is error:
            return error
        error = inner
