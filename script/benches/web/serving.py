"""gunicorn as in production, with two processes, and what it uses of the processors."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from script.benches.instruments.database import ROOT

_TICK = 1 / os.sysconf("SC_CLK_TCK")
WORKERS, THREADS = 2, 64


@dataclass(frozen=True, slots=True)
class Web:
    """A server that answers."""

    port: int
    pid: int

    def used(self) -> float:
        """Seconds of processor time that its processes have used by now."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return sum(_used(int(child)) for child in children) + _used(self.pid)


@contextmanager
def serving(url: str, *, combiner: bool) -> Iterator[Web]:
    """The product on this database, with or without the combiner, until the block ends."""
    port = _free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "script.benches.web.settings",
        "API_COMBINER": "1" if combiner else "0",
        "LOG_LEVEL": "WARNING",
    }
    gunicorn = Path(sys.executable).with_name("gunicorn")
    options = ["--workers", str(WORKERS), "--threads", str(THREADS), "--no-control-socket"]
    process = subprocess.Popen(
        [gunicorn, "config.wsgi", "--bind", f"127.0.0.1:{port}", *options], env=environment, cwd=ROOT
    )
    try:
        _await(port)
        yield Web(port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _await(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    sys.exit("The web server did not start.")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _used(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * _TICK
