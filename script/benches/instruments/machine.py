"""What the figures were measured on."""

import os
import platform
from pathlib import Path
from typing import Any

from script.benches.instruments.database import Server

SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "data_checksums",
    "wal_level",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "max_connections",
    "autovacuum",
    "jit",
)


def describe(server: Server) -> dict[str, Any]:
    """Processor, memory, system, and the settings of the server that matter."""
    with server.connect() as connection:
        rows = connection.execute(
            "SELECT name, current_setting(name) FROM unnest(%s::text[]) name", [list(SETTINGS)]
        )
        settings = {str(name): str(value) for name, value in rows.fetchall()}
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "settings": settings,
    }


def words(machine: dict[str, Any]) -> str:
    """The same in one line."""
    settings = ", ".join(f"{name}={value}" for name, value in machine["settings"].items())
    return (
        f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_gb']} GB, {machine['system']},"
        f" Python {machine['python']}; {settings}"
    )


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
