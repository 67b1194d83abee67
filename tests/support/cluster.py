"""A throw-away PostgreSQL server of a test's own, to be restarted and crashed."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATTERNS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


class Cluster:
    """A server that listens on a socket in its own folder."""

    def __init__(self, programs: Path, folder: Path, owner: pwd.struct_passwd) -> None:
        self.programs, self.folder, self.owner = programs, folder, owner
        self.data = folder / "data"

    def url(self, database: str = "postgres") -> str:
        """Where a database of this server is."""
        return f"postgresql:///{database}?host={self.folder}&user=owner"

    def create(self) -> None:
        """Make it and start it."""
        self._run(
            "initdb", "-D", str(self.data), "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"
        )
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(
                f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\nmax_connections = 40\n"
            )
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._run("pg_ctl", "-D", str(self.data), "-l", str(self.folder / "log"), "-w", "start")

    def restart(self, mode: str) -> None:
        """`fast` ends all sessions; `immediate` crashes the server, which then recovers."""
        self._run("pg_ctl", "-D", str(self.data), "-l", str(self.folder / "log"), "-w", "-m", mode, "restart")

    def stop(self) -> None:
        """Stop it for good."""
        self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "stop", check=False)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        root = os.geteuid() == 0
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=self.folder,
            user=self.owner.pw_uid if root else None,
            group=self.owner.pw_gid if root else None,
            extra_groups=[] if root else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=120,
        )
        if check and done.returncode:
            raise AssertionError(f"{program} failed:\n{done.stdout}")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A new server; the test is skipped where there are no programs to run one."""
    programs = _programs()
    if programs is None:
        pytest.skip(
            "There is no PostgreSQL server program (initdb, pg_ctl) to run a server of the test's own."
        )
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    owner = _owner()
    if os.geteuid() == 0:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    made = Cluster(programs, folder, owner)
    try:
        made.create()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    folders = [
        folder for pattern in PATTERNS for folder in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
    ]
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    return next(
        (folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None
    )


def _owner() -> pwd.struct_passwd:
    """Who may run a server: PostgreSQL refuses root."""
    if os.geteuid():
        return pwd.getpwuid(os.geteuid())
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]
