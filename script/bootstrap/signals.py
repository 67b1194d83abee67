"""Who hears Ctrl-C, and when."""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Stopping is not stopped halfway by a second Ctrl-C."""
    before = {number: signal.signal(number, _ignore) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_in_foreground(argv: list[str], *, env: Mapping[str, str], cwd: Path | None = None) -> int:
    """The child has the terminal and Ctrl-C; we wait for it, so that what it needs is stopped after it."""
    with undisturbed():
        child = subprocess.Popen(argv, env=env, cwd=cwd)
        signal.signal(signal.SIGTERM, lambda number, _frame: child.send_signal(number))
        signal.signal(signal.SIGHUP, lambda number, _frame: child.send_signal(number))
        code = child.wait()
    return code if code >= 0 else 128 - code


def _ignore(_number: int, _frame: FrameType | Any) -> None:
    """A function, not SIG_IGN, which children would inherit."""
