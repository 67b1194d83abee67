"""How long the API keeps what it keeps for itself."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection

from apps.api.models import BulkJob, BulkPart

KEPT = timedelta(days=90)
AT_ONCE = 10_000

_DELETE = (
    "DELETE FROM api_request WHERE id IN (SELECT id FROM api_request WHERE id < %s ORDER BY id LIMIT %s)"
)


def forget_bulks(*, now: datetime) -> int:
    """Delete bulks that ended more than 90 days ago, with their items and answers; how many bulks."""
    ended = BulkJob.objects.filter(finished_at__lt=now - KEPT)
    BulkPart.objects.filter(job__in=ended).delete()
    deleted, _by_model = ended.delete()
    return deleted


def forget_requests(*, now: datetime) -> int:
    """Delete what was asked more than 90 days ago, some at a time; how many rows. Ids begin with their time."""
    oldest: int = (now - KEPT - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) << 80
    deleted: int = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_DELETE, [UUID(int=oldest), AT_ONCE])
            deleted += int(cursor.rowcount)
            if cursor.rowcount < AT_ONCE:
                return deleted
