"""Taking turns within a process, in the order of arrival."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One thread after the other, first come, first served: a lock alone lets whoever just had it in again."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._busy = False

    @contextmanager
    def mine(self) -> Iterator[None]:
        """Wait until it is this thread's turn, and give it to the next in the end."""
        self._await()
        try:
            yield
        finally:
            self._pass_on()

    def _await(self) -> None:
        with self._guard:
            if not self._busy:
                self._busy = True
                return
            called = threading.Lock()
            called.acquire()
            self._waiting.append(called)
        called.acquire()

    def _pass_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._busy = False
