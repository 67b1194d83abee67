"""The log of requests, written by a thread of each process many at a time, so that no request waits for it.

What a process that is killed had not written yet is lost: at most a second of it.
"""

import atexit
import logging
import os
import threading
from collections import deque
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from apps.core import ids

logger = logging.getLogger(__name__)

EVERY = 1
"""Seconds between two writings."""

MOST = 50_000
"""Requests that wait to be written at most, while the database is away; the oldest are forgotten first."""

_COLUMNS = {
    "id": "uuid",
    "tenant_id": "uuid",
    "key_id": "uuid",
    "request_id": "text",
    "method": "text",
    "path": "text",
    "status": "smallint",
    "code": "text",
    "milliseconds": "int",
    "operation_id": "text",
    "retry_of": "text",
    "address": "text",
    "asked_at": "timestamptz",
}
_INSERT = (
    f"INSERT INTO api_request ({', '.join(_COLUMNS)})"
    f" SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in _COLUMNS.values())})"
)


class Asked(NamedTuple):
    """A request that was answered, in the order of the columns."""

    id: UUID
    tenant_id: UUID | None
    key_id: UUID
    request_id: str
    method: str
    path: str
    status: int
    code: str
    milliseconds: int
    operation_id: str
    retry_of: str
    address: str
    asked_at: datetime


class _Writer:
    """A queue and the thread that empties it."""

    def __init__(self) -> None:
        self.waiting: deque[Asked] = deque(maxlen=MOST)
        self.writing = threading.Lock()
        self.starting = threading.Lock()
        self.thread: threading.Thread | None = None
        self.woken = threading.Event()

    def add(self, asked: Asked) -> None:
        """Write it soon."""
        self.waiting.append(asked)
        if self.thread is None:
            self.start()
        self.woken.set()

    def start(self) -> None:
        """Once a process."""
        with self.starting:
            if self.thread is None:
                self.thread = threading.Thread(target=self.serve, name="request-log", daemon=True)
                self.thread.start()

    def serve(self) -> None:
        """Sleep while nobody asks, then write each second."""
        pause = threading.Event()
        while True:
            self.woken.wait()
            pause.wait(EVERY)
            self.woken.clear()
            try:
                self.flush()
            except Exception:  # whatever it is, the thread goes on
                logger.warning("The request log cannot be written; it is tried again.", exc_info=True)
                connection.close()
                self.woken.set()

    def flush(self) -> None:
        """Write all that waits."""
        with self.writing:
            rows = [self.waiting.popleft() for _ in range(len(self.waiting))]
            if not rows:
                return
            try:
                with connection.cursor() as cursor:
                    cursor.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])
            except Exception:
                # The newest stay if there is no room for all.
                room = MOST - len(self.waiting)
                self.waiting.extendleft(reversed(rows[max(len(rows) - room, 0) :]))
                raise


_writer = _Writer()


def note(asked: Asked) -> None:
    """Keep a request; it is written within about a second."""
    _writer.add(asked)


def flush() -> None:
    """Write what waits in this process, now."""
    _writer.flush()


def new_id() -> UUID:
    """For one request."""
    return ids.new_uuid()


def _start_anew() -> None:
    global _writer
    _writer = _Writer()


def _last() -> None:
    with suppress(Exception):  # nobody is left to be told
        _writer.flush()


# A forked child has the queue of its parent, but not its thread.
os.register_at_fork(after_in_child=_start_anew)
atexit.register(_last)
