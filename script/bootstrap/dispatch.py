"""Runs one command and turns its failures into a line on the terminal and an exit code."""

import importlib
import signal
import sys
from types import FrameType, ModuleType
from typing import NoReturn

from script.bootstrap.failure import Failure


def run(name: str, arguments: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # an ASCII terminal shows ? for ✓
    try:
        code: int = _command(name).run(arguments)
    except Failure as failure:
        print(f"script/{name}: {failure.report()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _command(name: str) -> ModuleType:
    return importlib.import_module(f".commands.{name.replace('-', '_')}", __package__)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    """An exception, so that whatever was started is stopped on the way out."""
    raise SystemExit(128 + number)
