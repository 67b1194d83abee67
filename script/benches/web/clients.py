"""Callers over keep-alive connections: as many as wanted, each waiting for its answer before it asks again."""

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Ask = Callable[[int], bytes]
"""The bytes of the next request, by its number."""


@dataclass(slots=True)
class Asked:
    """What came of a stretch of asking. Latencies are in milliseconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)


def post(path: str, key: str, body: bytes, idempotency_key: str = "") -> bytes:
    """A POST of JSON."""
    more = f"Idempotency-Key: {idempotency_key}\r\n" if idempotency_key else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n{more}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str, key: str) -> bytes:
    """A GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n".encode()


def ask(port: int, clients: int, seconds: float, request: Ask) -> Asked:
    """Let so many callers ask for so long."""
    return asyncio.run(_all(port, clients, seconds, request))


async def _all(port: int, clients: int, seconds: float, request: Ask) -> Asked:
    asked, numbers = Asked(), iter(range(sys.maxsize))
    started = time.perf_counter()
    await asyncio.gather(
        *(_one(port, started + seconds, lambda: request(next(numbers)), asked) for _ in range(clients))
    )
    asked.seconds = time.perf_counter() - started
    return asked


async def _one(port: int, until: float, request: Callable[[], bytes], asked: Asked) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (begun := time.perf_counter()) < until:
        writer.write(request())
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        body = await reader.readexactly(length)
        if status >= 300:
            sys.exit(f"The server answered {status}: {body[:500].decode()}")
        asked.latencies.append((time.perf_counter() - begun) * 1_000)
    writer.close()
