"""Hashes the chain of a book anew, from what the entries and lines say now."""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from apps.core import ids
from apps.ledger.verify.faults import Fault
from apps.ledger.verify.reading import Reader
from apps.ledger.verify.scope import Chunk, Progress, Scope

# Every link is judged by the seal that stands before it, so links are independent of each other: the server hashes them
# all at once, and only broken ones leave it. An entry is bound to the seal by its id; its own book, ordinal and lines are
# compared here or hashed.
_LINKS = """
WITH seal AS MATERIALIZED (
  SELECT position, entry_id, ordinal, hash,
         lag(position, 1, %(position)s::bigint) OVER chain AS position_before,
         lag(ordinal, 1, %(ordinal)s::bigint) OVER chain AS ordinal_before,
         lag(hash, 1, %(seal)s::bytea) OVER chain AS hash_before
    FROM ledger_seal WHERE book_id = %(book)s AND position > %(after)s AND position <= %(through)s
  WINDOW chain AS (ORDER BY position)),
line AS (
  SELECT l.entry_id, count(*) AS lines,
         string_agg(ledger_line_canonical(l), ',' ORDER BY l.posting, l.amount, l.account_id, l.sequence) AS text
    FROM seal s JOIN ledger_line l
      ON l.entry_id = s.entry_id AND l.entry_id >= %(least)s::uuid AND l.entry_id <= %(greatest)s::uuid
   GROUP BY l.entry_id),
link AS MATERIALIZED (
  SELECT s.position, s.position_before, s.entry_id, s.ordinal, s.ordinal_before, e.ordinal AS own,
         coalesce(l.lines, 0) AS lines, s.hash,
         sha256(s.hash_before || convert_to(ledger_entry_canonical(e, l.text), 'UTF8')) AS computed
    FROM seal s
    LEFT JOIN ledger_entry e ON e.id = s.entry_id AND e.id >= %(least)s::uuid AND e.id <= %(greatest)s::uuid
    LEFT JOIN line l ON l.entry_id = s.entry_id)
(SELECT * FROM link
  WHERE computed IS DISTINCT FROM hash OR position <> position_before + 1 OR lines = 0
     OR ordinal IS DISTINCT FROM own OR ordinal <= ordinal_before
  ORDER BY position LIMIT 20)
UNION ALL
SELECT NULL, NULL, NULL, count(own), NULL, NULL, sum(lines)::bigint, NULL, NULL FROM link
"""
_LAST = """
SELECT position, ordinal, hash FROM ledger_seal
 WHERE book_id = %(book)s AND position > %(after)s AND position <= %(through)s ORDER BY position DESC LIMIT 1
"""


def first_link(book_id: int) -> bytes:
    """What stands in the place of a seal before the first one of a book."""
    return hashlib.sha256(f"countinghouse:book:{book_id}".encode()).digest()


class Link(NamedTuple):
    """A seal as it stands with the one before it, and what its entry says now.

    `own` is the ordinal of the entry itself, None without an entry; `lines` is how many there are.
    """

    position: int
    position_before: int
    entry: UUID
    ordinal: int
    ordinal_before: int
    own: int | None
    lines: int
    seal: bytes
    computed: bytes


class Chain:
    """Walks the seals of a scope; afterwards it knows how many entries and lines there were, and the last seal."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.entries = 0
        self.lines = 0
        self.position = scope.after
        self.seal = scope.seal_before
        self.ordinal = 0

    def check(self, reader: Reader, progress: Progress) -> Iterator[Fault]:
        """Each seal that is not what its entry, its place and the seal before it make, told once.

        What follows a broken one is judged by the seal that stands.
        """
        for chunk in self.scope.chunks(reader):
            for row in self._broken(reader, chunk):
                yield self._fault(Link._make(row))
            self._advance(reader, chunk)
            progress.advance(chunk.through - chunk.after)

    def _broken(self, reader: Reader, chunk: Chunk) -> list[tuple[Any, ...]]:
        before = {"position": self.position, "ordinal": self.ordinal, "seal": self.seal}
        *broken, tally = reader.rows_by_hash(_LINKS, book=self.scope.book.pk, **before, **chunk.arguments)
        self.entries += tally[3]
        self.lines += tally[6] or 0
        return broken

    def _advance(self, reader: Reader, chunk: Chunk) -> None:
        """Stand at the last seal of a chunk."""
        bounds = {"after": chunk.after, "through": chunk.through}
        for last in reader.rows(_LAST, book=self.scope.book.pk, **bounds):
            self.position, self.ordinal, self.seal = last

    def _fault(self, link: Link) -> Fault:
        expected_position = link.position_before + 1
        if link.position != expected_position:
            place, found = f"position {expected_position}", f"the next one at {link.position}"
            return Fault(self.scope.book.slug, place, "a seal at every position", found, expected_position)
        place = f"position {link.position}, entry {ids.encode('je', link.entry)}"
        return Fault(self.scope.book.slug, place, *_difference(link), link.position)


def _difference(link: Link) -> tuple[str, str]:
    """What was expected of a link, and what stands."""
    if link.own is None:
        return "the entry that was sealed here", "no such entry"
    if link.ordinal != link.own or link.ordinal <= link.ordinal_before:
        expected = f"entries in the order of their ordinals, after {link.ordinal_before}"
        return expected, f"ordinal {link.own} sealed as {link.ordinal}"
    if not link.lines:
        return "an entry with its lines", "an entry without a line"
    expected = f"an entry and lines that hash to the seal {link.seal.hex()[:16]}…"
    return expected, f"{link.computed.hex()[:16]}…: entry, lines or seal were changed"


def seal_at(reader: Reader, book_id: int, position: int) -> bytes | None:
    """The stored seal at a position; None if there is none."""
    seal: bytes | None = reader.value(
        "SELECT hash FROM ledger_seal WHERE book_id = %(book)s AND position = %(position)s",
        book=book_id,
        position=position,
    )
    return seal
