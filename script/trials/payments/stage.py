"""The whole product as processes that can be killed, and are brought back as a supervisor would."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from script.bootstrap.checkout import ROOT

BINARIES = Path(sys.executable).parent
SCALED = {
    "TRANSFER_LEASE_SECONDS": "6",
    "TRANSFER_LADDER_SECONDS": "1,2,4,8",
    "TRANSFER_GRACE_SECONDS": "1",
    "TRANSFER_CONFIRM_SECONDS": "5",
}
"""The ladder of minutes and hours in seconds."""


class Stage:
    """What runs. A process that ends is started again after half a second, until the stage is closed."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.port, self.sandbox_port = free_port(), free_port()
        self._folder, self._open = folder, True
        self._env = {**os.environ, **SCALED, **env, "LOG_LEVEL": "WARNING", "PUBLIC_URL": self.url}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, commands: Mapping[str, list[str]]) -> None:
        """Start each, and keep it running."""
        for name, argv in commands.items():
            self._launch(name, argv)
            thread = threading.Thread(target=self._keep, args=(name, argv), daemon=True)
            thread.start()
            self._threads.append(thread)

    def kill(self, name: str) -> None:
        """kill -9, with its children, as the kernel does when memory runs out."""
        process = self._running.get(name)
        if process is not None and process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End everything."""
        self._open = False
        for name in self._running:
            self.kill(name)
        for thread in self._threads:
            thread.join(5)

    def _launch(self, name: str, argv: list[str]) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                argv,
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _keep(self, name: str, argv: list[str]) -> None:
        while self._open:
            self._running[name].wait()
            time.sleep(0.5)
            if self._open:
                self._launch(name, argv)


def commands(stage: Stage, folder: Path) -> dict[str, list[str]]:
    """Web, two workers of transfers, one of the rest, beat, and the sandbox."""
    celery = [str(BINARIES / "celery"), "-A", "config"]
    worker = [*celery, "worker", "--loglevel", "WARNING", "--concurrency"]
    sandbox = [sys.executable, "-m", "apps.providers.sandbox", f"--port={stage.sandbox_port}"]
    hooks = f"--webhook={stage.url}/hooks/sandbox-{{desk}}/"
    return {
        "sandbox": [*sandbox, f"--data={folder / 'sandbox.sqlite3'}", hooks, "--webhook-secret=trial"],
        "web": [
            str(BINARIES / "gunicorn"),
            "config.wsgi",
            *("--bind", f"127.0.0.1:{stage.port}", "--workers", "2", "--threads", "8", "--no-control-socket"),
        ],
        "transfers-1": [*worker, "1", "-Q", "transfers", "-n", "transfers-1@%h"],
        "transfers-2": [*worker, "1", "-Q", "transfers", "-n", "transfers-2@%h"],
        "worker": [*worker, "1", "-n", "rest@%h"],
        "beat": [*celery, "beat", "--loglevel", "WARNING", "--schedule", str(folder / "beat"), "--pidfile="],
    }


@contextmanager
def staged(folder: Path, env: Mapping[str, str]) -> Iterator[Stage]:
    """A stage whose processes end with the block."""
    stage = Stage(folder, env)
    try:
        yield stage
    finally:
        stage.close()


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
