"""The receiver and the workers of a measurement, and what they use of the processors."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from script.benches.instruments.database import ROOT

_TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Receiver:
    """A running receiver."""

    port: int

    @property
    def url(self) -> str:
        """Where all is accepted at once."""
        return f"http://127.0.0.1:{self.port}/ok"

    @property
    def slow(self) -> str:
        """Where all is accepted after a long time."""
        return f"http://127.0.0.1:{self.port}/slow"

    def take(self) -> dict[str, Any]:
        """What came since this was last asked."""
        found: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self.port}/take", timeout=60).json()
        return found

    def bare(self, concurrency: int, count: int, size: int) -> dict[str, float]:
        """What httpx alone takes for as many messages of this size."""
        argv = [sys.executable, "-m", "script.benches.hooks.bare", self.url]
        argv += [str(concurrency), str(count), str(size)]
        ran = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, check=True)
        found: dict[str, float] = json.loads(ran.stdout)
        return found


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver on a free port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "script.benches.hooks.receiver"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield Receiver(int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


@contextmanager
def dead_port() -> Iterator[str]:
    """An address at which nobody listens, and nobody will meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/"


@dataclass(frozen=True)
class Worker:
    """A running worker."""

    pid: int

    def used(self) -> float:
        """Seconds of processor time by now."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * _TICK


@contextmanager
def worker(url: str) -> Iterator[Worker]:
    """A worker on this database."""
    environment = {**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "WARNING", "WEBHOOKS_LOOPBACK": "1"}
    argv = [sys.executable, "manage.py", "deliver_webhooks"]
    process = subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield Worker(process.pid)
    finally:
        process.terminate()
        process.wait(60)
