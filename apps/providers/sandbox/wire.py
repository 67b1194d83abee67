"""Posting over HTTP/1.1 on connections that stay open; a general client would cost more than the rest of the server."""

import asyncio
import ssl
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

import h11

Address = tuple[str, int, bool]
Header = tuple[str, str]


class Failed(Exception):
    """There was no answer, or none that is HTTP."""


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.CLIENT)

    async def ask(self, request: h11.Request, body: bytes) -> int:
        """The status of the answer; its body is read and forgotten."""
        sent = [self._http.send(part) for part in (request, h11.Data(data=body), h11.EndOfMessage())]
        self._writer.write(b"".join(part for part in sent if part))
        status = 0
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(65_536))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.EndOfMessage):
                return status
            elif isinstance(event, h11.ConnectionClosed):
                raise Failed("The connection was closed without an answer")

    def again(self) -> bool:
        """True if another request may go over it."""
        if self._reader.at_eof() or self._http.our_state is not h11.DONE:
            return False
        if self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    def alive(self) -> bool:
        """False if the other side has closed it meanwhile."""
        return not self._reader.at_eof()

    def close(self) -> None:
        """Close without a word."""
        self._writer.transport.abort()


class Poster:
    """Posts bodies, and keeps connections for the next."""

    def __init__(self) -> None:
        self._idle: dict[Address, list[_Connection]] = {}

    async def post(self, url: str, body: bytes, headers: Sequence[Header], timeout: int) -> int:
        """The status that this URL answers with within so many milliseconds; Failed if it does not."""
        try:
            async with asyncio.timeout(timeout / 1000):
                return await self._post(urlsplit(url), body, headers)
        except TimeoutError:
            raise Failed("There was no answer in time") from None
        except (OSError, h11.ProtocolError, ValueError) as error:
            raise Failed(str(error) or type(error).__name__) from None

    async def _post(self, url: SplitResult, body: bytes, headers: Sequence[Header]) -> int:
        secure = url.scheme == "https"
        address = (url.hostname or "", url.port or (443 if secure else 80), secure)
        connection = await self._connection(address)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        request = h11.Request(
            method="POST",
            target=target,
            headers=[("Host", url.netloc.rpartition("@")[2]), ("Content-Length", str(len(body))), *headers],
        )
        try:
            status = await connection.ask(request, body)
        except BaseException:
            connection.close()
            raise
        if connection.again():
            self._idle.setdefault(address, []).append(connection)
        else:
            connection.close()
        return status

    async def _connection(self, address: Address) -> _Connection:
        idle = self._idle.get(address, [])
        while idle:
            connection = idle.pop()
            if connection.alive():
                return connection
            connection.close()
        host, port, secure = address
        context = ssl.create_default_context() if secure else None
        return _Connection(*await asyncio.open_connection(host, port, ssl=context))

    def close(self) -> None:
        """Close what is idle."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()
