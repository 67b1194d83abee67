"""A receiver of webhooks: a real HTTP server that remembers what came, and answers as it is told."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Answer:
    """What is answered: a status, headers and a body, after a pause."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: float = 0.0


class Receiver:
    """What a tenant runs. `answers` are given one after the other, then `always` for ever."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        self.received: list[Received] = []
        self.answers: list[Answer] = []
        self.always = Answer()
        self.connections = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    @property
    def ids(self) -> list[str]:
        """The ids of the messages that came, in their order."""
        return [each.headers["webhook-id"] for each in self.received]

    @property
    def subjects(self) -> list[str]:
        """What the messages that came were about, in their order."""
        return [json.loads(each.body)["subject"] for each in self.received]

    def answer(self, *statuses: int, **more: Any) -> None:
        """Answer the next requests so."""
        self.answers += [Answer(status, **more) for status in statuses]

    def wait_for(self, count: int) -> None:
        """Until so many messages have come."""
        until = time.monotonic() + 10
        while len(self.received) < count:
            assert time.monotonic() < until, self.received
            time.sleep(0.01)

    def take(self, request: Received) -> Answer:
        """Remember a request, and say what is answered."""
        with self.lock:
            self.received.append(request)
            return self.answers.pop(0) if self.answers else self.always


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: ClassVar[Receiver]

    def setup(self) -> None:
        """Count connections, also those by which nothing is asked."""
        self.receiver.connections += 1
        super().setup()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.receiver.take(Received(self.path, headers, body, id(self.connection)))
        if answer.after:
            threading.Event().wait(answer.after)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    handler.receiver = receiver = Receiver(server)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
