"""Holds entries against the days that were closed when they were posted."""

from collections.abc import Iterator

from apps.core import ids
from apps.ledger.verify.faults import Fault
from apps.ledger.verify.reading import Reader
from apps.ledger.verify.scope import Chunk, Scope

_EVER_CLOSED = """
SELECT EXISTS (SELECT FROM ledger_periodchange WHERE book_id = %(book)s AND closed_through IS NOT NULL)
"""
# In the order of ordinals a change of periods stands between the entries before and after it.
_IN_CLOSED_DAYS = """
WITH change AS MATERIALIZED (
  SELECT ordinal, closed_through FROM ledger_periodchange WHERE book_id = %(book)s)
SELECT s.position, s.entry_id, e.effective_on, closed.through
  FROM ledger_seal s
  JOIN ledger_entry e ON e.id = s.entry_id AND e.id >= %(least)s::uuid AND e.id <= %(greatest)s::uuid
 CROSS JOIN LATERAL (SELECT c.closed_through AS through FROM change c WHERE c.ordinal < s.ordinal
                      ORDER BY c.ordinal DESC LIMIT 1) closed
 WHERE s.book_id = %(book)s AND s.position > %(after)s AND s.position <= %(through)s
   AND e.effective_on <= closed.through
 ORDER BY s.position LIMIT 20
"""
_STATE = """
SELECT CASE WHEN c.late_policy IS NOT NULL THEN (c.closed_through, c.closing_through, c.late_policy)::text END,
       CASE WHEN p.late_policy IS NOT NULL THEN (p.closed_through, p.closing_through, p.late_policy)::text END
  FROM (SELECT * FROM ledger_periodchange WHERE book_id = %(book)s ORDER BY ordinal DESC LIMIT 1) c
  FULL JOIN (SELECT * FROM ledger_bookperiod WHERE book_id = %(book)s) p ON true
 WHERE (c.closed_through, c.closing_through, c.late_policy)
       IS DISTINCT FROM (p.closed_through, p.closing_through, p.late_policy)
"""


def check_entries(reader: Reader, scope: Scope, chunk: Chunk) -> Iterator[Fault]:
    """Each entry of a chunk that takes effect on a day that was closed when it was posted."""
    if not reader.value(_EVER_CLOSED, book=scope.book.pk):
        return
    for position, entry, on, through in reader.rows_by_hash(
        _IN_CLOSED_DAYS, book=scope.book.pk, **chunk.arguments
    ):
        place = f"position {position}, entry {ids.encode('je', entry)}"
        expected, found = f"an effective day after {through}, which was closed", f"{on}"
        yield Fault(scope.book.slug, place, expected, found, position)


def check_state(reader: Reader, scope: Scope) -> Iterator[Fault]:
    """The periods of a book are what its last change made them."""
    for expected, found in reader.rows(_STATE, book=scope.book.pk):
        yield Fault(scope.book.slug, "periods", expected or "none: they were never changed", found or "none")
