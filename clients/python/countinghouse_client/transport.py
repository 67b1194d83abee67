"""Asking the server: authorisation, idempotency keys, repeating what is safe to repeat, and refusals."""

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar
from urllib.parse import quote

import httpx

Item = TypeVar("Item")
JSON = Mapping[str, Any]

PROBLEM = {"code", "status", "detail", "transient"}
"""What a refusal of ours always has; something in between may speak of problems of its own."""

SILENCE = 90.0
"""Seconds without a word, not even a sign of life, after which a stream counts as cut."""

LONGEST_WAIT = 30.0
"""Seconds that are waited before a request is repeated, at most."""


class Refused(Exception):
    """The server says no: `code` is stable, `detail` is for people, `problem` is the whole answer (RFC 9457)."""

    def __init__(self, problem: JSON) -> None:
        self.problem = problem
        self.code: str = problem["code"]
        self.status: int = problem["status"]
        self.detail: str = problem["detail"]
        self.transient: bool = problem["transient"]
        self.operation: str | None = problem.get("operation")
        super().__init__(f"{self.code}: {self.detail}")


class Waiting(Exception):
    """Nothing has moved yet: people must approve it first. `get_approval_request` says what became of it."""

    def __init__(self, answer: JSON, idempotency_key: str) -> None:
        self.approval_request: str = answer["approval_request"]
        self.approvers_needed: int = answer["approvers_needed"]
        self.idempotency_key = idempotency_key
        super().__init__(f"{self.approval_request} waits for {self.approvers_needed} to approve it.")


class SecretLost(Exception):
    """The command ran before, and its secret was shown then and is kept nowhere; `answer` is all the rest of it.

    So it is when the first answer was lost on its way: revoke the key that it names, and make another.
    """

    def __init__(self, answer: JSON) -> None:
        self.answer = answer
        super().__init__("The secret was shown with the first answer, and is not shown again.")


class Unanswered(Exception):
    """No answer came, so it may have happened or not: ask again with the same `idempotency_key`, which does it once."""

    def __init__(self, cause: str, idempotency_key: str | None) -> None:
        self.idempotency_key = idempotency_key
        super().__init__(cause)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list; `next` and `previous` are cursors."""

    items: list[Item]
    next: str | None
    previous: str | None
    _turn: Callable[[str], "Page[Item]"]

    def following(self) -> "Page[Item] | None":
        """The next page."""
        return self._turn(self.next) if self.next else None

    def each(self) -> Iterator[Item]:
        """The items of this page and of all that follow."""
        page: Page[Item] | None = self
        while page:
            yield from page.items
            page = page.following()


class Transport:
    """A connection to one server with one API key.

    What is safe to repeat is repeated up to `attempts` times: reads, and commands under the same idempotency key, when
    the server cannot be reached or says that the refusal is transient. `http` is for settings of your own.
    """

    def __init__(
        self, base_url: str, key: str, *, attempts: int = 5, http: httpx.Client | None = None
    ) -> None:
        self._http, self._is_own = http or httpx.Client(timeout=30), http is None
        self._base, self._key, self._attempts = base_url.rstrip("/"), key, attempts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they are of a client of yours."""
        if self._is_own:
            self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: JSON | None = None,
        body: JSON | None = None,
        idempotency_key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer to any request below `/v1/`; Refused, Waiting or Unanswered."""
        sent = {"Authorization": f"Bearer {self._key}", **(headers or {})}
        if idempotency_key:
            sent["Idempotency-Key"] = idempotency_key
        given = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                response = self._http.request(
                    method, self._base + path, params=given, json=body, headers=sent
                )
            except httpx.TransportError as error:
                if last:
                    raise Unanswered(f"{type(error).__name__}: {error}", idempotency_key) from error
                time.sleep(_pause(attempt))
                continue
            if last or not _is_transient(response):
                return _answer(response, idempotency_key)
            time.sleep(_pause(attempt, response.headers.get("Retry-After")))
        raise AssertionError("the last attempt answers or raises")

    def listen(
        self,
        *,
        after: int | None = None,
        type_prefix: str | None = None,
        subject: str | None = None,
        stream_url: str | None = None,
    ) -> Iterator[Any]:
        """The events beyond a position, or from now on, as they come, without end; Refused if the key does not hold.

        Where the connection ends it goes on by itself, after the last event. Keep the `position` of what you have worked
        off, and give it as `after` when you start again. `stream_url` is where the stream is, if not at the server itself.
        """
        query: dict[str, Any] = {"after": after, "type_prefix": type_prefix, "subject": subject}
        attempt = 0
        while True:
            given = {name: _text(value) for name, value in query.items() if value is not None}
            try:
                for message in self._messages((stream_url or self._base) + "/v1/events/stream", given):
                    attempt = 0
                    query["after"] = message.get("id", query["after"])
                    if message.get("event") == "closed":
                        _refuse_for_good(json.loads(message["data"])["problem"])
                    elif "data" in message and "event" not in message:
                        yield json.loads(message["data"])
            except httpx.TransportError:
                pass
            attempt = min(attempt + 1, 6)
            time.sleep(_pause(attempt))

    def _messages(self, url: str, query: JSON) -> Iterator[dict[str, str]]:
        """The server-sent events of one connection, by the names of their lines."""
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "text/event-stream"}
        patience = httpx.Timeout(30, read=SILENCE)
        with self._http.stream("GET", url, params=query, headers=headers, timeout=patience) as response:
            if not response.is_success:
                response.read()
                if _is_transient(response):
                    return
                _answer(response, None)
            message: dict[str, str] = {}
            for line in response.iter_lines():
                name, colon, value = line.partition(": ")
                if not line:
                    yield message
                    message = {}
                elif name and colon:
                    message[name] = value

    def _command(
        self, path: str, body: JSON, idempotency_key: str | None, retry_of: str | None = None
    ) -> Any:
        headers = {"Retry-Of": retry_of} if retry_of else None
        key = idempotency_key or str(uuid.uuid4())
        return self.request("POST", path, body=body, idempotency_key=key, headers=headers)

    def _page(self, path: str, query: JSON) -> Page[Any]:
        found = self.request("GET", path, query=query)
        return Page(
            found["items"],
            found["next"],
            found["previous"],
            lambda cursor: self._page(path, {**query, "cursor": cursor}),
        )


def _refuse_for_good(problem: JSON) -> None:
    if not problem["transient"]:
        raise Refused(problem)


def part(text: str) -> str:
    """A value as a part of a path."""
    return quote(text, safe=":")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_transient(response: httpx.Response) -> bool:
    if response.is_success:
        return False
    problem = _problem(response)
    return bool(problem["transient"]) if problem else response.status_code in (502, 503, 504)


def _answer(response: httpx.Response, idempotency_key: str | None) -> Any:
    if not response.is_success:
        problem = _problem(response)
        if problem is None:
            raise Unanswered(f"Something in between answered with {response.status_code}.", idempotency_key)
        raise Refused(problem)
    if response.headers.get("Content-Type", "") == "application/pdf":
        return response.content
    try:
        answer = response.json()
    except ValueError as error:
        raise Unanswered("The answer is no JSON, or a part of one.", idempotency_key) from error
    if response.headers.get("Idempotent-Replayed") and "secret" in answer:
        raise SecretLost(answer)
    if response.status_code == 202 and "approval_request" in answer:
        raise Waiting(answer, idempotency_key or "")
    return answer


def _problem(response: httpx.Response) -> JSON | None:
    if response.headers.get("Content-Type", "") != "application/problem+json":
        return None
    try:
        found: JSON = response.json()
    except ValueError:
        return None
    return found if found.keys() >= PROBLEM else None


def _pause(attempt: int, asked: str | None = None) -> float:
    if asked and asked.isdigit():
        return min(float(asked), LONGEST_WAIT)
    return min(0.1 * 2.0**attempt, LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311
