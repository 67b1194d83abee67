"""beancount's programs, which tests run on our exports: in an environment of their own, away from our code."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

from script.bootstrap import environment
from script.bootstrap.locking import locked
from script.bootstrap.progress import Progress

FOLDER_VARIABLE = "COUNTINGHOUSE_BEANCOUNT"


def ensure(*, data: Path, progress: Progress) -> dict[str, str]:
    """Where the programs are, for the environment of the tests; nothing where they cannot be installed."""
    lock = environment.LOCK_FILES["beancount"]
    made_by = f"{sys.version_info.major}.{sys.version_info.minor}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:8]}"
    folder = data / f"beancount-{made_by}"
    finished = folder / "finished"
    with locked(lock):
        if not finished.exists():
            with progress.step("beancount, for tests"):
                done = _install(folder, lock, data / "log" / "beancount.log")
            if not done:
                progress.note(f"Going on without beancount. Log: {data / 'log' / 'beancount.log'}")
                return {}
            finished.touch()
    return {FOLDER_VARIABLE: str(folder / "bin")}


def _install(folder: Path, lock: Path, log: Path) -> bool:
    """By uv, which is quicker, or by pip where uv cannot reach the index."""
    log.parent.mkdir(mode=0o700, exist_ok=True)
    venv.create(folder, clear=True, symlinks=True, with_pip=True)
    python = str(folder / "bin" / "python")
    ways = (
        [
            str(environment.VENV / "bin" / "uv"),
            "pip",
            "sync",
            "--require-hashes",
            "--python",
            python,
            str(lock),
        ],
        [python, "-m", "pip", "install", "--require-hashes", "--no-input", "--retries", "2", "-r", str(lock)],
    )
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with log.open("w") as output:
        return any(
            subprocess.run(argv, env=variables, stdout=output, stderr=output, check=False).returncode == 0
            for argv in ways
        )
