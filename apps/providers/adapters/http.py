"""HTTP as adapters need it: whatever happens is a Reply, and what may have been sent is never called unsent."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from apps.core.errors import DomainError
from apps.providers.protocol import Outcome, Reply

CONNECT_SECONDS, ANSWER_SECONDS = 3, 20
KEPT = 4_000
"""Characters of an answer that are kept as evidence."""

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""Before the first byte left: the provider provably knows nothing of it."""


class ProviderSilent(DomainError):
    """The provider does not answer what must be known."""

    code = "PROVIDER_SILENT"
    http_status = 503
    transient = True


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: the status, the body as JSON if it was an object, the evidence, and the body as it is."""

    status: int
    data: Mapping[str, Any]
    retry_after: timedelta | None
    received: Mapping[str, Any]
    content: bytes = b""


class Http:
    """A provider's API behind one client with connections that are used again."""

    def __init__(
        self, base_url: str, headers: Mapping[str, str], *, answer_seconds: int = ANSWER_SECONDS
    ) -> None:
        self._client = new_client(base_url, headers, answer_seconds=answer_seconds)

    def call(
        self,
        method: str,
        path: str,
        json: Mapping[str, Any] | None = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response | Reply:
        """The response, or a Reply if there is none."""
        begun = time.monotonic()
        try:
            answer = self._client.request(method, path, json=json, content=content, headers=headers)
        except NOT_SENT as error:
            return _without(
                Outcome.NOT_ACCEPTED, "UNREACHABLE", "The provider cannot be reached.", error, begun
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _without(Outcome.UNKNOWN, "NO_ANSWER", "The provider did not answer.", error, begun)
        return Response(
            answer.status_code,
            _object(answer),
            _retry_after(answer),
            evidence(answer.status_code, answer.text),
            answer.content,
        )


def new_client(
    base_url: str = "", headers: Mapping[str, str] | None = None, *, answer_seconds: int = ANSWER_SECONDS
) -> httpx.Client:
    """Connections to a provider that are used again, with the patience that there is for each."""
    return httpx.Client(
        base_url=base_url,
        headers=dict(headers or {}),
        timeout=httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
        follow_redirects=False,
        trust_env=False,
    )


def _without(outcome: Outcome, code: str, message: str, error: Exception, begun: float) -> Reply:
    waited = f"{time.monotonic() - begun:.1f}"
    return Reply(
        outcome,
        code=code,
        message=f"{message} {type(error).__name__} after {waited} s.",
        transient=True,
        received={"error": f"{type(error).__name__}: {error}"[:KEPT]},
    )


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError:  # no JSON, or no text at all
        return {}
    return found if isinstance(found, dict) else {}


def _retry_after(answer: httpx.Response) -> timedelta | None:
    return retry_after(answer.headers.get("retry-after", ""))


def retry_after(told: str) -> timedelta | None:
    """What a Retry-After header says, or nothing if it cannot be read."""
    if told.isdecimal():
        return timedelta(seconds=min(int(told), 86_400))
    try:
        until = parsedate_to_datetime(told) if told else None
    except ValueError:
        return None
    return max(until - datetime.now(until.tzinfo), timedelta()) if until else None


def evidence(status: int, body: str) -> Mapping[str, Any]:
    """What is kept of an answer."""
    return {"status": status, "body": body[:KEPT].replace("\x00", "\N{REPLACEMENT CHARACTER}")}
