"""Telling people of transfers that do not move, once for each level of how grave that is."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from apps.core import clock
from apps.core.actor import Actor
from apps.operations import books
from apps.operations.executor import execute_many
from apps.operations.models import Operation
from apps.operations.plan import Context, EventDraft, Plan, Request
from apps.transfers.models import Transfer
from apps.transfers.queries.standing import level_of, standing, stuck, waiting_for
from apps.transfers.services.making import told

WATCH: Final = Actor.system("watch", {"transfers.raise_stuck_alarm"})
"""Who looks after what does not move."""

AT_ONCE: Final = 500


def raise_alarms(now: datetime) -> int:
    """Tell of every transfer that has become stuck, or more gravely so, since it was told of; how many that are."""
    return sum(_tell(some, now) for some in _in_parts(stuck(now)))


def plan_raise_stuck_alarm(context: Context, *, transfer: str, level: str) -> Plan:
    """Tell people that a transfer does not move, unless it has meanwhile."""
    found: Transfer = context.locked[Transfer, transfer]  # type: ignore[assignment]
    stands = standing(found, context.now)
    if stands.level != level or stands.still is None:
        return Plan(result=told(found))
    waits = waiting_for(found)
    data = {
        "reason": "transfer stuck",
        "level": level,
        "transfer": transfer,
        "status": found.status,
        "since": found.stuck_from,
        "minutes": int(stands.still.total_seconds()) // 60,
        "waits_for": waits.what.value if waits else None,
        "provider": found.provider,
        "failure": found.failure_code,
        "next_attempt_at": found.next_attempt_at,
        "message": f"{transfer} has been {found.get_status_display().lower()} and has not moved"
        f" for {int(stands.still.total_seconds()) // 60} minutes.",
    }
    return Plan(result=told(found), events=[EventDraft("alert.raised", transfer, data)])


def _in_parts(rows: QuerySet[Transfer]) -> Iterator[list[Transfer]]:
    """All of them, some at a time along the index."""
    left = rows
    while some := list(left[:AT_ONCE]):
        yield some
        last = some[-1]
        left = rows.filter(Q(stuck_from__gt=last.stuck_from) | Q(stuck_from=last.stuck_from, id__gt=last.pk))


def _tell(transfers: Sequence[Transfer], now: datetime) -> int:
    requests = {request.key: request for request in _requests(transfers, now)}
    known = Operation.objects.filter(book_id=books.platform_id(), key__in=list(requests), holds_key=True)
    told_of = set(known.values_list("key", flat=True))
    new = [request for key, request in requests.items() if key not in told_of]
    return sum(outcome.accepted and not outcome.replayed for outcome in execute_many(new))


def _requests(transfers: Iterable[Transfer], now: datetime) -> Iterator[Request]:
    """One for each level of each time that it stood still: moving on and standing still again is told anew."""
    for each in transfers:
        since = each.stuck_from
        level = level_of(now - since) if since else None
        if since and level:
            key = f"{each.pk}:stuck:{level.value}:{clock.written(since)}"
            data = {"transfer": each.pk, "level": level.value}
            yield Request("transfers.raise_stuck_alarm", data, key, WATCH, origin="worker")
