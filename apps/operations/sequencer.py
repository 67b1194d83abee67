"""Gives committed entries and events their dense positions.

An ordinal is taken from one sequence while its transaction holds row locks and has a transaction number. So once
every transaction that ran when the sequence stood at M has ended, no row with an ordinal up to M can still appear,
and rows up to M are numbered in ordinal order: the order in which things happened to each account and object.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

BATCH = 2_000
CHANNEL = "operations_events"
"""Where PostgreSQL tells, by its id, of each book whose feed has grown."""

BRIEFLY = timedelta(seconds=5)
"""How long those who are listened to wait for what is not settled yet."""

_LOCK = 7200

# A snapshot's horizon knows every database of the server. If it has not passed, only those who write in ours are waited
# for; who was prepared has no process, and is taken for ours. Whoever has a number but not its lock yet will take an
# ordinal above the one that was read.
_HAVE_ENDED = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::numeric >= %(horizon)s::numeric OR NOT EXISTS (
  SELECT FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
     AND age(l.transactionid) > age(%(horizon)s::xid8::xid)
     AND coalesce(a.datname, current_database()) = current_database())
"""


@dataclass(frozen=True, slots=True)
class Stream:
    """Something sequenced: a database function (through ordinal, limit) that answers how many it numbered.

    `moment` is the column that says when a row was written.
    """

    name: str
    function: str
    table: str
    places: str
    moment: str = "recorded_at"


_streams: dict[str, Stream] = {}


def register(stream: Stream) -> None:
    """Add what a higher app wants sequenced."""
    _streams[stream.name] = stream


register(Stream("events", "operations_sequence_events", "operations_event", "operations_eventposition"))


def sequence(*, patience: timedelta = timedelta(seconds=30)) -> dict[str, int]:
    """Number what is settled, and answer how many of each stream; nothing if another sequencer runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return {}
    try:
        through = _settled_ordinal(patience)
        return {name: _drain(stream, through) for name, stream in _streams.items()}
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def sequence_beyond(numbered: int) -> int:
    """Number what was committed if an ordinal beyond this one was taken; the newest that was looked at."""
    newest = newest_ordinal()
    if newest == numbered:
        return numbered
    return newest if sequence(patience=BRIEFLY) else numbered


def sequence_after_restore() -> dict[str, int]:
    """Number everything there is. Only while no traffic runs: nothing is waited for."""
    return {name: _drain(stream, newest_ordinal()) for name, stream in _streams.items()}


@dataclass(frozen=True, slots=True)
class Lag:
    """What a stream has not numbered yet: how many (at most a thousand are counted), and since when."""

    stream: str
    waiting: int
    oldest: datetime | None


def lag() -> list[Lag]:
    """The gauge of every stream, by one query."""
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(map(_lag, _streams.values())))
        found = {name: Lag(name, waiting, oldest) for name, waiting, oldest in cursor.fetchall()}
    return [found[name] for name in _streams]


def _lag(stream: Stream) -> str:
    return (
        f"SELECT '{stream.name}', count(*), min(moment) FROM (SELECT {stream.moment} AS moment FROM {stream.table}"
        f" WHERE ordinal > coalesce((SELECT max(ordinal) FROM {stream.places}), 0)"
        " ORDER BY ordinal LIMIT 1000) waiting"
    )


def newest_ordinal() -> int:
    """The last one that was taken, whether or not its transaction has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM operations_ordinal")
        return int(cursor.fetchone()[0])


def _settled_ordinal(patience: timedelta) -> int:
    """The ordinal now, once all who may hold one up to it have ended; zero if they take too long."""
    through = newest_ordinal()
    with connection.cursor() as cursor:
        # A number of our own, drawn after the ordinal was read, is above that of everyone who holds a lower ordinal.
        # (A snapshot's xmax would not be: it follows the last transaction that ended, not the last that began.)
        cursor.execute("SELECT pg_current_xact_id()::text")
        horizon = cursor.fetchone()[0]
        deadline = time.monotonic() + patience.total_seconds()
        pause = 0.001
        while True:
            cursor.execute(_HAVE_ENDED, {"horizon": horizon})
            if cursor.fetchone()[0]:
                return through
            if time.monotonic() > deadline:
                return 0
            time.sleep(pause)
            pause = min(pause * 2, 0.1)


def _drain(stream: Stream, through: int) -> int:
    done = 0
    while batch := _number(stream, through):
        done += batch
    return done


def _number(stream: Stream, through: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {stream.function}(%s, %s)", [through, BATCH])
        return int(cursor.fetchone()[0])
