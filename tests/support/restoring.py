"""Backups as operators make them, restored into another database, and manage.py run on it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def program(name: str) -> str:
    """A program of PostgreSQL of the server's version, or the test is skipped."""
    version = connection.cursor().connection.info.server_version // 10_000
    for found in (f"/usr/lib/postgresql/{version}/bin/{name}", shutil.which(name)):
        if found and Path(found).exists():
            told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
            if f" {version}." in told:
                return found
    pytest.skip(f"{name} of PostgreSQL {version} is not installed")


def options() -> list[str]:
    """Where the server is, for its programs."""
    info = connection.connection.info
    return ["-h", info.host, "-p", str(info.port), "-U", info.user]


def back_up_and_restore(path: Path, name: str) -> None:
    source = str(connection.settings_dict["NAME"])
    environment = {**os.environ, "PGPASSWORD": connection.connection.info.password or ""}
    dump = [program("pg_dump"), *options(), "--format=custom", "--file", str(path), source]
    restore = [program("pg_restore"), *options(), "--exit-on-error", "--dbname", name, str(path)]
    for command in (dump, restore):
        subprocess.run(command, check=True, env=environment, capture_output=True, text=True)


def manage(name: str, *arguments: str) -> str:
    """Run manage.py on another database; its output."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
