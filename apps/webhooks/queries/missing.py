"""What endpoints were to be told of and have never accepted: what they can fetch from the feed themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection

from apps.core import ids

_MISSING: Final = """
SELECT e.id, e.url, e.status, m.position, m.event_id, m.type, m.status
  FROM webhooks_endpoint e
  JOIN webhooks_line l ON l.endpoint_id = e.id
 CROSS JOIN LATERAL (
   (SELECT d.position, d.event_id, d.type, d.status FROM webhooks_delivery d
     WHERE d.endpoint_id = e.id AND d.delivered_at IS NULL AND d.position > %(since)s
     ORDER BY d.position LIMIT %(most)s)
   UNION ALL
   (SELECT p.position, p.event_id, v.type, 'unmatched' FROM operations_eventposition p JOIN operations_event v ON v.id = p.event_id
     WHERE p.book_id = e.book_id AND p.position > greatest(l.matched_through, %(since)s) AND webhooks_wants(e.types, v.type)
     ORDER BY p.position LIMIT %(most)s)
   ORDER BY 1 LIMIT %(most)s) m
 WHERE e.book_id = %(book)s AND e.status <> 'removed'
 ORDER BY e.id, m.position
"""


@dataclass(frozen=True, slots=True)
class MissingEvent:
    """An event that an endpoint has not accepted; `status` is its delivery's, or `unmatched` if there is none yet."""

    position: int
    event: str
    type: str
    status: str


@dataclass(frozen=True, slots=True)
class Missing:
    """What one endpoint has missed, oldest first; `is_more` says that there is more than was asked for."""

    endpoint: str
    url: str
    endpoint_status: str
    events: Sequence[MissingEvent]
    is_more: bool


def missing_of(book: int, since: int, most: int) -> list[Missing]:
    """Per endpoint, the events beyond a position that it was never answered 2xx for, at most so many of each."""
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, {"book": book, "since": since, "most": most + 1})
        rows = cursor.fetchall()
    found: dict[str, Missing] = {}
    events: dict[str, list[MissingEvent]] = {}
    for pk, url, endpoint_status, position, event, type, status in rows:
        endpoint = ids.encode("whe", pk)
        events.setdefault(endpoint, []).append(MissingEvent(position, ids.encode("evt", event), type, status))
        found[endpoint] = Missing(endpoint, url, endpoint_status, (), False)
    return [
        Missing(name, each.url, each.endpoint_status, events[name][:most], len(events[name]) > most)
        for name, each in found.items()
    ]
