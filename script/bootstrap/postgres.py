"""A PostgreSQL cluster of our own: made, started, found again and stopped."""

import locale
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from script.bootstrap import environment, postgres_programs
from script.bootstrap.checkout import ROOT
from script.bootstrap.failure import Failure, tail
from script.bootstrap.postgres_programs import Programs
from script.bootstrap.process import Process, arguments, birth
from script.bootstrap.progress import Progress

OWNER = "countinghouse"
CREATE_DATABASE = ROOT / "script" / "bootstrap" / "create_database.py"
DYING_SECONDS = 20
STILL_DYING = ("pre-existing shared memory block", "already exists")


@dataclass
class Postgres:
    """Loopback TCP behind a password; `by_socket` swaps TCP for a Unix socket, which is less noisy."""

    folder: Path
    settings: dict[str, str]
    data: Path
    by_socket: bool = False

    def __post_init__(self) -> None:
        self.cluster = self.folder / "postgres"
        self.process = Process("postgres", self.folder)
        self._socket = self.folder / "socket"
        self._password = self.folder / "postgres.password"

    def start(self, progress: Progress) -> None:
        programs = self.programs(progress)
        with progress.step("PostgreSQL") as step:
            step.detail = f"{programs.major} ({programs.origin})"
            self._require_reachable()
            if not self.cluster.exists():
                self._initialise(programs)
            self._end_stray()
            self._forget_recycled_pid()
            self._launch(programs)
            self.create_database(OWNER)

    def stop(self) -> None:
        self.process.stop((signal.SIGINT, 60), (signal.SIGQUIT, 10))
        self._end_stray()

    def programs(self, progress: Progress) -> Programs:
        return postgres_programs.find(self.cluster, data=self.data, progress=progress)

    def url(self, database: str = OWNER) -> str:
        record = self.process.running()
        port = record.port if record else 0
        user = f"{OWNER}:{quote(self._password.read_text(), safe='')}"
        if not self.by_socket:
            return f"postgresql://{user}@127.0.0.1:{port}/{database}"
        return f"postgresql://{user}@/{database}?{urlencode({'host': self._socket, 'port': port})}"

    def create_database(self, name: str) -> None:
        argv = [str(environment.PYTHON), "-P", str(CREATE_DATABASE), name]
        variables = {**environment.activated(), "DATABASE_URL": self.url("postgres")}
        done = subprocess.run(argv, env=variables, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            reason = done.stderr.strip().splitlines()[-1]
            problem = f"The database {name} could not be made: {reason}."
            raise Failure(problem, "See the log.", log=self.process.log)

    def _require_reachable(self) -> None:
        argv = ["/bin/sh", "-c", 'cd "$1"', "sh", str(self.folder)]
        if subprocess.run(argv, stderr=subprocess.DEVNULL, check=False, **self._as_owner()).returncode != 0:
            name = postgres_programs.account_for(self.cluster).pw_name
            mend = "Set COUNTINGHOUSE_DATA to a folder that everybody may enter."
            raise Failure(f"PostgreSQL runs as {name}, who cannot enter {self.folder}.", mend)

    def _as_owner(self) -> dict[str, Any]:
        """Never as root, which PostgreSQL refuses, and with nothing of root's own environment."""
        options: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.defpath, "LC_ALL": _locale()}}
        if os.geteuid() == 0:
            account = postgres_programs.account_for(self.cluster)
            options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        return options

    def _initialise(self, programs: Programs) -> None:
        """Made beside its place and renamed, so that a cluster is whole or not there."""
        account = postgres_programs.account_for(self.cluster)
        draft, handed = self.folder / "postgres.new", self.folder / "postgres.handed"
        password = secrets.token_urlsafe(24)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        for file in (self._password, handed):
            file.unlink(missing_ok=True)
            file.touch(mode=0o600)
            file.write_text(password)
        for path in (draft, handed):
            os.chown(path, account.pw_uid, account.pw_gid)
        try:
            self._run_initdb(programs, draft, handed)
        finally:
            handed.unlink()
        draft.rename(self.cluster)

    def _run_initdb(self, programs: Programs, draft: Path, password: Path) -> None:
        argv = [programs["initdb"], f"--pgdata={draft}", f"--username={OWNER}", f"--pwfile={password}"]
        argv += ["--auth=scram-sha-256", "--encoding=UTF8", f"--locale={_locale()}", "--data-checksums"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, **self._as_owner())
        if done.returncode != 0:
            reason = done.stderr.strip().splitlines()[-1]
            raise Failure(f"PostgreSQL could not make {self.cluster}: {reason}.", "Start again after that.")

    def _end_stray(self) -> None:
        """A server of this cluster that somebody else started, such as a trial that had killed ours."""
        pid = self._holder()
        if pid is None or str(self.cluster) not in arguments(pid):
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + DYING_SECONDS
        while birth(pid) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _forget_recycled_pid(self) -> None:
        """After a crash the old pid may be another program's by now, which PostgreSQL would respect."""
        pid = self._holder()
        if pid is not None and str(self.cluster) not in arguments(pid):
            (self.cluster / "postmaster.pid").unlink()

    def _holder(self) -> int | None:
        """The process that has the cluster by its pid file, if it lives."""
        file = self.cluster / "postmaster.pid"
        if not file.exists():
            return None
        pid = int(file.read_text().split()[0])
        return pid if birth(pid) else None

    def _launch(self, programs: Programs) -> None:
        deadline = time.monotonic() + DYING_SECONDS
        while not self._comes_up(programs):
            last_words = " ".join(tail(self.process.log, 6))
            if time.monotonic() > deadline or not any(words in last_words for words in STILL_DYING):
                raise Failure("PostgreSQL did not start.", "See the log.", log=self.process.log)
            time.sleep(0.5)

    def _comes_up(self, programs: Programs) -> bool:
        port = free_port()
        argv = [programs["postgres"], "-D", str(self.cluster)]
        for name, value in {**self.settings, **self._address(port)}.items():
            argv += ["-c", f"{name}={value}"]
        self.process.start(argv, port=port, **self._as_owner())
        while self.process.running():
            if self._is_ready():
                return True
            time.sleep(0.05)
        return False

    def _address(self, port: int) -> dict[str, str]:
        common = {"port": str(port), "timezone": "UTC", "log_timezone": "UTC"}
        if not self.by_socket:
            return {**common, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        account = postgres_programs.account_for(self.cluster)
        self._socket.mkdir(exist_ok=True)
        os.chown(self._socket, account.pw_uid, account.pw_gid)
        return {**common, "listen_addresses": "", "unix_socket_directories": str(self._socket)}

    def _is_ready(self) -> bool:
        """The eighth line of the pid file is the server's own word on its state."""
        file, record = self.cluster / "postmaster.pid", self.process.running()
        if record is None or not file.exists():
            return False
        lines = [line.strip() for line in file.read_text().splitlines()]
        return lines[:1] == [str(record.pid)] and lines[7:8] == ["ready"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _locale() -> str:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "C.UTF-8")
    except locale.Error:
        return "C"
    locale.setlocale(locale.LC_ALL, before)
    return "C.UTF-8"
