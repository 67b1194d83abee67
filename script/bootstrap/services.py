"""PostgreSQL and Redis together, shared by every command of this checkout that runs at the same time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from script.bootstrap.locking import FileLock, locked
from script.bootstrap.postgres import Postgres
from script.bootstrap.progress import Progress
from script.bootstrap.redis import Redis
from script.bootstrap.signals import undisturbed

GIGABYTE = 1 << 30
# Below the data folder: what serves, and what each of the other commands has for itself.
FOLDERS = SERVING, TESTING, DURABLE_TESTING, BENCHMARKING, FAULTING = (
    "",
    "test",
    "test-durable",
    "bench",
    "faults",
)


@dataclass
class Services:
    """Those of one folder; None for what the caller's environment names and we leave alone."""

    folder: Path
    postgres: Postgres | None
    redis: Redis | None

    @property
    def ours(self) -> list[Postgres | Redis]:
        return [service for service in (self.postgres, self.redis) if service is not None]

    def urls(self, slot: int = 0) -> dict[str, str]:
        urls = {}
        if self.postgres:
            urls["DATABASE_URL"] = self.postgres.url(f"countinghouse_{slot}" if slot else "countinghouse")
        if self.redis:
            urls["REDIS_URL"] = self.redis.url(slot)
        return urls

    @contextmanager
    def running(self, progress: Progress) -> Iterator[None]:
        """The last to leave stops them. A lock counts the users, for a killed one gives it back."""
        users = FileLock(self.folder / "users.lock")
        try:
            with locked(self.folder / "services.lock"):
                users.share()
                self._start_missing(progress)
            yield
        finally:
            with undisturbed(), locked(self.folder / "services.lock"):
                if users.attempt():
                    self.stop()
            users.close()

    def in_use(self) -> bool:
        users = FileLock(self.folder / "users.lock")
        free = users.attempt()
        users.close()
        return not free

    def stop(self) -> None:
        for service in reversed(self.ours):
            service.stop()

    def _start_missing(self, progress: Progress) -> None:
        for service in self.ours:
            if not service.process.running():
                service.start(progress)


def serving(data: Path) -> Services:
    return _services(SERVING, data, _settings())


def testing(data: Path) -> Services:
    """Fast, and worth nothing after a power cut, unless TEST_DATABASE_DURABLE asks for the opposite."""
    if os.environ.get("TEST_DATABASE_DURABLE"):
        return _services(DURABLE_TESTING, data, _settings())
    unsafe = dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
    return _services(TESTING, data, {**_settings(), "shared_buffers": "128MB", **unsafe})


def benchmarking(data: Path) -> Services:
    buffers = "4GB" if _memory() >= 16 * GIGABYTE else f"{_memory() // 4 >> 20}MB"
    settings = {**_settings(), "shared_buffers": buffers, "max_wal_size": "8GB"}
    return _services(BENCHMARKING, data, settings, by_socket=True)


def faulting(data: Path) -> Services:
    """Its processes are killed, never the machine, so what the kernel was given is as good as on disk."""
    return _services(FAULTING, data, {**_settings(), "shared_buffers": "256MB", "fsync": "off"})


def _services(name: str, data: Path, settings: dict[str, str], *, by_socket: bool = False) -> Services:
    folder = data / name
    folder.mkdir(mode=0o711, exist_ok=True)
    postgres = None if os.environ.get("DATABASE_URL") else Postgres(folder, settings, data, by_socket)
    redis = None if os.environ.get("REDIS_URL") else Redis(folder, data=data)
    return Services(folder, postgres, redis)


def _settings() -> dict[str, str]:
    return {
        "shared_buffers": "1GB" if _memory() >= 8 * GIGABYTE else "128MB",
        "max_connections": "200",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
    }


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
