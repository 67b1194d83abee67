"""Who works on which transfer: the rows that are due, by status and time, taken by one worker at a time.

A lease is a time: `next_attempt_at` is put off while a worker has the row, and `lease` grows, so that a worker who was
slow finds that another has taken over. Machinery, written without a command.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection

from apps.core import arrays, ids
from apps.transfers.models import Kind, Status, Transfer

SENDING: Final = timedelta(seconds=settings.TRANSFER_LEASE_SECONDS)
"""How long a worker may take for a call before its outcome counts as unknown."""

WORKED: Final = (
    Status.BALANCE_RESERVED,
    Status.AWAITING_APPROVAL,
    Status.SENT_TO_PROVIDER,
    Status.OUTCOME_UNKNOWN,
    Status.MANUAL_REVIEW,
    Status.PROVIDER_PROCESSING,
    Status.PROVIDER_COMPLETED,
    Status.PROVIDER_FAILED,
    Status.INITIATED,
)
"""The statuses in which a due transfer asks something of a worker, the most urgent first."""

_TAKE = """
UPDATE transfers_transfer t SET next_attempt_at = %(until)s, lease = t.lease + 1
  FROM (SELECT id FROM transfers_transfer
         WHERE status = %(status)s AND next_attempt_at <= %(now)s AND kind <> %(apart)s
         ORDER BY next_attempt_at LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED) due
 WHERE t.id = due.id
RETURNING t.id
"""


def take(status: str, *, now: datetime, most: int) -> list[Transfer]:
    """The transfers of a status that are due and that no other worker has, leased."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "status": status,
            "now": now,
            "until": now + SENDING,
            "most": most,
            "apart": Kind.PAY_IN,
        }
        cursor.execute(_TAKE, values)
        taken = [ids.encode("trf", row[0]) for row in cursor.fetchall()]
    return list(Transfer.objects.filter(pk__in=taken).select_related("recipient")) if taken else []


_PUT_OFF = """
UPDATE transfers_transfer t SET next_attempt_at = %s
  FROM (SELECT m.id FROM transfers_transfer m JOIN unnest(%s::uuid[], %s::integer[]) leased (id, lease)
            ON m.id = leased.id AND m.lease = leased.lease
         WHERE m.next_attempt_at IS NOT NULL ORDER BY m.id FOR NO KEY UPDATE OF m SKIP LOCKED) mine
 WHERE t.id = mine.id
"""
_REJECTED = """
UPDATE transfers_transfer t SET next_attempt_at = %(now)s
  FROM (SELECT m.id FROM transfers_transfer m JOIN operations_approvalrequest r ON r.id = m.approval_request_id
         WHERE m.status = %(waits)s AND m.next_attempt_at > %(now)s AND m.expires_at IS NOT NULL
           AND r.status IN ('rejected', 'refused') ORDER BY m.id FOR NO KEY UPDATE OF m SKIP LOCKED) rejected
 WHERE t.id = rejected.id
"""


def put_off(transfers: Sequence[Transfer], until: datetime) -> None:
    """Look at leased transfers again at another time, unless another worker has taken them since."""
    wanted = arrays.texts([ids.stored("trf", str(each.pk)) for each in transfers])
    with connection.cursor() as cursor:
        cursor.execute(_PUT_OFF, [until, wanted, arrays.numbers(each.lease for each in transfers)])


def wake_rejected(now: datetime) -> int:
    """Let workers see to what other people said no to and a crash kept from being given back; how many."""
    with connection.cursor() as cursor:
        cursor.execute(_REJECTED, {"now": now, "waits": Status.AWAITING_APPROVAL})
        return int(cursor.rowcount)
