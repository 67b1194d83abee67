"""Hashes the chain of a book anew, from what its attempts say now. The text is built here, not by the function that sealed it."""

import json
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection

from apps.core import ids
from apps.ledger.verify import Fault
from apps.operations.models import Book

PAGE: Final = 500
"""Positions looked at together; an attempt has at most some 100 kB of headers."""
REMEDY: Final = "Keep a copy of the database, and compare this place with a backup of before the change; never edit these rows."

# Each seal asks for its own attempt by its id. The answer is hashed there, so that 64 kB of it need not travel.
_SEALS: Final = """
SELECT s.position, s.ordinal, s.hash, s.attempt_id, a.*
  FROM (SELECT * FROM webhooks_attemptseal WHERE book_id = %(book)s AND position > %(after)s AND position <= %(through)s) s
  LEFT JOIN LATERAL (
    SELECT id, delivery_id, endpoint_id, book_id, run, number, (extract(epoch FROM began_at) * 1000000)::bigint AS began_at, url,
           request_headers::text, encode(body_sha256, 'hex') AS body, body_bytes, failure, why, address, tls::text, answered,
           answer_headers::text, encode(sha256(answer), 'hex') AS answer, is_cut, head_ms, took_ms, worker, ordinal AS own
      FROM webhooks_attempt WHERE id = s.attempt_id LIMIT 1) a ON true
 ORDER BY s.position
"""


class Told(NamedTuple):
    """An attempt as its row says it now; all None if there is none. JSON is as PostgreSQL writes it, bytes in hexadecimal digits."""

    id: UUID | None
    delivery: UUID
    endpoint: UUID
    book: int
    run: int
    number: int
    began_at: int
    url: str
    request_headers: str
    body: str
    body_bytes: int
    failure: str
    why: str
    address: str
    tls: str | None
    answered: int | None
    answer_headers: str
    answer: str
    is_cut: bool
    head_ms: int | None
    took_ms: int
    worker: str
    ordinal: int


def canonical(told: Told) -> str:
    """The text that an attempt's seal is of, as docs/webhooks.md says."""
    return (
        f'[1,"{told.id}","{told.delivery}","{told.endpoint}",{told.book},{told.run},{told.number},{told.began_at},'
        f'{_text(told.url)},{told.request_headers},"{told.body}",{told.body_bytes},"{told.failure}",{_text(told.why)},'
        f'"{told.address}",{told.tls or "null"},{_number(told.answered)},{told.answer_headers},"{told.answer}",'
        f"{'true' if told.is_cut else 'false'},{_number(told.head_ms)},{told.took_ms},{_text(told.worker)},{told.ordinal}]"
    )


def first_link(book: int) -> bytes:
    """What stands in the place of a seal before the first one of a book."""
    return sha256(f"countinghouse:webhooks:{book}".encode()).digest()


class Chain:
    """Walks the seals of a book beyond a position, some at a time; where it stands is known at any moment."""

    def __init__(self, book: Book, position: int, seal: bytes) -> None:
        self.book, self.position, self.seal = book, position, seal
        self.attempts = 0
        self._ordinal = 0

    def check(self, through: int) -> Fault | None:
        """The first seal that is not what its attempt, its place and the seal before it make. After it nothing is looked at."""
        while self.position < through:
            rows = self._page(through)
            if not rows:
                return self._fault(
                    self.position + 1, "a seal at every position", f"the last one at {through}"
                )
            for position, ordinal, seal, attempt, *told in rows:
                if fault := self._fault_of(position, ordinal, bytes(seal), attempt, Told(*told)):
                    return fault
        return None

    def _page(self, through: int) -> list[tuple[Any, ...]]:
        through = min(self.position + PAGE, through)
        return _rows(_SEALS, {"book": self.book.pk, "after": self.position, "through": through})

    def _fault_of(self, position: int, ordinal: int, seal: bytes, attempt: UUID, told: Told) -> Fault | None:
        """What is wrong with a seal; if nothing is, the chain stands there now."""
        if position != self.position + 1:
            return self._fault(self.position + 1, "a seal at every position", f"the next one at {position}")
        if difference := self._difference(ordinal, seal, told):
            return self._fault(position, *difference, attempt)
        self.position, self.seal, self._ordinal = position, seal, ordinal
        self.attempts += 1
        return None

    def _difference(self, ordinal: int, seal: bytes, told: Told) -> tuple[str, str] | None:
        if told.id is None:
            return "the attempt that was sealed here", "no such attempt"
        if told.book != self.book.pk:
            return "an attempt of this book", f"one of book {told.book}"
        if ordinal != told.ordinal or ordinal <= self._ordinal:
            expected = f"attempts in the order of their ordinals, after {self._ordinal}"
            return expected, f"ordinal {told.ordinal} sealed as {ordinal}"
        computed = sha256(self.seal + canonical(told).encode()).digest()
        if computed != seal:
            expected = f"an attempt that hashes to the seal {seal.hex()[:16]}…"
            return expected, f"{computed.hex()[:16]}…: attempt or seal was changed"
        return None

    def _fault(self, position: int, expected: str, found: str, attempt: UUID | None = None) -> Fault:
        place = f"position {position}" + (f", attempt {ids.encode('wha', attempt)}" if attempt else "")
        return Fault(self.book.slug, place, expected, found, position, REMEDY)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _number(number: int | None) -> str:
    return "null" if number is None else str(number)


def _rows(statement: str, given: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())
