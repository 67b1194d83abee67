"""Receipts of attempts: what was sealed of each, and the hashes that prove it without us."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from apps.core import ids

_RECEIPTS: Final = """
SELECT a.id, webhooks_attempt_canonical(a), s.position, s.hash, s.sealed_at,
       CASE WHEN s.position = 1 THEN sha256(convert_to('countinghouse:webhooks:' || a.book_id, 'UTF8')) ELSE b.hash END
  FROM webhooks_attempt a
  LEFT JOIN webhooks_attemptseal s ON s.attempt_id = a.id
  LEFT JOIN webhooks_attemptseal b ON b.book_id = s.book_id AND b.position = s.position - 1
 WHERE a.id = ANY (%s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The text that is sealed of an attempt. Its `hash` is sha256(`before` || `text`), both hashes in hexadecimal digits.

    Without a position it is not sealed yet, which the sequencer does within a second or so.
    """

    text: str
    position: int | None
    hash: str
    before: str
    sealed_at: datetime | None


def receipts_of(attempts: Collection[str]) -> dict[str, Receipt]:
    """The receipts of these attempts, by id."""
    with connection.cursor() as cursor:
        cursor.execute(_RECEIPTS, [[ids.decode("wha", each) for each in attempts]])
        rows = cursor.fetchall()
    return {
        ids.encode("wha", pk): Receipt(text, position, _hex(seal), _hex(before), sealed_at)
        for pk, text, position, seal, sealed_at, before in rows
    }


def _hex(seal: bytes | memoryview | None) -> str:
    return "" if seal is None else bytes(seal).hex()
