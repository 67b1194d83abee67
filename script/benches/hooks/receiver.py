"""A receiver of webhooks that does next to nothing: it answers 200, and knows how old each message was when it came.

`python -m script.benches.hooks.receiver` prints its port. `POST /ok` answers at once, `POST /slow` after ten seconds, `GET /take` what
came at /ok since it was last asked: how many, the first and last moment, and the ages in milliseconds.
"""

import asyncio
import json
import time
from datetime import datetime

SLOW_SECONDS = 10.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
TIMESTAMP = b'"timestamp":"'


class Tally:
    """What came since it was last asked."""

    def __init__(self) -> None:
        self.first = self.last = 0.0
        self.count = 0
        self.ages: list[float] = []

    def note(self, body: bytes) -> None:
        """A message has come."""
        now = time.time()
        self.first, self.last = self.first or now, now
        self.count += 1
        at = body.find(TIMESTAMP)
        if at >= 0:
            text = body[at + len(TIMESTAMP) : at + len(TIMESTAMP) + 26].decode()
            self.ages.append(round((now - datetime.fromisoformat(f"{text}+00:00").timestamp()) * 1000, 1))

    def taken(self) -> bytes:
        """All of it, as JSON."""
        found = {"count": self.count, "first": self.first, "last": self.last, "ages": self.ages}
        self.__init__()  # type: ignore[misc]
        return json.dumps(found).encode()


class Connection(asyncio.Protocol):
    """One connection, request by request."""

    def __init__(self, tally: Tally) -> None:
        self._tally, self._got = tally, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has come."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Answer each whole request."""
        self._got += data
        while (end := self._got.find(b"\r\n\r\n")) >= 0:
            head = self._got[:end].lower()
            length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            whole = end + 4 + int(length or 0)
            if len(self._got) < whole:
                return
            body, self._got = self._got[end + 4 : whole], self._got[whole:]
            self._answer(head.split(b" ", 2)[1], body)

    def _answer(self, path: bytes, body: bytes) -> None:
        if path == b"/take":
            found = self._tally.taken()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(found), found))
        elif path == b"/slow":
            asyncio.get_running_loop().call_later(SLOW_SECONDS, self._transport.write, OK)
        else:
            self._tally.note(body)
            self._transport.write(OK)


async def main() -> None:
    """Listen until killed."""
    tally = Tally()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(tally), "127.0.0.1", 0, backlog=2_048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
