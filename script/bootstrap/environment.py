"""The virtual environment, made from the lock files and from nothing else."""

import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

from script.bootstrap.checkout import LOCKS, ROOT, require_space
from script.bootstrap.failure import Failure, tail
from script.bootstrap.locking import locked
from script.bootstrap.progress import Progress

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "countinghouse.json"
LOCK_FILES = {
    "runtime": ROOT / "requirements.lock",
    "dev": LOCKS / "dev.lock",
    "postgres": LOCKS / "postgres.lock",
    "redis": LOCKS / "redis.lock",
    "uv": LOCKS / "uv.lock",
    "beancount": LOCKS / "beancount.lock",
}


def ensure(*wanted: str, data: Path, progress: Progress) -> None:
    """Installs what is missing; groups that an earlier command installed stay."""
    if is_current(wanted):
        return
    # Locked for the checkout and not for the data: whatever the data, the environment is one.
    with progress.step("Python packages") as step, locked(LOCK_FILES["runtime"]):
        installed = _stamped_locks()
        step.detail = f"({', '.join(wanted)})" if wanted and installed else ""
        if not is_current(wanted):
            _build({"runtime", *wanted, *installed}, data / "log" / "packages.log")


def is_current(wanted: tuple[str, ...]) -> bool:
    installed = _stamped_locks()
    return all(installed.get(name) == digest(name) for name in ("runtime", *wanted))


def digest(name: str) -> str:
    return hashlib.sha256(LOCK_FILES[name].read_bytes()).hexdigest()


def activated() -> dict[str, str]:
    """The caller's environment, with the virtual one in front and the checkout importable."""
    path = os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", os.defpath)])
    ours = {"PATH": path, "VIRTUAL_ENV": str(VENV), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **ours}


def site_packages() -> Path:
    version = json.loads(STAMP.read_text())["python"]
    return VENV / "lib" / f"python{version}" / "site-packages"


def _stamped_locks() -> dict[str, str]:
    """Nothing, unless the environment was finished, here, by a Python like this one."""
    if not (STAMP.exists() and PYTHON.exists()):
        return {}
    stamp = json.loads(STAMP.read_text())
    if (stamp["python"], stamp["root"]) != (_python_version(), str(ROOT)):
        return {}
    return dict(stamp["locks"])


def _python_version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _build(names: set[str], log: Path) -> None:
    """The stamp goes first and comes back last, so a half-made environment never looks like a good one."""
    started_from = _stamped_locks()
    STAMP.unlink(missing_ok=True)
    log.parent.mkdir(mode=0o700, exist_ok=True)
    log.unlink(missing_ok=True)
    if not started_from:
        _create()
    if not _install(sorted({*names, "uv"}), log):
        raise _failed(log)
    locks = {name: digest(name) for name in sorted({*names, "uv"})}
    STAMP.write_text(json.dumps({"python": _python_version(), "root": str(ROOT), "locks": locks}))


def _create() -> None:
    if not os.access(ROOT, os.W_OK):
        raise Failure(f"No .venv can be made in {ROOT}, which is read-only.", "Run this as its owner.")
    require_space(ROOT, "Free some space for .venv.")
    venv.create(VENV, clear=True, symlinks=True, with_pip=True)
    (VENV / ".gitignore").write_text("*\n")


def _install(names: list[str], log: Path) -> bool:
    """By uv, which is quicker; by pip where uv cannot reach the index, such as one in pip.conf."""
    locks = [str(LOCK_FILES[name]) for name in names]
    pip = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-input", "--retries", "2"]
    uv = [str(VENV / "bin" / "uv"), "pip", "sync", "--require-hashes", "--python", str(PYTHON), *locks]
    if _run([*pip, "-r", str(LOCK_FILES["uv"])], log) and _run(uv, log):
        return True
    return _run([*pip, *(word for lock in locks for word in ("-r", lock))], log)


def _run(argv: list[str], log: Path) -> bool:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "UV_HTTP_TIMEOUT": "60"}
    environment.pop("PYTHONPATH", None)
    with log.open("a") as output:
        done = subprocess.run(argv, env=environment, stdout=output, stderr=output, check=False)
    return done.returncode == 0


def _failed(log: Path) -> Failure:
    reason = next((line for line in reversed(tail(log, 40)) if line.startswith("ERROR:")), "See the log.")
    mend = f"Check the network (or PIP_INDEX_URL) and run the command again. Log: {log}"
    return Failure(f"The Python packages could not be installed: {reason.removeprefix('ERROR: ')}.", mend)
