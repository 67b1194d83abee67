"""The stream in a process of its own, and those who listen to it."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlencode

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.support.processes import ROOT, environment

QUICK = {
    "STREAM_CHECK_SECONDS": "1",
    "STREAM_HEARTBEAT_SECONDS": "1",
    "STREAM_SEND_SECONDS": "1",
    "STREAM_CONNECTIONS_PER_KEY": "3",
}


class Stream:
    """A running process; `start` again takes the port that it had."""

    def __init__(self) -> None:
        self.url = ""
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns when it listens."""
        port = str(httpx.URL(self.url).port) if self.url else "0"
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "stream", "--port", port],
            cwd=ROOT,
            env={**environment(None, "countinghouse_app"), **QUICK},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url, "the stream did not start"

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Returns when it is gone."""
        if self.process:
            self.process.send_signal(how)
            self.process.communicate(timeout=15)
            self.process = None

    @contextmanager
    def listening(self, key: str | None, *, slow: bool = False, **query: Any) -> Iterator["Ear"]:
        """A connection, whose first message has come unless it waits for a ticket. A slow one reads when it is asked."""
        headers = {"Authorization": f"Bearer {key}"} if key else None
        url = f"{self.url.replace('http', 'ws')}/v1/stream?{urlencode(query)}"
        queue, taking = (1, _narrow(self.url)) if slow else (None, None)
        with connect(url, additional_headers=headers, proxy=None, max_queue=queue, sock=taking) as connection:
            yield Ear(connection, waits=key is None)


class Ear:
    """One who listens: what it heard, and why it ended."""

    def __init__(self, connection: ClientConnection, *, waits: bool = False) -> None:
        self.connection = connection
        self.opened = {} if waits else self.hear()

    def hear(self, timeout: float = 5) -> dict[str, Any]:
        """The next message."""
        heard: dict[str, Any] = json.loads(self.connection.recv(timeout))
        return heard

    def events(self, count: int) -> list[dict[str, Any]]:
        """The next events, past signs of life."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            found.append(self.until(lambda each: "stream" not in each)[-1])
        return found

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """All messages up to one of a kind, which comes within ten seconds."""
        found, until = [self.hear()], time.monotonic() + 10
        while not wanted(found[-1]):
            assert time.monotonic() < until, found[-5:]
            found.append(self.hear())
        return found

    def closed(self) -> tuple[int, str, list[dict[str, Any]]]:
        """With which code and reason it is closed within ten seconds, and what was said before."""
        heard: list[dict[str, Any]] = []
        until = time.monotonic() + 10
        with suppress(ConnectionClosed):
            while time.monotonic() < until:
                heard.append(self.hear(10))
        end = self.connection.protocol.close_rcvd
        return (end.code, end.reason, heard) if end else (0, "cut without a word", heard)


def _narrow(url: str) -> socket.socket:
    """A connection of which the system keeps little."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    made.connect((httpx.URL(url).host, httpx.URL(url).port))
    return made


@contextmanager
def streaming() -> Iterator[Stream]:
    """A process that ends with the block."""
    stream = Stream()
    stream.start()
    try:
        yield stream
    finally:
        stream.end(signal.SIGKILL)
