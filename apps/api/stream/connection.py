"""One connection: telling it what its listener hears, until one of the two goes.

Whoever does not read is cut: what waits for a reader waits in the database, where it goes on from its last position.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from django.conf import settings
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from apps.api import problems
from apps.api.errors import ReaderTooSlow
from apps.api.rendering import as_json
from apps.api.stream.events import Told
from apps.api.stream.hub import Listener
from apps.core.errors import DomainError

RESTARTING = 1012
LAST_WORDS_SECONDS = 5.0
"""In which whoever was cut may still read why."""

GONE = (OSError, RuntimeError, WebSocketDisconnect)
"""What is raised where the other side went in the midst of it."""

Tell = Callable[[list[Told]], Awaitable[None]]


async def told_until_the_end(
    listener: Listener, tell: Tell, gone: Callable[[], Awaitable[None]]
) -> DomainError | None:
    """Tell all; why it was cut, None if the other side has gone or the process ends."""
    telling = asyncio.create_task(_tell_all(listener, tell))
    going = asyncio.ensure_future(gone())
    parts: list[asyncio.Future[Any]] = [telling, going]
    try:
        await asyncio.wait([*parts, listener.dismissed], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
    if listener.dismissed.done():
        return listener.dismissed.result()
    error = None if telling.cancelled() else telling.exception()
    if isinstance(error, TimeoutError):
        seconds = settings.STREAM_SEND_SECONDS
        return ReaderTooSlow(
            f"Nothing was read for {seconds} s; connect again after the last position that you have."
        )
    if error and not isinstance(error, GONE):
        raise error
    return None


async def _tell_all(listener: Listener, tell: Tell) -> None:
    async for told in listener.pages():
        await tell(told)


async def _in_time(sending: Awaitable[None]) -> None:
    async with asyncio.timeout(settings.STREAM_SEND_SECONDS):
        await sending


def _opened(listener: Listener) -> str:
    beat = settings.STREAM_HEARTBEAT_SECONDS
    return _said(stream="open", position=listener.position, heartbeat_seconds=beat)


def _said(**values: Any) -> str:
    return as_json(values).decode()


def _cut_later(scope: Scope) -> None:
    """What has been written and not read goes with the connection, soon: it would be kept for as long as nobody reads."""
    transport = scope["state"]["transport"]
    # Whoever waits for room to write may write once more: why it ends.
    transport.get_protocol().resume_writing()
    asyncio.get_running_loop().call_later(LAST_WORDS_SECONDS, transport.abort)


class Socket:
    """By WebSocket: each event a message; what is no event has `stream`."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def serve(self, listener: Listener, request_id: str) -> None:
        """Until the end, with its reason."""
        with suppress(*GONE):
            await _in_time(self._websocket.send_text(_opened(listener)))
        why = await told_until_the_end(listener, lambda told: self._tell(listener, told), self._gone)
        if why:
            await self.close(why, request_id)
        elif listener.hub.is_ending:
            with suppress(*GONE):
                await self._websocket.close(RESTARTING, "restarting")

    async def close(self, why: DomainError, request_id: str) -> None:
        """Say why, as a problem, and close with 4000 and its status."""
        _cut_later(self._websocket.scope)
        with suppress(*GONE):
            problem = problems.problem(why, request_id)
            await self._websocket.send_text(_said(stream="closed", problem=problem))
            await self._websocket.close(4000 + why.http_status, why.code)

    async def _tell(self, listener: Listener, told: list[Told]) -> None:
        for each in told:
            await _in_time(self._websocket.send_text(each.text))
        if not told:
            await _in_time(self._websocket.send_text(_said(stream="alive", position=listener.position)))

    async def _gone(self) -> None:
        """What a listener says is not listened to."""
        while (await self._websocket.receive())["type"] != "websocket.disconnect":
            pass


class EventStream(Response):
    """By server-sent events: each event a message whose id is its position; what is no event has a name."""

    def __init__(
        self, listener: Listener, request_id: str, headers: Mapping[str, str], leave: Callable[[], None]
    ) -> None:
        super().__init__(None, 200, {**headers, "X-Accel-Buffering": "no"}, "text/event-stream")
        del self.headers["content-length"]
        self._listener, self._request_id, self._leave = listener, request_id, leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Until the end, with its reason."""
        try:
            await self._serve(scope, receive, send)
        finally:
            self._leave()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        listener = self._listener

        async def say(text: str, *, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": text.encode(), "more_body": more})

        async def tell(told: list[Told]) -> None:
            for each in told:
                await _in_time(say(f"id: {each.position}\ndata: {each.text}\n\n"))
            if not told:
                await _in_time(say(f": alive\nid: {listener.position}\n\n"))

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        with suppress(*GONE):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await _in_time(say(f"event: open\nid: {listener.position}\ndata: {_opened(listener)}\n\n"))
            why = await told_until_the_end(listener, tell, gone)
            if why:
                _cut_later(scope)
                problem = _said(stream="closed", problem=problems.problem(why, self._request_id))
                await say(f"event: closed\ndata: {problem}\n\n")
            await say("", more=False)
