"""A book's accounts cut into ranges of ids with about equally many lines, so that whole books fit through memory."""

from itertools import pairwise

from django.db import connection

_ENDS = """
SELECT max(id) FROM (
  SELECT a.id, div(sum(coalesce(b.sequence, 0) + 10) OVER (ORDER BY a.id), %s) AS part
    FROM ledger_account a LEFT JOIN ledger_balance b ON b.account_id = a.id WHERE a.book_id = %s) numbered
 GROUP BY part ORDER BY part
"""


def account_ranges(book_id: int, *, lines: int) -> list[tuple[int, int]]:
    """Pairs of ids, the first excluded and the last included, that cover every account of a book."""
    with connection.cursor() as cursor:
        cursor.execute(_ENDS, [lines, book_id])
        ends = [int(end) for (end,) in cursor.fetchall()]
    return list(pairwise([0, *ends]))
