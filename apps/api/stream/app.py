"""The application: what is asked, who may, and how each is told.

`/v1/stream` is a WebSocket, `/v1/events/stream` the same as server-sent events, `/v1/stream/tickets` makes tickets.
"""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from apps.api import callers, problems, request_log, versions, view
from apps.api.callers import Caller
from apps.api.errors import AuthenticationRequired, BodyInvalid, MethodNotAllowed, NotFound
from apps.api.rendering import as_json
from apps.api.stream import events, tickets
from apps.api.stream.connection import EventStream, Socket
from apps.api.stream.hub import Hub
from apps.api.stream.tickets import Ticket, Wish
from apps.core import clock
from apps.core.errors import DomainError

logger = logging.getLogger(__name__)

TICKET_SECONDS = 10
"""In which whoever shows no key must show a ticket."""

LONGEST_BODY = 1_000


class Asked:
    """One request on its way."""

    def __init__(self, connection: HTTPConnection, method: str) -> None:
        self.meta, self.method, self.path = _meta(connection), method, connection.url.path
        self.query: bytes = connection.scope["query_string"]
        self.key = request_log.new_id()
        self.id = view.request_id(self.meta, self.key)
        self.begun = time.perf_counter_ns()
        self.caller: Caller | None = None

    def note(self, status: int, code: str = "") -> None:
        """Into the log of requests, if it is known whose."""
        if self.caller is None:
            return
        request_log.note(
            request_log.Asked(
                id=self.key,
                tenant_id=self.caller.tenant,
                key_id=self.caller.key,
                request_id=self.id,
                method=self.method,
                path=view.printable(self.path[: view.LONGEST_PATH]),
                status=status,
                code=code,
                milliseconds=(time.perf_counter_ns() - self.begun) // 1_000_000,
                operation_id="",
                retry_of="",
                address=callers.client_address(self.meta)[:45],
                asked_at=clock.now(),
            )
        )

    @property
    def headers(self) -> dict[str, str]:
        """What every answer says."""
        return {"Request-Id": self.id, "Api-Version": versions.CURRENT, "Cache-Control": "no-store"}

    def refusal(self, error: DomainError) -> Response:
        """The problem as an answer."""
        self.note(error.http_status, error.code)
        headers = self.headers
        if error.http_status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="Countinghouse"'
        seconds = problems.retry_after(error)
        if seconds is not None:
            headers["Retry-After"] = str(seconds)
        return Response(
            as_json(problems.problem(error, self.id)),
            error.http_status,
            headers,
            problems.CONTENT_TYPE,
        )


class Stream:
    """The routes."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def socket(self, websocket: WebSocket) -> None:
        """Listen by WebSocket: with a key in the header, or a ticket as the first message."""
        asked, has_key = Asked(websocket, "GET"), "authorization" in websocket.headers
        connection = Socket(websocket)
        try:
            wish = None
            if not has_key:
                await websocket.accept(headers=_raw(asked.headers))
                asked.caller, wish = await self._ticket(websocket, asked)
            else:
                asked.caller = await self.hub.ask(events.admit, asked.meta)
            opening = await self.hub.ask(events.opening, asked.caller, asked.meta, asked.query, wish)
            listener = self.hub.enter(opening)
        except DomainError as error:
            refusal = asked.refusal(error)
            if has_key:
                await websocket.send_denial_response(refusal)
            else:
                await connection.close(error, asked.id)
            return
        except WebSocketDisconnect:
            return
        try:
            if has_key:
                await websocket.accept(headers=_raw(asked.headers))
            asked.note(101)
            await connection.serve(listener, asked.id)
        finally:
            self.hub.leave(listener)

    async def sse(self, request: Request) -> Response:
        """Listen by server-sent events, with a key in the header."""
        asked = Asked(request, "GET")
        try:
            asked.caller = await self.hub.ask(events.admit, asked.meta)
            opening = await self.hub.ask(events.opening, asked.caller, asked.meta, asked.query, None)
            listener = self.hub.enter(opening)
        except DomainError as error:
            return asked.refusal(error)
        asked.note(200)
        return EventStream(listener, asked.id, asked.headers, partial(self.hub.leave, listener))

    async def tickets(self, request: Request) -> Response:
        """Make a ticket for somebody who has no key."""
        asked = Asked(request, "POST")
        try:
            asked.caller = await self.hub.ask(events.admit, asked.meta)
            wish = _wish(await _body(request))
            text = await self.hub.ask(tickets.make, Ticket(asked.caller.key, wish))
        except DomainError as error:
            return asked.refusal(error)
        asked.note(201)
        shown = {"ticket": text, "expires_at": clock.now() + tickets.LIFE}
        return Response(as_json(shown), 201, asked.headers, view.JSON)

    async def health(self, request: Request) -> Response:
        """Whether the process is there."""
        return Response(b'{"status":"ok"}', media_type=view.JSON)

    async def _ticket(self, websocket: WebSocket, asked: Asked) -> tuple[Caller, Wish]:
        try:
            async with asyncio.timeout(TICKET_SECONDS):
                text = _ticket_of(await websocket.receive())
        except TimeoutError:
            text = ""
        if not text:
            raise AuthenticationRequired(
                "Show an API key in the header Authorization, or send a ticket as the first message:"
                ' {"ticket": "tkt_…"}.'
            )
        return await self.hub.ask(events.admit_ticket, text, callers.client_address(asked.meta))


def application(hub: Hub) -> Starlette:
    """The whole process."""
    stream = Stream(hub)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        running = asyncio.create_task(hub.run())
        running.add_done_callback(_ended)
        yield
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    routes = [
        WebSocketRoute("/v1/stream", stream.socket),
        Route("/v1/events/stream", stream.sse, methods=["GET"]),
        Route("/v1/stream/tickets", stream.tickets, methods=["POST"]),
        Route("/healthz", stream.health),
    ]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _no_route})


async def _no_route(request: HTTPConnection, error: Exception) -> Response:
    wrong_method = isinstance(error, HTTPException) and error.status_code == 405
    refused: DomainError = NotFound("There is no such route here; the stream is at /v1/stream, by WebSocket.")
    if wrong_method:
        refused = MethodNotAllowed("This route has another method.")
    return Asked(request, str(request.scope.get("method", ""))).refusal(refused)


async def _body(request: Request) -> Any:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_BODY:
            raise BodyInvalid(f"The body is longer than {LONGEST_BODY} bytes.")
    try:
        return orjson.loads(body or b"{}")
    except ValueError as error:
        raise BodyInvalid("The body is no JSON.") from error


def _wish(body: Any) -> Wish:
    wanted = {"type_prefix": 80, "subject": 60}
    if not isinstance(body, dict) or not body.keys() <= wanted.keys():
        raise BodyInvalid('The body may have "type_prefix" and "subject".')
    for name, value in body.items():
        if not isinstance(value, str) or not 0 < len(value) <= wanted[name] or not value.isprintable():
            raise BodyInvalid(f"{name} is a text of 1 to {wanted[name]} characters.", field=f"/{name}")
    return Wish(**body)


def _ticket_of(message: Mapping[str, Any]) -> str:
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    try:
        said = orjson.loads(message.get("text") or message.get("bytes") or b"")
    except ValueError:
        return ""
    text = said.get("ticket") if isinstance(said, dict) else None
    return text if isinstance(text, str) and len(text) < 100 else ""


def _meta(connection: HTTPConnection) -> dict[str, str]:
    """The headers as WSGI names them. One with a _ could pass for another, so it is none."""
    meta = {"REMOTE_ADDR": connection.client.host if connection.client else ""}
    for raw, value in connection.scope["headers"]:
        name, text = raw.decode("latin-1"), value.decode("latin-1")
        if "_" not in name:
            key = "HTTP_" + name.upper().replace("-", "_")
            meta[key] = f"{meta[key]},{text}" if key in meta else text
    return meta


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]


def _ended(task: "asyncio.Task[None]") -> None:
    """A stream that tells nothing any more would be a riddle: end it."""
    if not task.cancelled():
        logger.error("The stream ends, for it cannot go on", exc_info=task.exception())
        signal.raise_signal(signal.SIGTERM)
