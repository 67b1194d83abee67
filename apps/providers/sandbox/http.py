"""Requests and answers: keys, JSON, and ways not to answer."""

import hmac
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from apps.providers.sandbox.errors import Refused

Handler = Callable[[Request], Awaitable[Response]]


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    """JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps(body), status, named, "application/json")


def refusal(refused: Refused) -> Response:
    """What was refused, and when to come again if it may be tried again."""
    later = {"Retry_After": "1"} if refused.status in (429, 503) else {}
    return answer(refused.body(), refused.status, **later)


def guarded(handler: Handler, key: str) -> Handler:
    """The handler for those who hold the key."""

    async def handle(request: Request) -> Response:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {key}".encode()):
            return refusal(
                Refused(401, "unauthorized", "The Authorization header holds no key that is known.")
            )
        try:
            return await handler(request)
        except Refused as refused:
            return refusal(refused)

    return handle


async def body(request: Request) -> Any:
    """The JSON of the body, without floats; an empty body is an empty object."""
    content = await request.body()
    try:
        return json.loads(content, parse_float=Decimal) if content else {}
    except ValueError:
        raise Refused(400, "bad_request", "The body is no JSON.") from None


async def fields(request: Request) -> dict[str, Any]:
    """The JSON object of the body."""
    found = await body(request)
    if not isinstance(found, dict):
        raise Refused(400, "bad_request", "The body is no JSON object.")
    return found


def number(request: Request, name: str, default: int) -> int:
    """A whole number of the query."""
    given = request.query_params.get(name, str(default))
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise Refused(400, "bad_request", f"{name} is no whole number.")
    return int(given)


class Silence(Response):
    """Never answers; ends when the client goes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait."""
        while (await receive())["type"] != "http.disconnect":
            pass


class Cut(Silence):
    """Cuts the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Cut; the server put the connection there (see `server.Cuttable`)."""
        scope["state"]["transport"].abort()
        await super().__call__(scope, receive, send)
