"""A backup that was made amid traffic is restored into another database, made whole, and posted to."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from apps.ledger import projections
from apps.ledger.models import Account
from apps.operations import books
from tests.ledger.bookkeeping import Leg, number_everything, open_account, post
from tests.ledger.tampering import tamper
from tests.support.restoring import back_up_and_restore, manage


@pytest.fixture
def pair(ledger_db: Any) -> tuple[Account, Account]:
    book = books.find(books.platform_id())
    return open_account(book, "a"), open_account(book, "b")


@pytest.mark.long
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
