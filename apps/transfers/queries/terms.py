"""When rolling reserves are due, as the books stood at some positions."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.db import connection

from apps.core import ids
from apps.core.money import Money
from apps.ledger.reports import Asked
from apps.ledger.reports.terms import Term
from apps.transfers.reserves import RollingReserve

GL_CODE = "2210"
"""Where `reserve:*` stands."""

# Not from the status of the rows, which is that of now: what a reserve still had follows from its lines alone.
_KEPT = """
SELECT coalesce(o.metadata, e.metadata) ->> 'reserve', sum(l.amount)
  FROM unnest(%(books)s::bigint[], %(positions)s::bigint[]) a(book_id, position)
  JOIN ledger_account c ON c.book_id = a.book_id AND c.gl_code = %(code)s
  JOIN ledger_line l ON l.account_id = c.id
  JOIN ledger_seal s ON s.entry_id = l.entry_id AND s.position <= a.position
  JOIN ledger_entry e ON e.id = l.entry_id
  LEFT JOIN ledger_entry o ON o.id = e.reverses_id
 WHERE %(through)s::date IS NULL OR l.effective_on <= %(through)s
 GROUP BY 1 HAVING sum(l.amount) > 0
"""


def terms_of_reserves(asked: Asked) -> Iterator[Term]:
    """What each reserve had by then, and the day of its release where its book is."""
    kept = dict(_kept(asked))
    zones = {book.pk: ZoneInfo(book.time_zone) for book in asked.books}
    for reserve in RollingReserve.objects.filter(pk__in=list(kept), book_id__in=list(zones)).order_by("pk"):
        due = reserve.release_at.astimezone(zones[reserve.book_id]).date()
        yield Term(Money(kept[reserve.pk], reserve.currency), due)


def _kept(asked: Asked) -> Iterator[tuple[str, int]]:
    with connection.cursor() as cursor:
        books, positions = list(asked.positions), list(asked.positions.values())
        names = {"books": books, "positions": positions, "code": GL_CODE, "through": asked.through}
        cursor.execute(_KEPT, names)
        for reserve, amount in cursor.fetchall():
            if _is_reserve(reserve):
                yield reserve, int(amount)


def _is_reserve(text: str | None) -> bool:
    try:
        ids.decode("rsv", text or "")
    except ids.InvalidId:
        return False
    return True
