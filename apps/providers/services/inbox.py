"""Following what was received: taken by one worker at a time, read by the adapter, handed to whoever follows it.

A lease is a time: `next_attempt_at` is put off while a worker has the message, and `lease` grows, so that what a slow
worker makes of it counts only while nobody else has taken it. Machinery, written without a command.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection

from apps.core import arrays, clock, ids
from apps.core.actor import Actor
from apps.operations.executor import LOST_CONNECTION, execute_many
from apps.operations.plan import Request
from apps.providers.adapters import adapter_of
from apps.providers.handlers import Became, Item, Verdict, handler_of
from apps.providers.models import InboundConflict, InboundMessage, MessageStatus
from apps.providers.protocol import Envelope, MessageUnreadable, News
from apps.providers.queries import routing

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=60)
"""How long a worker may take for a batch before another takes its messages."""

LADDER: Final = tuple(timedelta(seconds=seconds) for seconds in settings.TRANSFER_LADDER_SECONDS)
"""After how long a message is tried again when something passing was in the way; then a person looks."""

MOST: Final = 100
TAKEN_AT_MOST: Final = len(LADDER) + 3
"""How often a message is taken although nobody could finish it, such as because it ends its worker."""

ALARM_EVERY_SECONDS: Final = 1

WORKER: Final = Actor.system("inbox", {"providers.raise_alarm"})
"""Who tells people of messages that nothing could be made of."""

_TAKE: Final = """
UPDATE providers_inboundmessage m SET next_attempt_at = %(until)s, tries = m.tries + 1, lease = m.lease + 1
  FROM (SELECT id FROM providers_inboundmessage WHERE next_attempt_at <= %(now)s
         ORDER BY next_attempt_at, id LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED) due
 WHERE m.id = due.id
RETURNING m.id
"""
_FINISH: Final = """
UPDATE providers_inboundmessage m
   SET status = f.status, subject = left(f.subject, 60), why = left(f.why, 500), next_attempt_at = f.due,
       processed_at = CASE WHEN f.due IS NULL THEN %s END,
       alarmed_at = CASE WHEN f.status = 'quarantined' THEN NULL ELSE m.alarmed_at END
  FROM unnest(%s::uuid[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
       f (id, lease, status, subject, why, due)
 WHERE m.id = f.id AND m.lease = f.lease AND m.status = 'received'
"""

_STATUS: Final = {
    Became.IGNORED: MessageStatus.IGNORED,
    Became.PROCESSED: MessageStatus.PROCESSED,
    Became.LATER: MessageStatus.RECEIVED,
    Became.QUARANTINED: MessageStatus.QUARANTINED,
}
_GRAVITY: Final = [*Became]

IGNORED: Final = Verdict(Became.IGNORED, why="It says nothing that concerns us.")


@dataclass
class Inbox:
    """A worker's view of what was received."""

    _told_at: float = 0

    def turn(self) -> int:
        """Follow what is due, in one batch; how many messages were touched."""
        now = clock.now()
        taken = take(now)
        if taken:
            finish(taken, followed(taken), now=now)
        if taken or time.monotonic() - self._told_at > ALARM_EVERY_SECONDS:
            self._told_at = time.monotonic()
            raise_alarms(now)
        return len(taken)


def take(now: datetime, most: int = MOST) -> list[InboundMessage]:
    """The messages that are due and that no other worker has, leased, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"now": now, "until": now + LEASE, "most": most})
        taken = [ids.encode("inb", row[0]) for row in cursor.fetchall()]
    rows = InboundMessage.objects.filter(pk__in=taken).select_related("provider")
    return list(rows.order_by("pk")) if taken else []


def finish(taken: Sequence[InboundMessage], verdicts: Sequence[Verdict], *, now: datetime) -> None:
    """Write down what became of messages, unless another worker has taken them since."""
    ended = [_ended(message, verdict) for message, verdict in zip(taken, verdicts, strict=True)]
    due = [
        clock.written(now + LADDER[message.tries - 1]) if verdict.became == Became.LATER else None
        for message, verdict in zip(taken, ended, strict=True)
    ]
    columns = [
        arrays.texts([ids.stored("inb", str(each.pk)) for each in taken]),
        arrays.numbers(each.lease for each in taken),
        arrays.texts([_STATUS[each.became].value for each in ended]),
        arrays.texts([_storable(each.subject) for each in ended]),
        arrays.texts([_storable(each.why) for each in ended]),
        arrays.texts(due),
    ]
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, [now, *columns])


def raise_alarms(now: datetime) -> None:
    """Tell people of what was quarantined and of conflicts, each once."""
    messages = InboundMessage.objects.filter(status=MessageStatus.QUARANTINED, alarmed_at=None)
    conflicts = InboundConflict.objects.filter(alarmed_at=None)
    _tell(messages, {str(pk): f"{pk}:alarm:{lease}" for pk, lease in _first(messages, "pk", "lease")}, now)
    _tell(conflicts, {str(pk): f"{pk}:alarm" for (pk,) in _first(conflicts, "pk")}, now)


def news_of(message: InboundMessage) -> Sequence[News]:
    """What a message says; MessageUnreadable if that cannot be told."""
    envelope = Envelope(message.headers, bytes(message.body))
    provider = routing.by_id(message.provider_id) or message.provider
    try:
        return adapter_of(provider).parse(envelope)
    except MessageUnreadable:
        raise
    except Exception as error:
        logger.exception("The adapter of %s cannot read %s.", provider.name, message.pk)
        raise MessageUnreadable(f"The adapter cannot read it: {type(error).__name__}.") from error


def followed(taken: Sequence[InboundMessage]) -> list[Verdict]:
    """For each message what became of it: the gravest of what became of the news that it says."""
    verdicts: dict[str, Verdict] = {str(message.pk): IGNORED for message in taken}
    items: dict[str, list[Item]] = defaultdict(list)
    for message in taken:
        if message.tries > TAKEN_AT_MOST:
            why = f"Taken {message.tries} times, and no worker has finished it."
            verdicts[str(message.pk)] = Verdict(Became.QUARANTINED, why=why)
            continue
        try:
            for place, news in enumerate(news_of(message)):
                items[news.about].append(Item(message, place, news))
        except MessageUnreadable as error:
            verdicts[str(message.pk)] = Verdict(Became.QUARANTINED, why=error.message)
    for about, some in items.items():
        for item, verdict in zip(some, _handled(about, some), strict=True):
            key = str(item.message.pk)
            verdicts[key] = graver(verdicts[key], verdict)
    return [verdicts[str(message.pk)] for message in taken]


def _handled(about: str, items: Sequence[Item]) -> Sequence[Verdict]:
    """What became of items. One that brings its handler down is tried alone, so that the others do not wait for it."""
    handler = handler_of(about)
    if handler is None:
        return [Verdict(Became.IGNORED, why=f"Nobody follows news of the kind {about}.")] * len(items)
    try:
        return handler(items)
    except LOST_CONNECTION:
        raise
    except Exception as error:
        if len(items) > 1:
            return [verdict for item in items for verdict in _handled(about, [item])]
        logger.exception("%s cannot be followed.", items[0].message.pk)
        return [Verdict(Became.LATER, why=f"A defect: {type(error).__name__}: {error}")]


def _storable(text: str) -> str:
    """What providers write may hold what no column takes."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def graver(one: Verdict, other: Verdict) -> Verdict:
    if one is IGNORED:
        return other
    return max(one, other, key=lambda verdict: _GRAVITY.index(verdict.became))


def _ended(message: InboundMessage, verdict: Verdict) -> Verdict:
    """Later is not for ever."""
    if verdict.became != Became.LATER or message.tries <= len(LADDER):
        return verdict
    why = f"Tried {message.tries} times, the last time: {verdict.why}"
    return Verdict(Became.QUARANTINED, verdict.subject, why)


def _first(rows: Any, *names: str) -> list[Any]:
    return list(rows.order_by("pk").values_list(*names)[:MOST])


def _tell(rows: Any, keys: dict[str, str], now: datetime) -> None:
    requests = [
        Request("providers.raise_alarm", {"about": pk}, key, WORKER, origin="worker")
        for pk, key in keys.items()
    ]
    if requests:
        told = _accepted(requests)
        rows.filter(pk__in=told).update(alarmed_at=now)


def _accepted(requests: Iterable[Request]) -> list[str]:
    asked = list(requests)
    return [
        str(request.input["about"])
        for request, outcome in zip(asked, execute_many(asked), strict=True)
        if outcome.accepted
    ]
