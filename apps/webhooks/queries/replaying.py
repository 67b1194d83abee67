"""How much of a feed would be sent again."""

import json
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection

from apps.core import ids
from apps.webhooks.models import Endpoint, ReplayWhat

_COUNT: Final = """
SELECT count(*)
  FROM operations_eventposition p
  JOIN operations_event v ON v.id = p.event_id
  LEFT JOIN webhooks_delivery d ON d.endpoint_id = %(endpoint)s AND d.event_id = v.id
 WHERE p.book_id = %(book)s AND p.position > %(after)s AND p.position <= %(through)s
   AND webhooks_wants(%(own)s::jsonb, v.type) AND webhooks_wants(%(types)s::jsonb, v.type)
   AND coalesce(d.status, '') NOT IN ('queued', 'pending')
   AND CASE %(what)s WHEN 'all' THEN true WHEN 'failed' THEN d.status = 'failed' ELSE d.delivered_at IS NULL END
"""


def count_of(endpoint: Endpoint, after: int, through: int, types: Sequence[str], what: ReplayWhat) -> int:
    """How many events beyond a position and through another would be sent to the endpoint again."""
    given: dict[str, Any] = {
        "endpoint": ids.decode("whe", str(endpoint.pk)),
        "book": endpoint.book_id,
        "after": after,
        "through": through,
        "own": json.dumps(endpoint.types),
        "types": json.dumps(list(types)),
        "what": str(what),
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, given)
        return int(cursor.fetchone()[0])
