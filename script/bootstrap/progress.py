"""Steps on the terminal: one line each, with the time it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Timer
from typing import TextIO

GREEN, RED, PLAIN = "\033[32m", "\033[31m", "\033[0m"


@dataclass
class Step:
    label: str
    detail: str = ""


@dataclass
class Progress:
    """Steps that end within `patience` seconds are not worth a line."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    patience: float = 0

    @contextmanager
    def step(self, label: str) -> Iterator[Step]:
        step, begun = Step(label), time.monotonic()
        announcement = Timer(self._quiet_seconds(), self._announce, [label])
        announcement.daemon = True
        announcement.start()
        try:
            yield step
        except BaseException:
            announcement.cancel()
            self._finish(RED, "✗", step, begun)
            raise
        announcement.cancel()
        if time.monotonic() - begun >= self.patience:
            self._finish(GREEN, "✓", step, begun)

    def _quiet_seconds(self) -> float:
        return self.patience or (0.3 if self.stream.isatty() else 10)

    def note(self, text: str) -> None:
        self._write(f"  {text}\n")

    def _announce(self, label: str) -> None:
        self._write(f"  … {label}\r" if self.stream.isatty() else f"  … {label}\n")

    def _finish(self, colour: str, mark: str, step: Step, begun: float) -> None:
        words = f"{step.label} {step.detail}".strip()
        mark = f"{colour}{mark}{PLAIN}" if self.stream.isatty() else mark
        self._write(f"  {mark} {words:<48} {time.monotonic() - begun:6.1f} s\n")

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()
