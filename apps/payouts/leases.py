"""Who works on which batch: one worker at a time, under a lease. Machinery, written without a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from apps.core import ids
from apps.payouts.models import Batch, BatchStatus

LEASE: Final = timedelta(minutes=1)
"""How long a worker may take for a step of at most some hundred rows."""

MONEY_LOCK: Final = 7_301
"""The first key of the advisory lock of those who look whether providers have enough."""

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
    """Go on with it; False where another worker has it by now, or where somebody has said what is next."""
    return _mine(batch, now + LEASE)


def put_off(batch: Batch, until: datetime) -> None:
    """Look at it again then, unless a command or another worker has set another time since."""
    _mine(batch, until)


def let_go(batch: Batch) -> None:
    """Nothing is left to do, unless somebody has said otherwise since."""
    _mine(batch, None)


def wake_cancelled(batch: Batch, now: datetime) -> None:
    """Let what was held meanwhile be given back."""
    Batch.objects.filter(pk=batch.pk, status=BatchStatus.CANCELLED).update(next_step_at=now)


@contextmanager
def one_looks_for_money() -> Iterator[None]:
    """One worker after the other: two would count the same money of a provider for two batches."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, 0)", [MONEY_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, 0)", [MONEY_LOCK])


def _mine(batch: Batch, until: datetime | None) -> bool:
    """Set the time if nobody has since this worker did."""
    mine = Batch.objects.filter(
        pk=batch.pk, lease=batch.lease, status=batch.status, next_step_at=batch.next_step_at
    )
    if not mine.update(next_step_at=until):
        return False
    batch.next_step_at = until
    return True
