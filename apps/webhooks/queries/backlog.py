"""How far endpoints are behind, and which workers send: the gauges of the outbox. Nothing is counted beyond MANY."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from apps.core import ids

MANY: Final = 1000

_BACKLOGS: Final = """
SELECT l.endpoint_id, h.head, l.matched_through, w.due, w.later, q.queued, w.since
  FROM webhooks_line l JOIN webhooks_endpoint e ON e.id = l.endpoint_id
 CROSS JOIN LATERAL (
   SELECT coalesce(max(position), 0) AS head FROM operations_eventposition WHERE book_id = l.book_id) h
 CROSS JOIN LATERAL (
   SELECT count(*) FILTER (WHERE at <= %(now)s) AS due, count(*) FILTER (WHERE at > %(now)s) AS later,
          min(at) FILTER (WHERE at <= %(now)s) AS since
     FROM (SELECT next_attempt_at AS at FROM webhooks_delivery
            WHERE endpoint_id = l.endpoint_id AND next_attempt_at IS NOT NULL ORDER BY next_attempt_at LIMIT %(many)s) d) w
 CROSS JOIN LATERAL (
   SELECT count(*) AS queued
     FROM (SELECT FROM webhooks_delivery
            WHERE endpoint_id = l.endpoint_id AND status = 'queued' AND runs = 0 LIMIT %(many)s) d) q
 WHERE {which}
 ORDER BY h.head - l.matched_through + w.due + w.later + q.queued DESC, l.endpoint_id
 LIMIT %(most)s
"""

_WORKERS: Final = """
SELECT worker, count(*), max(leased_until) FROM webhooks_line WHERE leased_until > %s GROUP BY worker ORDER BY worker
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What an endpoint was not told yet: `behind` are positions of the feed that were not looked through for it.

    Of its deliveries some are due, since `due_since`; some are tried later; some wait for another of their object.
    """

    behind: int
    due: int
    later: int
    queued: int
    due_since: datetime | None

    @property
    def waiting(self) -> int:
        """Its messages that wait, whatever for."""
        return self.due + self.later + self.queued

    @property
    def is_more(self) -> bool:
        """Whether there are more than were counted."""
        return self.due + self.later >= MANY or self.queued >= MANY


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker, and how many endpoints are its own, the last of them until then."""

    name: str
    endpoints: int
    until: datetime


def backlogs(endpoints: Collection[str], now: datetime) -> dict[str, Backlog]:
    """The backlogs of these endpoints, by id."""
    given = {"endpoints": [ids.decode("whe", each) for each in endpoints], "most": len(endpoints)}
    return _backlogs("l.endpoint_id = ANY (%(endpoints)s::uuid[])", now, given)


def furthest_behind(most: int, now: datetime) -> dict[str, Backlog]:
    """The endpoints that are not removed with the longest backlogs, those first."""
    return _backlogs("e.status <> 'removed'", now, {"most": most})


def workers(now: datetime) -> list[Worker]:
    """Who holds endpoints now."""
    with connection.cursor() as cursor:
        cursor.execute(_WORKERS, [now])
        return [Worker(*row) for row in cursor.fetchall()]


def _backlogs(which: str, now: datetime, given: dict[str, Any]) -> dict[str, Backlog]:
    with connection.cursor() as cursor:
        cursor.execute(_BACKLOGS.format(which=which), {"now": now, "many": MANY, **given})
        rows = cursor.fetchall()
    return {
        ids.encode("whe", pk): Backlog(head - through, due, later, queued, since)
        for pk, head, through, due, later, queued, since in rows
    }
