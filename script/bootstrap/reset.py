"""Back to an empty data folder."""

import shutil
from pathlib import Path

from script.bootstrap.checkout import MARKER
from script.bootstrap.failure import Failure
from script.bootstrap.postgres import Postgres
from script.bootstrap.redis import Redis
from script.bootstrap.services import FOLDERS, Services


def reset(data: Path) -> None:
    """The lock files stay: the caller holds one, and nobody must wait for a deleted file."""
    ours = [_services(folder, data) for name in FOLDERS if (folder := data / name).exists()]
    if any(services.in_use() for services in ours):
        raise Failure("Another script of this checkout is under way.", "Wait for it or stop it first.")
    for services in ours:
        services.stop()
    for entry in data.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.suffix != ".lock" and entry.name != MARKER:
            entry.unlink()


def _services(folder: Path, data: Path) -> Services:
    return Services(folder, Postgres(folder, {}, data), Redis(folder, data=data))
