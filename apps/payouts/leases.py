"""Who works on which batch: one worker at a time, under a lease. Machinery, written without a command."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from apps.core import ids
from apps.payouts.models import Batch

LEASE: Final = timedelta(minutes=1)
"""How long a worker may take for a step of at most some hundred rows."""

_TAKE = """
UPDATE payouts_batch b SET next_step_at = %s, lease = b.lease + 1
  FROM (SELECT id FROM payouts_batch WHERE next_step_at <= %s
         ORDER BY next_step_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) due
 WHERE b.id = due.id
RETURNING b.id
"""


def take(now: datetime) -> Batch | None:
    """The batch that is due for the longest time and that no other worker has."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [now + LEASE, now])
        taken = cursor.fetchone()
    return Batch.objects.get(pk=ids.encode("bat", taken[0])) if taken else None


def renew(batch: Batch, now: datetime) -> bool:
    """Go on with it; False where another worker has it by now, or where it is no more what it was."""
    mine = Batch.objects.filter(pk=batch.pk, lease=batch.lease, status=batch.status)
    return bool(mine.update(next_step_at=now + LEASE))


def put_off(batch: Batch, until: datetime) -> None:
    """Look at it again then, unless a command or another worker has set another time since."""
    Batch.objects.filter(pk=batch.pk, lease=batch.lease, status=batch.status).update(next_step_at=until)


def let_go(batch: Batch) -> None:
    """Nothing is left to do."""
    Batch.objects.filter(pk=batch.pk, lease=batch.lease, status=batch.status).update(next_step_at=None)
