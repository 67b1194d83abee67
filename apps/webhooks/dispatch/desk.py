"""What a worker does with the database, in the thread that is for that: takes endpoints, matches events, writes down what came."""

import json
import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from apps.core import arrays, ids
from apps.core.encryption import DecryptionFailed, decrypt
from apps.webhooks import ladder
from apps.webhooks.client import Sent
from apps.webhooks.dispatch import statements
from apps.webhooks.dispatch.lines import LEASE, Line, Settings, retry_after
from apps.webhooks.message import Message, of_event
from apps.webhooks.models import DeliveryStatus, EndpointStatus, Failure, Trouble
from apps.webhooks.signing import Key, Secret
from apps.webhooks.urls import may_be_loopback

logger = logging.getLogger(__name__)

MATCHED_AT_ONCE: Final = 500
MATCHED_TOGETHER: Final = 20_000
"""Events that are looked at for all endpoints at once: about half a second, in which nothing else is done."""
REPLAYED_AT_ONCE: Final = 500
REPLAYED_PARTS: Final = 20
"""How many parts of a feed in which nothing is to be sent again are looked through at once."""
URGENT_AT_ONCE: Final = 20
MOST_BEHIND: Final = 500
"""Messages to be sent to an endpoint, beyond which a replay brings no more."""
GONE: Final = 410
TOLD_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Work:
    """A message to be sent once more."""

    line: Line
    delivery: UUID
    message: Message
    run: int
    number: int


@dataclass(frozen=True, slots=True)
class Done:
    """A message that was sent, and what came of it."""

    work: Work
    sent: Sent
    began_at: datetime
    headers: Mapping[str, str]
    url: str
    id: UUID = field(default_factory=lambda: ids.decode("wha", ids.new_id("wha")))

    def without_answer(self) -> "Done":
        """The same, but for what the receiver said beside the status."""
        return replace(self, sent=replace(self.sent, why="", headers={}, body=b"", tls=None))


class Desk:
    """The database, as one worker asks it. `name` is told in the evidence."""

    def __init__(self, name: str) -> None:
        self._name = name

    def steady_plans(self) -> None:
        """Have this connection take rows by the index that has them in their order. After a burst the statistics are still those of
        an almost empty table, by which any other index and a sort seem to cost as little."""
        _run("SELECT set_config('enable_sort', 'off', false), set_config('jit', 'off', false)", None)

    def take(self, most: int, now: datetime) -> list[Line]:
        """Endpoints that nobody has and for which there is something to do; they are this worker's from now on."""
        given = {"now": now, "most": most, "until": now + LEASE, "worker": self._name}
        with transaction.atomic():
            taken = _rows(statements.TAKE, given)
            if not taken:
                return []
            endpoints = [row[0] for row in taken]
            if any(row[-1] for row in taken):
                _run(statements.CATCH_UP, {"endpoints": endpoints})
            _run(statements.HEAL, {"endpoints": endpoints, "now": now})
            settings = self.settings(endpoints, now)
        lines = [
            Line(endpoint, book, lease, settings[endpoint], failures, since, paused)
            for endpoint, book, lease, failures, since, paused, _ in taken
            if endpoint in settings
        ]
        for line in lines:
            line.begin_anew_if_changed()
        return lines

    def settings(self, endpoints: Sequence[UUID], now: datetime) -> dict[UUID, Settings]:
        """What is set of these endpoints, but for those whose secrets no key opens."""
        found = {}
        for endpoint, *told in _rows(statements.SETTINGS, {"endpoints": list(endpoints), "now": now}):
            try:
                found[endpoint] = _settings(*told)
            except DecryptionFailed:
                logger.exception("Nothing is sent to %s.", ids.encode("whe", endpoint))
        return found

    def look(self, lines: Mapping[UUID, Line], now: datetime) -> None:
        """See what has changed: settings are read anew, and what is disabled or another's now is let go."""
        known = {row[0]: row[1:] for row in _rows(statements.LOOK, [list(lines)])}
        changed = []
        for endpoint, line in lines.items():
            lease, status, changed_at = known[endpoint]
            line.is_lost = lease != line.lease or status != EndpointStatus.ENABLED
            if changed_at != line.settings.changed_at:
                changed.append(endpoint)
        read = self.settings(changed, now) if changed else {}
        for endpoint in changed:
            line = lines[endpoint]
            line.settings = read.get(endpoint, line.settings)
            line.is_lost = line.is_lost or endpoint not in read
            line.begin_anew_if_changed()

    def renew(self, lines: Sequence[Line], now: datetime) -> None:
        """Hold these endpoints for longer. What another has by now is seen when they are looked at."""
        asked_at = time.monotonic()
        endpoints, leases = _held(lines)
        _run(statements.RENEW, {"endpoints": endpoints, "leases": leases, "until": now + LEASE})
        for line in lines:
            line.renewed_at = asked_at

    def give_back(self, lines: Sequence[Line]) -> None:
        """Let others have these endpoints."""
        if lines:
            _run(statements.GIVE_BACK, _held(lines))

    def match(self, lines: Sequence[Line], now: datetime) -> None:
        """Make deliveries of the events that are new to these endpoints."""
        with transaction.atomic():
            mine = _locked(lines)
            most = min(MATCHED_AT_ONCE, MATCHED_TOGETHER // max(1, len(mine)))
            given = {"endpoints": list(mine), "now": now, "most": most}
            found = dict(_rows(statements.MATCH, given)) if mine else {}
        for line in lines:
            line.has_news = found.get(line.endpoint, False)
            line.is_awake = line.is_awake or line.endpoint in found

    def replay(self, lines: Mapping[UUID, Line], now: datetime) -> None:
        """Bring some more of what is to be sent again, where not much waits; nothing that was not matched yet, which comes
        by itself, in order."""
        for pk, endpoint, book, after, through, types, what, matched in _rows(
            statements.REPLAYS, [list(lines)]
        ):
            if self._waiting(endpoint, now) >= MOST_BEHIND:
                continue
            given = {"endpoint": endpoint, "book": book, "through": min(through, matched)}
            given |= {"types": types, "what": what, "now": now, "most": REPLAYED_AT_ONCE}
            for _ in range(REPLAYED_PARTS):
                last, sent = self._replay(pk, lines[endpoint], {**given, "after": after}, through, now)
                if last is None or sent:
                    break
                after = last
            lines[endpoint].is_awake = True

    def due(self, rooms: Mapping[UUID, int], lines: Mapping[UUID, Line], now: datetime) -> list[Work]:
        """Messages to be sent now, at most so many for each endpoint; an endpoint with fewer goes to sleep."""
        given = {
            "endpoints": list(rooms),
            "rooms": list(rooms.values()),
            "now": now,
            "on_the_way": [each for line in lines.values() for each in line.on_the_way],
        }
        found = [_work(lines[row[0]], *row[1:]) for row in _rows(statements.DUE, given)]
        counts: dict[UUID, int] = {}
        for each in found:
            counts[each.line.endpoint] = counts.get(each.line.endpoint, 0) + 1
        for endpoint, room in rooms.items():
            lines[endpoint].is_awake = counts.get(endpoint, 0) >= room
        return found

    def record(self, done: Sequence[Done], now: datetime) -> None:
        """Write down what came of each message, and what is next."""
        lines = {each.work.line.endpoint: each.work.line for each in done}
        with transaction.atomic():
            held = _locked(list(lines.values()))
            _run(statements.RECORD, {"worker": self._name, **_attempts(done)})
            quiet_since = now - ladder.ALARMS_APART
            _run(statements.FOLLOW, {"now": now, "quiet_since": quiet_since, **_outcomes(done, held, now)})
            _run(statements.DOING, {"now": now, **_doings(lines.values(), done, now)})

    def troubles(self, now: datetime) -> list[tuple[str, Trouble, datetime]]:
        """Endpoints of which people are to be told something, what that is, and since when."""
        given = {"worker": self._name, "now": now, "most": TOLD_AT_ONCE}
        return [
            (ids.encode("whe", endpoint), Trouble(trouble), at)
            for endpoint, trouble, at in _rows(statements.TROUBLES, given)
        ]

    def _replay(
        self, replay: UUID, line: Line, given: dict[str, Any], through: int, now: datetime
    ) -> tuple[int | None, int]:
        """One part of a replay: through which position, if there was any, and how many messages."""
        with transaction.atomic():
            if not _locked([line]):
                return None, 0
            [(last, sent)] = _rows(statements.REPLAY, given)
            done_through = last or given["after"]
            _run(
                "UPDATE webhooks_replay SET done_through = %s, sent = sent + %s, ended_at = %s WHERE id = %s",
                [done_through, sent, now if done_through >= through else None, replay],
            )
        return last, sent

    def urgent(self, lines: Mapping[UUID, Line]) -> list[Work]:
        """What somebody waits for."""
        on_the_way = [each for line in lines.values() for each in line.on_the_way]
        given = {"endpoints": list(lines), "on_the_way": on_the_way, "most": URGENT_AT_ONCE}
        return [_work(lines[row[0]], *row[1:]) for row in _rows(statements.URGENT, given)]

    def _waiting(self, endpoint: UUID, now: datetime) -> int:
        counted = "SELECT count(*) FROM (SELECT FROM webhooks_delivery WHERE endpoint_id = %s AND next_attempt_at <= %s LIMIT %s) d"
        return int(_rows(counted, [endpoint, now, MOST_BEHIND])[0][0])


def _settings(
    url: str,
    is_test: bool,
    headers: str,
    most_at_once: int,
    per_second: int | None,
    changed_at: datetime,
    secrets: Sequence[str],
    keys: Sequence[str],
) -> Settings:
    signers: list[Secret | Key] = [
        *(Secret(decrypt(each)) for each in secrets),
        *(Key(decrypt(each)) for each in keys),
    ]
    loopback = may_be_loopback(is_test)
    return Settings(
        url, loopback, json.loads(decrypt(headers)), signers, most_at_once, per_second, changed_at
    )


def _work(
    line: Line,
    delivery: UUID,
    event: UUID | None,
    message_id: str,
    body: str,
    runs: int,
    attempts: int,
    *told: Any,
) -> Work:
    message = (
        Message(message_id, body.encode()) if event is None else of_event(ids.encode("evt", event), *told)
    )
    return Work(line, delivery, message, runs, attempts + 1)


def _attempts(done: Sequence[Done]) -> dict[str, Any]:
    """The columns of the rows of what was sent."""
    sent = [each.sent for each in done]
    work = [each.work for each in done]
    return {
        "id": [each.id for each in done],
        "delivery": [each.delivery for each in work],
        "endpoint": [each.line.endpoint for each in work],
        "book": [each.line.book for each in work],
        "number": [each.number for each in work],
        "run": [each.run for each in work],
        "began_at": [each.began_at for each in done],
        "url": [each.url for each in done],
        "request_headers": arrays.texts([json.dumps(each.headers) for each in done]),
        "body_sha256": [each.message.sha256 for each in work],
        "body_bytes": [len(each.message.body) for each in work],
        "failure": [str(each.failure) for each in sent],
        "why": [each.why[:500] for each in sent],
        "address": [each.address for each in sent],
        "tls": arrays.texts([json.dumps(each.tls) if each.tls else None for each in sent]),
        "head_ms": [None if each.head_took is None else round(each.head_took * 1000) for each in sent],
        "took_ms": [round(each.took * 1000) for each in sent],
        "answered": [each.status for each in sent],
        "answer_headers": arrays.texts([json.dumps(each.headers) for each in sent]),
        "answer": [each.body for each in sent],
        "is_cut": [each.is_cut for each in sent],
    }


def _outcomes(done: Sequence[Done], held: Collection[UUID], now: datetime) -> dict[str, Any]:
    """What becomes of each delivery."""
    nexts = [_next_attempt(each, now) for each in done]
    return {
        "delivery": [each.work.delivery for each in done],
        "status": [_status(each, at) for each, at in zip(done, nexts, strict=True)],
        "number": [each.work.number for each in done],
        "run": [each.work.run for each in done],
        "next_attempt_at": nexts,
        "failure": [str(each.sent.failure) for each in done],
        "answered": [each.sent.status for each in done],
        "is_held": [each.work.line.endpoint in held for each in done],
    }


def _next_attempt(done: Done, now: datetime) -> datetime | None:
    if done.sent.failure == Failure.NONE:
        return None
    return ladder.next_attempt(done.work.number, now, retry_after(done.sent))


def _status(done: Done, next_attempt_at: datetime | None) -> str:
    if done.sent.failure == Failure.NONE:
        return DeliveryStatus.DELIVERED.value
    return DeliveryStatus.FAILED.value if next_attempt_at is None else DeliveryStatus.PENDING.value


def _doings(lines: Iterable[Line], done: Sequence[Done], now: datetime) -> dict[str, Any]:
    """How the endpoints are doing after this."""
    well = {each.work.line.endpoint for each in done if each.sent.failure == Failure.NONE}
    ill = {each.work.line.endpoint for each in done if each.sent.failure != Failure.NONE}
    gone = {each.work.line.endpoint for each in done if each.sent.status == GONE}
    told = list(lines)
    return {
        "endpoint": [line.endpoint for line in told],
        "lease": [line.lease for line in told],
        "failures": [line.failures for line in told],
        "failing_since": [line.failing_since for line in told],
        "paused_until": [line.paused_until for line in told],
        "succeeded_at": [now if line.endpoint in well else None for line in told],
        "failed_at": [now if line.endpoint in ill else None for line in told],
        "trouble": [str(_trouble(line, line.endpoint in gone, now)) for line in told],
    }


def _trouble(line: Line, is_gone: bool, now: datetime) -> Trouble:
    """Why it is to be disabled, if it is."""
    if is_gone:
        return Trouble.GONE
    return Trouble.FAILING if ladder.is_dead(line.failing_since, line.failures, now) else Trouble.NONE


def _locked(lines: Sequence[Line]) -> set[UUID]:
    """Lock these endpoints until the transaction ends; those that are still this worker's."""
    leases = dict(_rows(statements.LOCK, [[line.endpoint for line in lines]]))
    return {line.endpoint for line in lines if leases.get(line.endpoint) == line.lease}


def _held(lines: Sequence[Line]) -> list[Any]:
    return [[line.endpoint for line in lines], [line.lease for line in lines]]


def _rows(statement: str, given: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())


def _run(statement: str, given: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
