"""A small HTTP server that takes webhooks, as a client of a provider does."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One delivery."""

    path: str
    event: str | None
    signature: str
    body: bytes
    at: float

    @property
    def json(self) -> dict[str, Any]:
        """What it says."""
        return json.loads(self.body)

    def signed(self, secret: str) -> bool:
        """True if the signature is of these bytes, with this secret, now."""
        stamp, digest = (part.partition("=")[2] for part in self.signature.split(","))
        expected = hmac.new(secret.encode(), stamp.encode() + b"." + self.body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(digest, expected) and abs(time.time() - int(stamp)) < 60


class Receiver:
    """What came, and what it is answered: `answer` is given each delivery and returns a status."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[Received] = []
        self.answer: Callable[[Received], int] = lambda received: 204

    def reset(self) -> None:
        """Forget what came, and take everything."""
        self.received.clear()
        self.answer = lambda received: 204

    def types(self) -> list[str]:
        """The types of what came, in order."""
        return [each.json["type"] for each in self.received]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A server on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = (self.headers.get(name) for name in ("Sandbox-Event-Id", "Sandbox-Signature"))
            event, signature = headers
            received = Received(self.path, event, signature or "", body, time.monotonic())
            taking.received.append(received)
            self.send_response(taking.answer(received))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    taking = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield taking
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
