"""Which batches wait for people, and how soon payouts were executed once people had agreed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from apps.accounts.models import Tenant
from apps.payouts.models import Batch, BatchStatus

SLA: Final = timedelta(hours=24)
"""Within which a batch is approved once that was asked for, and a payout executed once its batch was approved."""

HOURS: Final = int(SLA.total_seconds()) // 3_600

# Those that were approved an SLA ago or longer had their chance; of the others only those that used it count.
_IN_TIME: Final = """
SELECT count(*) FILTER (WHERE t.sent_at <= b.approved_at + make_interval(hours => %s)),
       count(*) FILTER (WHERE t.sent_at IS NOT NULL AND t.sent_at <= b.approved_at + make_interval(hours => %s)
                           OR b.approved_at + make_interval(hours => %s) <= %s)
  FROM payouts_batch b JOIN transfers_transfer t ON t.batch_id = b.id
 WHERE b.approved_at >= %s AND b.status <> 'cancelled'
   AND (t.sent_at IS NOT NULL OR t.status NOT IN ('cancelled', 'expired'))
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The batches that wait, each list the longest waiting first."""

    for_approval: Sequence[Batch]
    for_execution: Sequence[Batch]
    for_money: Sequence[Batch]

    def __bool__(self) -> bool:
        return bool(self.for_approval or self.for_execution or self.for_money)


@dataclass(frozen=True, slots=True)
class InTime:
    """Payouts that were sent within the SLA, of those of which that can be said."""

    in_time: int
    payouts: int

    @property
    def share(self) -> Fraction | None:
        """How many of them, from 0 to 1; None of none."""
        return Fraction(self.in_time, self.payouts) if self.payouts else None


def waiting() -> Waiting:
    """What waits for people: for their word, for somebody to execute it, or for money at providers."""
    approved = list(_of_real_money().filter(status=BatchStatus.APPROVED).order_by("approved_at", "id"))
    return Waiting(
        for_approval=list(_asked_for().order_by("asked_at", "id")),
        for_execution=[each for each in approved if not each.short],
        for_money=[each for each in approved if each.short],
    )


def overdue(now: datetime) -> list[Batch]:
    """Those that have waited for approval for the SLA, or for it again since somebody was told."""
    late = Batch.objects.filter(
        status=BatchStatus.PENDING_APPROVAL, approval_request_id__isnull=False, asked_at__lte=now - SLA
    )
    return [each for each in late.order_by("asked_at", "id") if is_due(each, now)]


def is_due(batch: Batch, now: datetime) -> bool:
    """Whether nobody was told since it has waited for one more SLA."""
    if batch.asked_at is None or now < batch.asked_at + SLA:
        return False
    return batch.reminded_at is None or batch.reminded_at < batch.asked_at + times(batch, now) * SLA


def times(batch: Batch, now: datetime) -> int:
    """How often the SLA has passed since it was asked."""
    return (now - (batch.asked_at or now)) // SLA


def executed_in_time(since: datetime, *, now: datetime) -> InTime:
    """Of the payouts of batches approved since, those sent within the SLA of that. What may still be in time does not count."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_TIME, [HOURS, HOURS, HOURS, now, since])
        in_time, payouts = cursor.fetchone()
    return InTime(in_time, payouts)


def _asked_for() -> QuerySet[Batch]:
    return _of_real_money().filter(status=BatchStatus.PENDING_APPROVAL, approval_request_id__isnull=False)


def _of_real_money() -> QuerySet[Batch]:
    """What happens in a test tenant is nobody's money."""
    play = Tenant.objects.filter(test_of__isnull=False).values("pk")
    rows: QuerySet[Batch] = Batch.objects.exclude(book__tenant_id__in=play).select_related("book")
    return rows
