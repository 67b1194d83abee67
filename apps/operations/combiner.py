"""Runs the single requests of many threads as one batch.

A lane is one thread with one connection. While a batch is under way whatever arrives queues up, and all of it is
the next batch. Where many came together before, the lane waits a moment for as many again: those it has just
answered are about to ask. A lone caller never waits for company. One connection for all callers also keeps its
plans warm, which a batch led by ever another caller does not.
"""

import os
import threading
import time
from queue import Empty, SimpleQueue

from django.db import connection

from apps.operations.batching import BATCH
from apps.operations.errors import InsideTransaction
from apps.operations.executor import LOST_CONNECTION, execute_prepared
from apps.operations.plan import Request
from apps.operations.run import Outcome, prepare

CROWD = 4
"""A batch of fewer is not waited for."""

PATIENCE = 0.002
"""Seconds that a batch waits for company at the most."""

_PAUSE = 0.0001


class _Waiting:
    """One caller: what it wants, and what it got. `answered` is locked until then."""

    __slots__ = ("answered", "error", "outcome", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.outcome: Outcome | None = None
        self.error: BaseException | None = None
        self.answered = threading.Lock()
        self.answered.acquire()


class Combiner:
    """A lane: at most one batch at a time."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Waiting] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._company = 0

    def execute(self, request: Request) -> Outcome:
        """Run one command, together with those of other threads that came meanwhile."""
        if connection.in_atomic_block:
            raise InsideTransaction(
                "The command door opens and commits its own transaction; leave yours first."
            )
        mine = _Waiting(request)
        self._queue.put(mine)
        if self._thread is None:
            self._start()
        mine.answered.acquire()
        if mine.error:
            raise mine.error
        return mine.outcome  # type: ignore[return-value]

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="combiner", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        while True:
            batch = self._next_batch()
            try:
                _run(batch)
            except BaseException as error:
                for waiting in batch:
                    waiting.error = error
            for waiting in batch:
                waiting.answered.release()

    def _next_batch(self) -> list[_Waiting]:
        """Whoever comes first, and all who have come by then."""
        batch = [self._queue.get()]
        self._await_company()
        try:
            while len(batch) < BATCH:
                batch.append(self._queue.get_nowait())
        except Empty:
            pass
        self._company = max(len(batch), self._company * 3 // 4)
        return batch

    def _await_company(self) -> None:
        if self._company < CROWD:
            return
        deadline = time.monotonic() + PATIENCE
        while self._queue.qsize() + 1 < self._company and time.monotonic() < deadline:
            time.sleep(_PAUSE)


def _run(batch: list[_Waiting]) -> None:
    """All of them together; if one breaks, each alone, so that its defect is nobody else's."""
    try:
        outcomes = _together(batch)
    except LOST_CONNECTION:
        connection.close()
        raise
    except Exception:
        if len(batch) == 1:
            raise
        for waiting in batch:
            _run_alone(waiting)
    else:
        for waiting, outcome in zip(batch, outcomes, strict=True):
            waiting.outcome = outcome


def _together(batch: list[_Waiting]) -> list[Outcome]:
    try:
        return execute_prepared([prepare(waiting.request) for waiting in batch])
    except LOST_CONNECTION:
        # Mostly it died while the lane waited. What was committed is replayed by its keys, the rest is done now.
        connection.close()
        return execute_prepared([prepare(waiting.request) for waiting in batch])


def _run_alone(waiting: _Waiting) -> None:
    try:
        waiting.outcome = execute_prepared([prepare(waiting.request)])[0]
    except Exception as error:
        waiting.error = error


_lane = Combiner()


def _start_anew() -> None:
    global _lane
    _lane = Combiner()


# A forked child has the lane's queue, but not its thread.
os.register_at_fork(after_in_child=_start_anew)


def execute(request: Request) -> Outcome:
    """Run one command through this process's lane."""
    return _lane.execute(request)
