"""Processes with threads that run whole commands, as a server's workers do.

A worker is told a Task, warms up, says that it is ready, starts on the word, answers with its Tally, and closes its
connections on another word, for that costs the server much. Warm means: each thread has its connection with its
statements prepared, and the process knows the accounts it names. So a slice shows a server in its stride.
"""

import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Literal

from script.benches.instruments.cpu import Meter
from script.benches.instruments.slices import Slice
from script.benches.wallets.book import Wallets

Door = Literal["single", "combined", "bulk"]
BULK = 1000


@dataclass(frozen=True, slots=True)
class Task:
    """What one process does in a slice: that many threads at one door."""

    door: Door
    threads: int
    seconds: float
    warm_up: float
    busy: bool = False


@dataclass(slots=True)
class Tally:
    """What a worker did between the word and the end. `posted` counts its warm-up too."""

    items: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    cpu: float = 0.0
    posted: int = 0


class Workers:
    """Processes that wait for tasks; with two of them, both processors can run Python."""

    def __init__(self, wallets: Wallets, meter: Meter, count: int = 2) -> None:
        os.environ["DATABASE_URL"] = wallets.url
        self.meter = meter
        self._lines: list[Any] = []
        self._processes: list[Any] = []
        context = multiprocessing.get_context("spawn")
        for _ in range(count):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there, wallets), daemon=True)
            process.start()
            self._lines.append(here)
            self._processes.append(process)

    def run(self, tasks: Sequence[Task]) -> Slice:
        """One slice: a task for each of the first workers, begun at the same moment."""
        lines = self._lines[: len(tasks)]
        for line, task in zip(lines, tasks, strict=True):
            line.send(task)
        for line in lines:
            _answer(line)
        with self.meter.window() as window:
            for line in lines:
                line.send("go")
            tallies: list[Tally] = [_answer(line) for line in lines]
        for line in lines:
            line.send("go home")
        return Slice(
            items=sum(tally.items for tally in tallies),
            seconds=max(tally.seconds for tally in tallies),
            latencies=[latency for tally in tallies for latency in tally.latencies],
            client=sum(tally.cpu for tally in tallies),
            window=window,
            posted=sum(tally.posted for tally in tallies),
        )

    def stop(self) -> None:
        """Send them home."""
        for line, process in zip(self._lines, self._processes, strict=True):
            line.send(None)
            process.join(10)


def _answer(line: Any) -> Any:
    answer = line.recv()
    if isinstance(answer, str) and answer != "ready":
        raise SystemExit(f"A worker failed:\n{answer}")
    return answer


def _serve(line: Connection, wallets: Wallets) -> None:
    """The life of a worker."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from script.benches.wallets.crew import run_task

    while task := line.recv():
        run_task(task, wallets, line)
