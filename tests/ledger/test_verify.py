"""What a verification looks at, what it keeps, and what its command says."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.ledger import projections
from apps.ledger.models import Verification
from apps.ledger.tasks import verify_books
from apps.ledger.verify import reading, verify
from apps.ledger.verify.chain import first_link
from apps.ledger.verify.reading import Reader
from tests.ledger.bookkeeping import Leg, number_everything, post
from tests.ledger.tampering import tamper
from tests.ledger.verifying import Scene, broken, change_line, closed_through, found

pytestmark = pytest.mark.usefixtures("ledger_db")


def test_sound_books_are_verified_and_marked(scene: Scene) -> None:
    report = verify()
    assert report.broken == []
    assert (report.books, report.entries, report.lines, report.accounts, report.waiting) == (2, 12, 26, 8, 0)
    mark = Verification.objects.get(book=scene.book)
    assert report.heads["platform"] == (10, bytes(mark.through_hash).hex())
    assert mark.through_position == 10


@pytest.mark.parametrize("chunk", [1, 3])
def test_sound_books_in_small_portions(scene: Scene, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    whole = verify()
    monkeypatch.setattr("apps.ledger.verify.scope.CHUNK", chunk)
    report = verify()
    assert report.broken == []
    assert (report.entries, report.lines, report.heads) == (whole.entries, whole.lines, whole.heads)


def test_nothing_is_joined_row_by_row_with_what_is_large(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where a row is looked up by its key: the planner's guess between two ids is one row for any number.

    Whether such a look-up reads an index or a table of a dozen rows depends on whether autovacuum came by, so
    tables are read by their indexes here.
    """
    plans: list[Any] = []

    def explained(reader: Reader, query: str, **arguments: Any) -> list[tuple[Any, ...]]:
        plans.extend(
            plan["Plan"]
            for (found,) in rows(reader, f"EXPLAIN (FORMAT JSON) {query}", **arguments)
            for plan in found
        )
        return rows(reader, query, **arguments)

    rows = Reader.rows
    verify()
    Verification.objects.update(through_position=0, through_hash=first_link(scene.book.pk))
    monkeypatch.setattr(
        Reader,
        "rows",
        lambda reader, query, **arguments: (explained if query.lstrip().startswith("WITH") else rows)(
            reader, query, **arguments
        ),
    )
    monkeypatch.setattr(reading, "_SETTINGS", f"{reading._SETTINGS}; SET LOCAL enable_seqscan = off")
    verify([scene.book], incremental=True)
    assert len(plans) == 2
    looped = {inner["Node Type"] for plan in plans for inner in inner_sides_of_loops(plan)}
    assert "Limit" in looped
    assert looped <= {"Limit", "Subquery Scan", "Index Scan", "Bitmap Heap Scan"}


def inner_sides_of_loops(plan: Any) -> Iterator[Any]:
    """What is run once for each row of something else."""
    parts = plan.get("Plans", [])
    if plan["Node Type"] == "Nested Loop":
        yield from (part for part in parts if part["Parent Relationship"] == "Inner")
    for part in parts:
        yield from inner_sides_of_loops(part)


@pytest.mark.tampers
@pytest.mark.parametrize("chunk", [1, 3])
@pytest.mark.parametrize("position", [3, 4])
def test_seals_between_two_portions(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, chunk: int, position: int
) -> None:
    """The first link of a portion is held against the last one of the portion before it."""
    monkeypatch.setattr("apps.ledger.verify.scope.CHUNK", chunk)
    seal = [scene.book.pk, position]
    tamper(("UPDATE ledger_seal SET hash = sha256('forged') WHERE book_id = %s AND position = %s", seal))
    faults = broken()
    assert [f"position {position}," in faults[0], f"position {position + 1}," in faults[1]] == [True, True]
    tamper(("DELETE FROM ledger_seal WHERE book_id = %s AND position = %s", seal))
    found(f"position {position}", "a seal at every position")


def test_the_planner_first_learns_of_a_table_that_changed_much(scene: Scene) -> None:
    analyzed = "SELECT last_analyze FROM pg_stat_user_tables WHERE relname = 'ledger_account'"
    change = "FOR i IN 1..200 LOOP UPDATE ledger_account SET name = name; END LOOP"
    tamper(f"DO $$ BEGIN {change}; END $$", "SELECT pg_stat_force_next_flush()")
    with connection.cursor() as cursor:
        before = cursor.execute(analyzed).fetchone()
        assert verify().ok
        assert cursor.execute(analyzed).fetchone() != before


def test_empty_books_are_sound() -> None:
    report = verify()
    assert report.ok
    assert (report.books, report.entries) == (1, 0)
    assert verify(incremental=True).ok


def test_an_incremental_run_looks_at_what_is_new(scene: Scene) -> None:
    verify()
    post(Leg(scene.wallet, scene.other, 5))
    number_everything()
    report = verify(incremental=True)
    assert report.broken == []
    assert (report.entries, report.lines, report.accounts) == (1, 2, 2)
    assert Verification.objects.get(book=scene.book).through_position == 11
    assert verify(incremental=True).entries == 0


@pytest.mark.tampers
def test_what_was_found_is_kept_until_the_whole_book_is_sound(scene: Scene) -> None:
    verify()
    post(Leg(scene.wallet, scene.other, 5))
    number_everything()
    tamper(change_line(11, scene.wallet, "amount = amount - 1"))
    verify_books()
    mark = Verification.objects.get(book=scene.book)
    assert mark.through_position == 10
    assert mark.found_at is not None
    assert "position 11" in mark.found[0]
    assert Verification.objects.get(book__slug="south").found == []
    tamper(change_line(11, scene.wallet, "amount = amount + 1"))
    verify_books()
    mark.refresh_from_db()
    assert (mark.through_position, bool(mark.found)) == (11, True)
    assert verify().ok
    assert Verification.objects.filter(book=scene.book, found=[], found_at=None).exists()


@pytest.mark.tampers
def test_what_was_found_of_a_book_that_never_was_sound_is_kept(scene: Scene) -> None:
    tamper(change_line(1, scene.wallet, "amount = amount - 1"))
    verify_books()
    mark = Verification.objects.get(book=scene.book)
    assert (mark.through_position, mark.verified_at, bool(mark.found)) == (0, None, True)
    tamper(change_line(1, scene.wallet, "amount = amount + 1"))
    assert verify(incremental=True).ok
    mark.refresh_from_db()
    assert mark.through_position == 10


def test_an_incremental_run_without_a_mark_looks_at_everything(scene: Scene) -> None:
    report = verify(incremental=True)
    assert report.broken == []
    assert report.entries == 12


def test_entries_that_have_no_position_yet_are_no_fault(scene: Scene) -> None:
    post(Leg(scene.wallet, scene.other, 5))
    assert verify(incremental=True).ok
    report = verify()
    assert report.broken == []
    assert (report.entries, report.waiting) == (13, 1)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_ledger", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_tells_what_was_verified(scene: Scene) -> None:
    assert "12 entries, 26 lines" in run()
    assert "platform ends at position 10" in run("--incremental")


def test_the_command_answers_in_one_line_of_json(scene: Scene) -> None:
    answer = json.loads(run("--json", "--book", "south"))
    assert answer.pop("seconds") > 0
    assert answer.pop("heads")["south"]["position"] == 2
    assert answer == {
        "ok": True, "books": 1, "entries": 2, "lines": 4, "accounts": 2, "waiting": 0, "broken": [],
    }  # fmt: skip


def test_the_command_knows_no_such_book() -> None:
    with pytest.raises(CommandError, match="no book 'north'"):
        run("--book", "north")


@pytest.mark.tampers
def test_the_command_fails_and_names_the_first_broken_place(scene: Scene) -> None:
    tamper(change_line(4, scene.other, "amount = amount + 1"))
    with pytest.raises(
        CommandError, match=r"^BROKEN platform: position 4, entry je_\w+: expected .*, found .*\."
    ) as error:
        run()
    assert error.value.returncode == 1
    out = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("verify_ledger", "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert not answer["ok"]
    assert answer["broken"][0]["position"] == 4


def test_entries_before_and_after_a_closing_are_sound(scene: Scene) -> None:
    post(Leg(scene.bank, scene.wallet, 1), effective_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    closed_through("2026-03-01", scene)
    post(Leg(scene.bank, scene.wallet, 1), effective_at=datetime(2026, 3, 2, 12, tzinfo=UTC))
    number_everything()
    projections.project()
    assert broken() == []
