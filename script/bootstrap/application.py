"""manage.py, run for its effect with its output in a log."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from script.bootstrap import environment
from script.bootstrap.checkout import ROOT
from script.bootstrap.failure import Failure
from script.bootstrap.locking import locked

REACH_DATABASE = ROOT / "script" / "bootstrap" / "reach_database.py"
MANAGE = [str(environment.PYTHON), str(ROOT / "manage.py")]


@dataclass
class Setup:
    """What `manage.py setup --json` says, with the password that only its first run knows."""

    admin_email: str = ""
    admin_password: str | None = None
    next_steps: list[str] = field(default_factory=list)


def migrate(data: Path, urls: dict[str, str], *, only_if_fresh: bool = False) -> None:
    with locked(data / "migrate.lock"):
        if only_if_fresh and migrated_marker(data).exists():
            return
        if "DATABASE_URL" not in urls:
            _require_database()
        _manage(data, urls, "migrate", "--noinput")
        migrated_marker(data).touch()


def migrated_marker(data: Path) -> Path:
    return data / "postgres.migrated"


def setup(data: Path, urls: dict[str, str]) -> Setup:
    said = _last_json(_manage(data, urls, "setup", "--json"))
    done = Setup(**{name: said[name] for name in Setup.__dataclass_fields__ if name in said})
    remembered = data / "admin.password"
    if done.admin_password:
        remembered.unlink(missing_ok=True)
        remembered.touch(mode=0o600)
        remembered.write_text(done.admin_password)
    elif remembered.exists():
        done.admin_password = remembered.read_text()
    return done


def _require_database() -> None:
    """The caller's own server; of ours we know that it runs."""
    argv = [str(environment.PYTHON), "-P", str(REACH_DATABASE)]
    done = subprocess.run(argv, env=environment.activated(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        mend = "Mend it, or start without DATABASE_URL for a server of our own."
        raise Failure(f"DATABASE_URL leads to no database: {reason}.", mend)


def _manage(data: Path, urls: dict[str, str], *arguments: str) -> str:
    log = data / "log" / f"{arguments[0]}.log"
    log.parent.mkdir(mode=0o700, exist_ok=True)
    with log.open("w") as errors:
        os.fchmod(errors.fileno(), 0o600)
        done = subprocess.run(
            [*MANAGE, *arguments],
            cwd=ROOT,
            env={**environment.activated(), **urls},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        command = " ".join(["manage.py", *arguments])
        raise Failure(f"{command} failed.", "Mend what it says and start again.", log=log)
    return done.stdout


def _last_json(output: str) -> dict[str, Any]:
    lines = [line for line in output.splitlines() if line.startswith("{")]
    said: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return said
