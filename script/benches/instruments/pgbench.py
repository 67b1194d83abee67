"""Slices driven by pgbench."""

import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from script.benches.instruments.cpu import Meter
from script.benches.instruments.database import Server
from script.benches.instruments.slices import Slice

SCALE = 50
_DONE = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
_TPS = re.compile(r"^tps = ([\d.]+) \(without initial connection time\)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pgbench:
    """The program, run against one database."""

    program: str
    url: str
    meter: Meter

    def initialise(self) -> None:
        """Make pgbench's own tables."""
        argv = [self.program, "--initialize", "--quiet", f"--scale={SCALE}", self.url]
        subprocess.run(argv, check=True, capture_output=True)

    def run(self, arguments: Sequence[str], *, seconds: int, items: int = 1) -> Slice:
        """One slice; each transaction carries that many items."""
        with tempfile.TemporaryDirectory(prefix="pgbench-") as folder:
            argv = [
                self.program,
                *arguments,
                f"--time={seconds}",
                "--log",
                f"--log-prefix={folder}/log",
                self.url,
            ]
            before = _used_by_children()
            with self.meter.window() as window:
                done = subprocess.run(argv, capture_output=True, text=True, check=False)
            client = _used_by_children() - before
            calls, rate = _DONE.search(done.stdout), _TPS.search(done.stdout)
            if done.returncode or not calls or not rate or "ERROR" in done.stderr:
                sys.exit(f"pgbench failed:\n{done.stderr[-2000:]}")
            latencies = _latencies(Path(folder))
        total = int(calls[1]) * items
        return Slice(total, int(calls[1]) / float(rate[1]), latencies, client, window, posted=total)


def yardstick_database(server: Server, program: str, meter: Meter) -> Pgbench:
    """The database that the yardstick runs in, made once and kept."""
    name = server.named("yardstick")
    pgbench = Pgbench(program, server.url_of(name), meter)
    if server.marked(name) != f"scale {SCALE}":
        server.create(name)
        pgbench.initialise()
        server.mark(name, f"scale {SCALE}")
    return pgbench


def _latencies(folder: Path) -> list[float]:
    """The third column of pgbench's log has microseconds."""
    lines = (line for log in folder.iterdir() for line in log.read_text().splitlines())
    return [int(line.split(" ", 3)[2]) / 1000 for line in lines]


def _used_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
