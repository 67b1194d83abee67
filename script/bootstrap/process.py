"""Background processes that are found again, by pid and time of birth, after their parent was killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from script.bootstrap.checkout import ROOT

OLD_LOG_BYTES = 20_000_000


@dataclass(frozen=True)
class Record:
    pid: int
    born: str
    port: int


class Process:
    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.log = folder / "log" / f"{name}.log"
        self._record = folder / "run" / f"{name}.json"
        self._child: subprocess.Popen[bytes] | None = None

    def running(self) -> Record | None:
        if self._child is not None:
            self._child.poll()
        if not self._record.exists():
            return None
        record = Record(**json.loads(self._record.read_text()))
        return record if birth(record.pid) == record.born else None

    def start(self, argv: list[str], *, port: int = 0, **options: Any) -> None:
        for folder in (self.log.parent, self._record.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        self._set_old_log_aside()
        with self.log.open("ab") as output:
            # A session of its own: Ctrl-C must reach the supervisor alone, which knows the order.
            self._child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **{"cwd": ROOT, **options},
            )
        record = {"pid": self._child.pid, "born": birth(self._child.pid) or "", "port": port}
        draft = self._record.with_suffix(".new")
        draft.write_text(json.dumps(record))
        draft.replace(self._record)

    def stop(self, *signals: tuple[signal.Signals, float]) -> None:
        """Each signal in turn with the seconds it is given, then the last resort."""
        for number, seconds in signals:
            self.tell(number)
            if self.ended_within(seconds):
                break
        self.end()

    def tell(self, number: signal.Signals) -> None:
        if record := self.running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(record.pid, number)

    def ended_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def end(self) -> None:
        if record := self.running():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(record.pid, signal.SIGKILL)
        self._record.unlink(missing_ok=True)

    def _set_old_log_aside(self) -> None:
        if self.log.exists() and self.log.stat().st_size > OLD_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))


def birth(pid: int) -> str | None:
    """When the process began, in the kernel's own words; None once it has ended, reaped or not."""
    if sys.platform == "linux":
        return _birth_from_proc(pid)
    state, _, began = _ps("stat=,lstart=", pid).partition(" ")
    return None if not state or state.startswith("Z") else began.strip()


def _birth_from_proc(pid: int) -> str | None:
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may itself hold spaces and parentheses.
    fields = line.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def arguments(pid: int) -> str:
    """The command line of a process, empty if it has ended."""
    if sys.platform != "linux":
        return _ps("command=", pid)
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _ps(columns: str, pid: int) -> str:
    argv = ["ps", "-o", columns, "-p", str(pid)]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()
