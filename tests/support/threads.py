"""Several at once: threads with connections of their own, and somebody else who holds a lock."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any, TypeVar

import psycopg
from django.db import connection

T = TypeVar("T")

PATIENCE = 20.0


def in_thread_of_its_own(call: Callable[[], T]) -> T:
    """Call, and leave no connection behind."""
    try:
        return call()
    finally:
        connection.close()


def at_once(*calls: Callable[[], T]) -> list[T]:
    """Call all at the same time; what each answered."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(in_thread_of_its_own, calls))


@contextmanager
def under_way(*calls: Callable[[], T]) -> Iterator[Sequence["Future[T]"]]:
    """Calls that run on while the block does; it ends when they have ended."""
    with ThreadPoolExecutor(len(calls)) as threads:
        yield [threads.submit(in_thread_of_its_own, call) for call in calls]


@contextmanager
def read_but_not_done(call: Callable[[], T]) -> Iterator["Future[T]"]:
    """A call that has read its first row of the database, and goes on when the block ends."""
    has_read, go_on = Event(), Event()

    def held_back(_: Any) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        def row(values: Sequence[Any]) -> tuple[Any, ...]:
            has_read.set()
            go_on.wait(PATIENCE)
            return tuple(values)

        return row

    def ask() -> T:
        connection.ensure_connection()
        connection.connection.row_factory = held_back
        return call()

    with under_way(ask) as [asked]:
        try:
            assert has_read.wait(PATIENCE), "It reads nothing."
            yield asked
        finally:
            go_on.set()


def answer_soon(call: Callable[[], T], holder: "psycopg.Connection[Any]") -> T:
    """Call while somebody holds locks; if that blocks the call, let go of them and fail."""
    with under_way(call) as [asked]:
        try:
            return asked.result(timeout=PATIENCE)
        except TimeoutError:
            holder.rollback()
            raise


@contextmanager
def somebody_else() -> Iterator["psycopg.Connection[Any]"]:
    """Another connection of the owner, in a transaction of its own; commit it or let it be rolled back."""
    given = connection.settings_dict
    options = {
        "dbname": given["NAME"],
        "user": given["USER"],
        "password": given["PASSWORD"],
        "host": given["HOST"],
        "port": given["PORT"],
    }
    with psycopg.connect(**{name: value for name, value in options.items() if value}) as other:
        try:
            yield other
        finally:
            other.rollback()


def wait_until_blocked(count: int) -> None:
    """Wait until so many connections to this database wait for a lock."""
    end = time.monotonic() + PATIENCE
    with somebody_else() as other:
        other.autocommit = True
        while time.monotonic() < end:
            [(blocked,)] = other.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchall()
            if blocked >= count:
                return
            time.sleep(0.01)
    raise AssertionError(f"Not {count} wait for a lock within {PATIENCE} s.")


def deadlocks() -> int:
    """How many deadlocks this database has resolved."""
    with somebody_else() as other:
        [(count,)] = other.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchall()
        return int(count)
