"""The sandbox and the workers of a measurement, and what they use of the processors."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from script.benches.instruments.database import ROOT

_TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass
class Sandbox:
    """A running sandbox."""

    url: str
    control: httpx.Client

    def tell(self, method: str, path: str, body: dict[str, Any]) -> None:
        """Ask something of its control."""
        self.control.request(method, f"/control/{path}", json=body).raise_for_status()

    def report_to(self, port: int) -> None:
        """Send webhooks to our web server."""
        url = f"http://127.0.0.1:{port}/hooks/sandbox-{{desk}}/"
        self.tell("PUT", "settings", {"webhook": {"url": url, "secret": "bench"}, "delays": "0.3"})


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    """The sandbox on a free port, with money at its bank."""
    with tempfile.TemporaryDirectory() as folder:
        argv = [sys.executable, "-m", "apps.providers.sandbox", "--port=0", f"--data={folder}/books.sqlite3"]
        process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            client = httpx.Client(base_url=url, headers={"Authorization": "Bearer control"}, timeout=60)
            made = Sandbox(url, client)
            made.tell("POST", "accounts/bank/EUR/fund", {"amount": "1000000000"})
            yield made
        finally:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Workers:
    """Running workers."""

    pids: tuple[int, ...]

    def used(self) -> float:
        """Seconds of processor time by now."""
        return sum(_used(pid) for pid in self.pids)


@contextmanager
def workers(count: int, url: str) -> Iterator[Workers]:
    """So many worker processes on this database."""
    environment = {**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "WARNING"}
    argv = [sys.executable, "-m", "script.benches.payouts.worker"]
    running = [
        subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    try:
        for process in running:
            assert process.stdout is not None
            process.stdout.readline()  # it has loaded everything, and looked for work once
        yield Workers(tuple(process.pid for process in running))
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(60)


def _used(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * _TICK
