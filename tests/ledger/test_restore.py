"""A backup that was made amid traffic is restored into another database, made whole, and posted to."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from psycopg import sql

from apps.ledger import projections
from apps.ledger.models import Account
from apps.operations import books
from tests.ledger.bookkeeping import Leg, number_everything, open_account, post
from tests.ledger.tampering import tamper

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


@pytest.fixture
def pair(ledger_db: Any) -> tuple[Account, Account]:
    book = books.find(books.platform_id())
    return open_account(book, "a"), open_account(book, "b")


@pytest.fixture
def restored(ledger_db: Any) -> Iterator[str]:
    """The name of an empty database beside that of the tests."""
    name = f"{connection.settings_dict['NAME']}_restored"
    connection.ensure_connection()
    info = connection.connection.info
    with psycopg.connect(info.dsn, password=info.password, dbname="postgres", autocommit=True) as server:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        server.execute(drop)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        yield name
        server.execute(drop)


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


def test_a_backup_from_amid_traffic_is_made_whole(
    pair: tuple[Account, Account], restored: str, tmp_path: Path
) -> None:
    for _ in range(3):
        post(Leg(*pair, 5))
    number_everything()
    projections.project()
    waiting = [post(Leg(*pair, 7)) for _ in range(2)]
    other = connections.create_connection("default")
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            post(Leg(open_account(pair[0].book, "c"), open_account(pair[0].book, "d"), 9), cursor=cursor)
        back_up_and_restore(tmp_path / "backup", restored)
    finally:
        other.commit()
        other.close()

    told = manage(restored, "after_restore")
    assert "Numbered 2 entries" in told
    assert "Added 2 entries to the daily balances" in told
    assert "platform ends at position 5" in told
    again = manage(restored, "after_restore")
    assert "Numbered 0 entries" in again
    assert "platform ends at position 5" in again

    dsn = psycopg.conninfo.make_conninfo(connection.connection.info.dsn, dbname=restored)
    with psycopg.connect(dsn, password=connection.connection.info.password) as database:
        post(Leg(*pair, 11), cursor=database.cursor())
        entries = database.execute("SELECT id, ordinal FROM ledger_entry ORDER BY ordinal").fetchall()
    assert len(entries) == 6
    assert entries[5][1] > entries[4][1]

    assert "Numbered 1 entries" in manage(restored, "after_restore")
    assert "6 entries, 12 lines" in manage(restored, "verify_ledger")
    with psycopg.connect(dsn, password=connection.connection.info.password) as database:
        sealed = database.execute("SELECT position, entry_id FROM ledger_seal ORDER BY position").fetchall()
    assert sealed == [(position, entry) for position, (entry, _) in enumerate(entries, start=1)]
    assert len(waiting) == 2


@pytest.mark.tampers
def test_a_broken_backup_is_refused(pair: tuple[Account, Account]) -> None:
    post(Leg(*pair, 5))
    number_everything()
    tamper("UPDATE ledger_entry SET description = 'another'")
    with pytest.raises(CommandError, match=r"^BROKEN platform: position 1, .* Restore another backup\.$"):
        call_command("after_restore")
