"""What of the transfers needs a person: those in review, those that do not move, those that wait for approval, old holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from apps.core import ids
from apps.ledger.models import Hold, JournalEntry
from apps.transfers.inquiries import Inquiry, InquiryStatus
from apps.transfers.models import Status, Transfer
from apps.transfers.queries.standing import Level, stuck

UNANSWERED: Final = timedelta(days=1)
"""From when on a recall or trace that nobody answered deserves a look."""

OLD: Final = timedelta(days=7)
"""From when on a hold that is still open deserves a look."""

LAST: Final = "f" * 32
"""The greatest id."""

# Open holds are few in each book, and their index is by book.
_OLDEST: Final = """
SELECT h.id FROM operations_book b CROSS JOIN LATERAL (
  SELECT id FROM ledger_hold WHERE book_id = b.id AND remaining > 0 AND id <= %s::uuid ORDER BY id LIMIT %s) h
 ORDER BY h.id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class OpenHold:
    """Money in reserve, and what it is for: a transfer, or what was said when it was placed."""

    hold: Hold
    transfer: Transfer | None
    entry: JournalEntry


def in_review() -> QuerySet[Transfer]:
    """What a person must settle or release, the first that was asked for first."""
    rows: QuerySet[Transfer] = Transfer.objects.filter(status=Status.MANUAL_REVIEW)
    return rows.order_by("id")


def awaiting_approval() -> QuerySet[Transfer]:
    """What other people have not decided about, the first that was asked for first."""
    rows: QuerySet[Transfer] = Transfer.objects.filter(
        status=Status.AWAITING_APPROVAL, expires_at__isnull=False
    )
    return rows.order_by("id")


def open_inquiries(asked_by: datetime | None = None) -> QuerySet[Inquiry]:
    """Recalls and traces that are not answered, and were asked for by then if a time is given; the oldest first."""
    rows = Inquiry.objects.filter(status=InquiryStatus.OPEN)
    return (rows.filter(asked_at__lte=asked_by) if asked_by else rows).order_by("asked_at", "id")


def open_holds(most: int) -> Sequence[OpenHold]:
    """The oldest holds that are still open, with what they are for: three queries."""
    found = oldest(None, most)
    holds = list(
        Hold.objects.filter(pk__in=found).select_related("account", "book", "opened_by").order_by("id")
    )
    transfers = {str(each.hold_id): each for each in Transfer.objects.filter(hold_id__in=found)}
    return [OpenHold(each, transfers.get(str(each.pk)), each.opened_by) for each in holds]


def oldest(before: datetime | None, most: int) -> list[str]:
    """The ids of the oldest holds that are still open, and were opened by then if a time is given."""
    last = ids.stored("hld", ids.first_at("hld", before)) if before else LAST
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST, [last, most, most])
        return [ids.encode("hld", row[0]) for row in cursor.fetchall()]


def counts(now: datetime, most: int) -> dict[str, int]:
    """How many need a person, up to so many of each: `review`, each level of stuck, `approval`, `old_holds`."""
    of_levels = {level.value: stuck(now, level)[:most].count() for level in Level}
    return {
        "review": in_review()[:most].count(),
        "approval": awaiting_approval()[:most].count(),
        "old_holds": len(oldest(now - OLD, most)),
        **of_levels,
    }
