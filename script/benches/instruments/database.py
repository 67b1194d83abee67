"""The benchmark's own databases, beside the one that DATABASE_URL names."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[3]
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


class Server:
    """The server that DATABASE_URL leads to. Databases are named after its own: `countinghouse_wallets`."""

    def __init__(self, url: str) -> None:
        self.url = url
        with self.connect() as connection:
            self.prefix = str(connection.info.dbname)

    def connect(self, name: str | None = None) -> psycopg.Connection[Any]:
        """A connection of the owner, without a transaction around its statements."""
        return psycopg.connect(self.url_of(name) if name else self.url, autocommit=True)

    def named(self, suffix: str) -> str:
        """The full name of one of our databases."""
        return f"{self.prefix}_{suffix}"

    def url_of(self, name: str) -> str:
        """The address of a database of this server."""
        return re.sub(r"(//[^/]*/)[^?]*", rf"\g<1>{name}", self.url, count=1)

    def create(self, name: str, template: str = "template0") -> None:
        """The database anew."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )

    def mark(self, name: str, words: str) -> None:
        """Note on a finished database what it was made from."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(words))
            )

    def marked(self, name: str) -> str | None:
        """What was noted; None if there is no such database, or it was never finished."""
        with self.connect() as connection:
            found = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
            ).fetchone()
        return str(found[0]) if found and found[0] else None

    def require_durability(self) -> None:
        """Figures without it would be worth nothing."""
        with self.connect() as connection:
            off = [name for name in DURABLE if _setting(connection, name) != "on"]
        if off:
            sys.exit(
                f"This server has {', '.join(off)} switched off; a ledger is measured with all of it on."
            )


def fingerprint(*also: object) -> str:
    """What the schema of the product and its functions are made from, as a short text."""
    digest = hashlib.sha256(repr(also).encode())
    made_from = (
        *ROOT.glob("apps/**/*.sql"),
        *ROOT.glob("apps/*/migrations/*.py"),
        *ROOT.glob("fixtures/*.json"),
    )
    for path in sorted(made_from):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def migrate(url: str) -> None:
    """Bring an empty database to where the product starts."""
    for command in (["migrate", "--verbosity=0"], ["setup", "--no-demo"]):
        _manage(url, command)


def _manage(url: str, command: Iterable[str]) -> None:
    argv = [sys.executable, str(ROOT / "manage.py"), *command]
    done = subprocess.run(
        argv, env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        sys.exit(f"{' '.join(argv)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")


def _setting(connection: psycopg.Connection[Any], name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    return str(row[0]) if row else ""
