"""Who used the processors meanwhile: the server, its clients, strangers, or the host that took them away."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from script.benches.instruments.database import Server

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PARENT, _OWN, _INHERITED = 0, slice(10, 12), slice(12, 14)
"""Where /proc/PID/stat has the parent, the times of the process itself, and those of its ended children."""


@dataclass(slots=True)
class Window:
    """What went by between two moments, in seconds. `server` is 0 where the server runs elsewhere."""

    wall: float = 0.0
    server: float = 0.0
    busy: float = 0.0
    stolen: float = 0.0
    total: float = 0.0

    @property
    def steal(self) -> float:
        """The share of all processor time that the host gave to somebody else."""
        return self.stolen / self.total if self.total else 0.0

    def strangers(self, client: float) -> float:
        """The share of all processor time used by neither the server nor its clients."""
        return max(self.busy - self.server - client, 0.0) / self.total if self.total else 0.0


class Meter:
    """Reads /proc for the machine and for one PostgreSQL server with all of its processes."""

    def __init__(self, server: Server) -> None:
        with server.connect() as connection:
            local = connection.info.host.startswith("/") or connection.info.host in {"127.0.0.1", "localhost"}
            backend = Path(f"/proc/{connection.info.backend_pid}/stat")
            self._parent = _fields(backend)[_PARENT] if local and backend.exists() else 0
        self._postmaster = Path(f"/proc/{self._parent}/stat") if self._parent else None

    @contextmanager
    def window(self) -> Iterator[Window]:
        """Everything between entering and leaving; the window is filled in at the end."""
        window = Window()
        before, started = self._now(), time.monotonic()
        yield window
        window.wall = time.monotonic() - started
        busy, stolen, total, server = (b - a for a, b in zip(before, self._now(), strict=True))
        window.busy, window.stolen, window.total, window.server = busy, stolen, total, server

    def _now(self) -> tuple[float, float, float, float]:
        numbers = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        user, nice, system, idle, iowait, irq, softirq, stolen = (int(number) * _TICK for number in numbers)
        busy = user + nice + system + irq + softirq
        return busy, stolen, busy + idle + iowait + stolen, self._server()

    def _server(self) -> float:
        """The postmaster with what it inherited from those who ended, and those who live."""
        if self._postmaster is None:
            return 0.0
        own = _fields(self._postmaster)
        while True:
            living = sum(
                self._of_child(Path(f"/proc/{name}/stat")) for name in os.listdir("/proc") if name.isdigit()
            )
            before, own = own, _fields(self._postmaster)
            if before[_INHERITED] == own[_INHERITED]:  # nobody ended while we counted
                return (sum(own[_OWN]) + sum(own[_INHERITED]) + living) * _TICK

    def _of_child(self, path: Path) -> int:
        try:
            fields = _fields(path)
        except OSError:
            return 0
        return sum(fields[_OWN]) if fields[_PARENT] == self._parent else 0


def _fields(path: Path) -> list[int]:
    """The numbers of a process after its name and state."""
    return [int(field) for field in path.read_text().rsplit(")", 1)[1].split()[1:]]
