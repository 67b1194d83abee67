"""One way for every request: who asks, how much, for what; one shape for every answer.

A view is DRF's, so that the schema is made from it, but a request takes a shorter way than DRF's own.
"""

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

import psycopg
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from rest_framework.views import APIView

from apps.api import callers, limits, problems, request_log, versions
from apps.api.callers import Caller
from apps.api.errors import (
    AuthenticationRequired,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    RateLimited,
    Unavailable,
)
from apps.api.rendering import as_json
from apps.core import clock
from apps.core.errors import DomainError

logger = logging.getLogger(__name__)

JSON, PDF = "application/json", "application/pdf"
LONGEST_PATH = 300

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")
LOST = (InterfaceError, OperationalError, psycopg.InterfaceError, psycopg.OperationalError)


@dataclass(slots=True)
class Answer:
    """What is answered: JSON as bytes or as values, a status, headers."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    operation: str = ""
    code: str = ""
    content_type: str = JSON


@dataclass(slots=True)
class Asking:
    """One request on its way."""

    request: HttpRequest
    id: str
    key: UUID
    begun: int
    known_caller: Caller | None = None
    allowance: limits.Allowance | None = None
    version: str = versions.CURRENT
    retry_of: str = ""

    @property
    def caller(self) -> Caller:
        """Whose key it is."""
        if self.known_caller is None:
            raise AuthenticationRequired("This route needs an API key.")
        return self.known_caller

    @property
    def meta(self) -> Mapping[str, Any]:
        """Headers, as WSGI names them."""
        return self.request.META


class Refused(Exception):
    """A refusal that belongs to an operation, with the headers that tell of it."""

    def __init__(self, error: DomainError, operation: str, headers: Mapping[str, str]) -> None:
        super().__init__(error.message)
        self.error, self.operation, self.headers = error, operation, dict(headers)


class ApiView(APIView):
    """The base of all: subclasses answer `get(asking)`, which needs `scope`, or `post(asking)`, which needs `post_scope`."""

    scope: ClassVar[str | None] = None
    post_scope: ClassVar[str | None] = None
    methods: ClassVar[tuple[str, ...]] = ()
    needs_key: ClassVar[bool] = True
    produces: ClassVar[str] = JSON

    def __init_subclass__(cls) -> None:
        cls.methods = tuple(name for name in ("GET", "POST") if hasattr(cls, name.lower()))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The answer, whatever happens."""
        asking = _asking(request)
        try:
            answer = self._answered(asking, kwargs)
        except Refused as refused:
            answer = _refusal(asking, refused.error, refused.operation, refused.headers)
        except DomainError as error:
            answer = _refusal(asking, error, "", {})
        except LOST:
            connection.close()  # what was asked past Django's cursors it does not know to be lost
            logger.exception("The database was lost in request %s.", asking.id)
            answer = _refusal(
                asking, Unavailable("The database cannot be reached; repeat in a moment."), "", {}
            )
        except Exception:
            logger.exception("Request %s broke.", asking.id)
            answer = _refusal(asking, problems.unexpected(), "", {})
        return _response(asking, answer)

    def _answered(self, asking: Asking, kwargs: Mapping[str, Any]) -> Answer:
        meta = asking.meta
        asking.version = versions.chosen(meta)
        self._check_method(asking)
        if self.needs_key:
            asking.known_caller = callers.authenticate(meta, clock.now())
            asking.allowance = limits.spend(asking.caller)
            if asking.allowance and asking.allowance.is_exceeded:
                raise limits.refusal(asking.allowance)
        _check_accept(meta.get("HTTP_ACCEPT"), self.produces)
        posts = asking.request.method == "POST"
        scope = self.post_scope if posts else self.scope
        if scope:
            asking.caller.require(scope)
        answer = self.post if posts else self.get  # type: ignore[attr-defined]
        given: Answer = answer(asking, **kwargs)
        return given

    def _check_method(self, asking: Asking) -> None:
        method = asking.request.method or ""
        if method in self.methods or (method == "HEAD" and "GET" in self.methods):
            return
        known = [*self.methods, *(["HEAD"] if "GET" in self.methods else [])]
        allowed = ", ".join(known)
        error = MethodNotAllowed(f"This route has {allowed}, not {method}.", details={"allow": [*known]})
        raise Refused(error, "", {"Allow": allowed})


class UnknownRoute(ApiView):
    """Everything below `/v1/` that is no route, whatever the method."""

    needs_key = False
    schema = None

    def _check_method(self, asking: Asking) -> None:
        raise NotFound("There is no such route; GET /v1/docs/ shows them all.")


def _asking(request: HttpRequest) -> Asking:
    key = request_log.new_id()
    return Asking(request, request_id(request.META, key), key, time.perf_counter_ns())


def request_id(meta: Mapping[str, Any], key: UUID) -> str:
    """What the caller calls its request, or what we call it."""
    given = meta.get("HTTP_REQUEST_ID", "")
    return given if _REQUEST_ID.match(given) else f"req_{key.hex}"


def _check_accept(accept: str | None, produces: str) -> None:
    if not accept or "*/*" in accept or produces in accept or "application/*" in accept:
        return
    if problems.CONTENT_TYPE in accept:
        return
    raise NotAcceptable(f"This route answers {produces}; accept that.")


def _refusal(asking: Asking, error: DomainError, operation: str, headers: Mapping[str, str]) -> Answer:
    more = dict(headers)
    seconds = problems.retry_after(error)
    if seconds is not None:
        more["Retry-After"] = str(seconds)
    if error.http_status == 401:
        more["WWW-Authenticate"] = 'Bearer realm="Countinghouse"'
    if isinstance(error, RateLimited) and asking.allowance:
        more["Retry-After"] = str(asking.allowance.resets_in)
    body = problems.problem(error, asking.id, operation=operation)
    return Answer(body, error.http_status, more, operation, error.code, problems.CONTENT_TYPE)


def _response(asking: Asking, answer: Answer) -> HttpResponse:
    body = answer.body if isinstance(answer.body, bytes) else as_json(answer.body)
    sent = b"" if asking.request.method == "HEAD" else body
    response = HttpResponse(sent, status=answer.status, content_type=answer.content_type)
    response._has_been_logged = True  # type: ignore[attr-defined] # in a log of our own
    headers = response.headers
    headers["Content-Length"] = str(len(body))
    headers["Request-Id"] = asking.id
    headers["Api-Version"] = asking.version
    headers["Cache-Control"] = "no-store"
    if answer.operation:
        headers["Operation-Id"] = answer.operation
    if asking.allowance:
        for name, value in asking.allowance.headers().items():
            headers[name] = value
    for name, value in answer.headers.items():
        headers[name] = value
    if asking.known_caller:
        _note(asking, asking.known_caller, answer)
    return response


def _note(asking: Asking, caller: Caller, answer: Answer) -> None:
    request = asking.request
    request_log.note(
        request_log.Asked(
            id=asking.key,
            tenant_id=caller.tenant,
            key_id=caller.key,
            request_id=asking.id,
            method=request.method or "",
            path=printable(request.path[:LONGEST_PATH]),
            status=answer.status,
            code=answer.code,
            milliseconds=(time.perf_counter_ns() - asking.begun) // 1_000_000,
            operation_id=answer.operation,
            retry_of=asking.retry_of,
            address=callers.client_address(asking.meta)[:45],
            asked_at=clock.now(),
        )
    )


def printable(text: str) -> str:
    """The text with a question mark for each sign that a log could not show."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in text)
