"""Hashes the chain of a book anew, in Python, from what the entries and lines say now."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from apps.core import ids
from apps.ledger.verify.faults import Fault
from apps.ledger.verify.reading import Reader
from apps.ledger.verify.scope import Progress, Scope

# An entry is bound to the seal by its id; its own book, ordinal and lines are compared here or hashed.
_SEALED = """
WITH seal AS MATERIALIZED (
  SELECT position, entry_id, ordinal, hash FROM ledger_seal
   WHERE book_id = %(book)s AND position > %(after)s AND position <= %(through)s),
line AS (
  SELECT l.entry_id, count(*) AS lines,
         string_agg(ledger_line_canonical(l), ',' ORDER BY l.posting, l.amount, l.account_id, l.sequence) AS text
    FROM seal s JOIN ledger_line l
      ON l.entry_id = s.entry_id AND l.entry_id >= %(least)s::uuid AND l.entry_id <= %(greatest)s::uuid
   GROUP BY l.entry_id)
SELECT s.position, s.entry_id::text, s.ordinal, s.hash, e.ordinal, coalesce(l.lines, 0),
       convert_to(ledger_entry_canonical(e, l.text), 'UTF8')
  FROM seal s
  LEFT JOIN ledger_entry e ON e.id = s.entry_id AND e.id >= %(least)s::uuid AND e.id <= %(greatest)s::uuid
  LEFT JOIN line l ON l.entry_id = s.entry_id
 ORDER BY s.position
"""


def first_link(book_id: int) -> bytes:
    """What stands in the place of a seal before the first one of a book."""
    return hashlib.sha256(f"countinghouse:book:{book_id}".encode()).digest()


class Link(NamedTuple):
    """One seal as it stands, and what its entry says now; `own` is the entry's ordinal, None without an entry."""

    position: int
    entry: str
    ordinal: int
    seal: bytes
    own: int | None
    lines: int
    text: bytes


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
        """Each seal that is not what its entry, its place and the seal before it make."""
        for chunk in self.scope.chunks(reader):
            for row in reader.rows(_SEALED, book=self.scope.book.pk, **chunk.arguments):
                yield from self._follow(Link._make(row))
            progress.advance(chunk.through - chunk.after)

    def _follow(self, link: Link) -> Iterator[Fault]:
        """One link. What follows is judged by the seal that stands, so that one break is told once."""
        computed = hashlib.sha256(self.seal + link.text).digest()
        if (
            computed != link.seal
            or link.position != self.position + 1
            or link.ordinal != link.own
            or link.ordinal <= self.ordinal
        ):
            yield self._fault(link, computed)
        self.position, self.seal, self.ordinal = link.position, link.seal, link.ordinal
        self.entries += link.own is not None
        self.lines += link.lines

    def _fault(self, link: Link, computed: bytes) -> Fault:
        if link.position != self.position + 1:
            place = f"position {self.position + 1}"
            found = f"the next one at {link.position}"
            return Fault(self.scope.book.slug, place, "a seal at every position", found, self.position + 1)
        expected, found = self._difference(link, computed)
        place = f"position {link.position}, entry {ids.encode('je', UUID(link.entry))}"
        return Fault(self.scope.book.slug, place, expected, found, link.position)

    def _difference(self, link: Link, computed: bytes) -> tuple[str, str]:
        if link.own is None:
            return "the entry that was sealed here", "no such entry"
        if link.ordinal != link.own or link.ordinal <= self.ordinal:
            expected = f"entries in the order of their ordinals, after {self.ordinal}"
            return expected, f"ordinal {link.own} sealed as {link.ordinal}"
        if not link.lines:
            return "an entry with its lines", "an entry without a line"
        expected = f"an entry and lines that hash to the seal {link.seal.hex()[:16]}…"
        return expected, f"{computed.hex()[:16]}…: entry, lines or seal were changed"


def seal_at(reader: Reader, book_id: int, position: int) -> bytes | None:
    """The stored seal at a position; None if there is none."""
    seal: bytes | None = reader.value(
        "SELECT hash FROM ledger_seal WHERE book_id = %(book)s AND position = %(position)s",
        book=book_id,
        position=position,
    )
    return seal
