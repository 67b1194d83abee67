"""Packages of Node.js, by which tests verify what we sign: from a lock file with hashes, in a folder of their own."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from script.bootstrap.checkout import ROOT
from script.bootstrap.locking import locked
from script.bootstrap.progress import Progress

FOLDER_VARIABLE = "COUNTINGHOUSE_NODE"
WANTED = ROOT / "tests" / "node"
LOCK = WANTED / "package-lock.json"
FILES = ("package.json", "package-lock.json", ".npmrc")


def ensure(*, data: Path, progress: Progress) -> dict[str, str]:
    """Where the packages are, for the environment of the tests; nothing where they cannot be installed."""
    folder = data / f"node-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:8]}"
    finished = folder / "finished"
    with locked(LOCK):
        if not finished.exists():
            with progress.step("npm packages, for tests"):
                done = _install(folder, data / "log" / "npm.log")
            if not done:
                progress.note(f"Going on without npm packages. Log: {data / 'log' / 'npm.log'}")
                return {}
            finished.touch()
    return {FOLDER_VARIABLE: str(folder / "node_modules")}


def renew_lock() -> bool:
    """Write the lock file of what package.json asks for; it names no registry. False where there is no npm."""
    if shutil.which("npm") is None:
        return False
    done = subprocess.run(
        ["npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=WANTED,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode == 0


def _install(folder: Path, log: Path) -> bool:
    """Exactly what is locked, without running what packages bring."""
    if shutil.which("npm") is None:
        return False
    log.parent.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(exist_ok=True)
    for name in FILES:
        shutil.copyfile(WANTED / name, folder / name)
    with log.open("w") as output:
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    return done.returncode == 0
