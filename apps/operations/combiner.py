"""Runs the single requests of many threads as one batch.

A lane is one thread with one connection. While a batch is under way whatever arrives queues up, and all of it is
the next batch. So a lone caller never waits for company, and under load the batches grow by themselves. One
connection for all callers also keeps its plans warm, which a batch led by ever another caller does not.
"""

import os
import threading
from queue import Empty, SimpleQueue

from django.db import connection

from apps.operations.errors import InsideTransaction
from apps.operations.executor import BATCH, LOST_CONNECTION, execute_prepared
from apps.operations.plan import Request
from apps.operations.run import Outcome, Run, prepare


class _Waiting:
    """One caller: what it wants, and what it got. `answered` is locked until then."""

    __slots__ = ("answered", "error", "outcome", "run")

    def __init__(self, run: Run) -> None:
        self.run = run
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

    def execute(self, request: Request) -> Outcome:
        """Run one command, together with those of other threads that came meanwhile."""
        if connection.in_atomic_block:
            raise InsideTransaction(
                "The command door opens and commits its own transaction; leave yours first."
            )
        run = prepare(request)
        if isinstance(run, Outcome):
            return run
        mine = _Waiting(run)
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
        try:
            while len(batch) < BATCH:
                batch.append(self._queue.get_nowait())
        except Empty:
            pass
        return batch


def _run(batch: list[_Waiting]) -> None:
    """All of them together; if one breaks, each alone, so that its defect is nobody else's."""
    try:
        outcomes = execute_prepared([waiting.run for waiting in batch])
    except LOST_CONNECTION:
        raise
    except Exception:
        if len(batch) == 1:
            raise
        for waiting in batch:
            _run_alone(waiting)
    else:
        for waiting, outcome in zip(batch, outcomes, strict=True):
            waiting.outcome = outcome


def _run_alone(waiting: _Waiting) -> None:
    try:
        waiting.outcome = execute_prepared([waiting.run.anew()])[0]
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
