"""Whatever is changed behind the ledger's back is found, and named."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.core import ids
from apps.ledger import projections
from apps.ledger.models import Account, Verification
from apps.ledger.tasks import verify_books
from apps.ledger.verify import reading, verify
from apps.ledger.verify.chain import first_link
from apps.ledger.verify.reading import Reader
from apps.operations import books
from apps.operations.models import Book
from tests.ledger.bookkeeping import Leg, new_book, number_everything, open_account, post, uuid_of
from tests.ledger.tampering import tamper

pytestmark = pytest.mark.usefixtures("ledger_db")


@dataclass(frozen=True)
class Scene:
    """A platform book with ten entries at the positions one to ten, and another book with two."""

    book: Book
    bank: Account
    wallet: Account
    held: Account
    other: Account
    entries: list[str]
    hold: str


@pytest.fixture
def scene() -> Scene:
    book = books.find(books.platform_id())
    bank = open_account(book, "bank:ing")
    wallet = open_account(book, "wallet:a", floor=0)
    held = open_account(book, "wallet:a:held", names_holds=True, floor=0)
    other = open_account(book, "wallet:b")
    dollars = open_account(book, "bank:usd", "USD"), open_account(book, "wallet:usd", "USD")
    hold = ids.new_id("hld")
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    entries = [
        post(Leg(bank, wallet, 1_000), effective_at=noon, description="salary", metadata={"from": "work"})
    ]
    entries.append(post(Leg(wallet, other, 100)))
    entries.append(post(Leg(wallet, held, 300, hold, "open")))
    entries.append(post(Leg(held, other, 120, hold, "take")))
    entries.append(post(Leg(wallet, held, 20, hold, "return")))
    entries.append(post(Leg(bank, wallet, 50), Leg(*dollars, 77)))
    entries.append(post(Leg(other, wallet, 100), reverses=entries[1]))
    entries += [post(Leg(wallet, other, amount)) for amount in (1, 2, 3)]
    south = new_book("south")
    pair = [open_account(south, f"s:{number}") for number in range(2)]
    for _ in range(2):
        post(Leg(pair[0], pair[1], 9))
    number_everything()
    projections.project()
    return Scene(book, bank, wallet, held, other, entries, hold)


def broken(**options: Any) -> list[str]:
    return [str(fault) for fault in verify(**options).broken]


def found(*words: str, **options: Any) -> None:
    """The first broken place has all these words."""
    faults = broken(**options)
    assert faults, "nothing was found"
    assert [word for word in words if word not in faults[0]] == [], faults


def change_line(position: int, account: Account, assignment: str) -> tuple[str, list[Any]]:
    return (
        f"UPDATE ledger_line SET {assignment} WHERE account_id = %s AND entry_id ="
        " (SELECT entry_id FROM ledger_seal s JOIN operations_book b ON b.id = s.book_id"
        " WHERE b.slug = 'platform' AND position = %s)",
        [account.pk, position],
    )


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


@pytest.mark.tampers
def test_an_amount_changed_in_both_lines(scene: Scene) -> None:
    tamper(
        change_line(2, scene.wallet, "amount = amount - 1"),
        change_line(2, scene.other, "amount = amount + 1"),
    )
    found("platform", "position 2", scene.entries[1], "hash")


@pytest.mark.tampers
def test_an_amount_changed_everywhere_it_shows(scene: Scene) -> None:
    """Lines, running balances and balance rows agree with each other; only the chain knows."""
    for account, delta in ((scene.wallet, -1), (scene.other, 1)):
        tamper(
            change_line(8, account, f"amount = amount + {delta}"),
            (f"UPDATE ledger_balance SET balance = balance + {delta} WHERE account_id = %s", [account.pk]),
            (
                f"UPDATE ledger_line SET balance_after = balance_after + {delta} WHERE account_id = %s AND entry_id IN"
                " (SELECT entry_id FROM ledger_seal WHERE position >= 8)",
                [account.pk],
            ),
        )
    faults = broken()
    assert "position 8" in faults[0]
    assert "hash" in faults[0]


@pytest.mark.tampers
def test_a_running_balance(scene: Scene) -> None:
    tamper(change_line(2, scene.wallet, "balance_after = balance_after + 1"))
    faults = broken()
    assert "position 2" in faults[0]
    assert any(
        "account wallet:a EUR, line 2" in fault and "900 after it, found 901" in fault for fault in faults
    )


@pytest.mark.tampers
@pytest.mark.parametrize(
    "assignment",
    [
        "description = 'bonus'",
        'metadata = \'{"from": "home"}\'',
        "effective_on = '2026-02-28'",
        "effective_at = effective_at - interval '1 microsecond'",
        "intended_at = effective_at - interval '1 day'",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "reference = 'another'",
        "kind = 'other'",
        "request_hash = '\\x00'",
        "operation_id = id",
        "group_id = id",
        "reverses_id = id",
    ],
)
def test_anything_of_an_entry(scene: Scene, assignment: str) -> None:
    tamper((f"UPDATE ledger_entry SET {assignment} WHERE id = %s", [uuid_of(scene.entries[0])]))
    found("platform", "position 1,", scene.entries[0])


@pytest.mark.tampers
def test_the_day_of_a_line(scene: Scene) -> None:
    tamper(change_line(1, scene.bank, "effective_on = '2026-02-28'"))
    found("position 1,", "account bank:ing EUR, line 1", "the times of its entry")


@pytest.mark.tampers
def test_the_hold_of_a_line(scene: Scene) -> None:
    tamper(change_line(4, scene.held, f"hold_id = '{uuid_of(scene.entries[0])}'"))
    found("position 4,", scene.entries[3])


@pytest.mark.tampers
def test_a_deleted_line(scene: Scene) -> None:
    tamper(("DELETE FROM ledger_line WHERE account_id = %s AND sequence = 2", [scene.wallet.pk]))
    faults = broken()
    assert "position 2" in faults[0]
    assert any(
        "account wallet:a EUR, line 3" in fault and "line 2 before it, found line 1" in fault
        for fault in faults
    )
    assert any("sum to 0 EUR" in fault for fault in faults)


@pytest.mark.tampers
def test_a_deleted_entry_with_its_lines(scene: Scene) -> None:
    entry = uuid_of(scene.entries[7])
    tamper(
        ("DELETE FROM ledger_line WHERE entry_id = %s", [entry]),
        ("DELETE FROM ledger_entry WHERE id = %s", [entry]),
    )
    found("position 8,", scene.entries[7], "no such entry")


@pytest.mark.tampers
def test_an_entry_whose_lines_are_gone(scene: Scene) -> None:
    tamper(("DELETE FROM ledger_line WHERE entry_id = %s", [uuid_of(scene.entries[9])]))
    found("position 10,", scene.entries[9], "without a line")


@pytest.mark.tampers
def test_lines_whose_entry_and_seal_are_gone(scene: Scene) -> None:
    entry = uuid_of(scene.entries[9])
    tamper(
        ("DELETE FROM ledger_entry WHERE id = %s", [entry]),
        ("DELETE FROM ledger_seal WHERE entry_id = %s", [entry]),
    )
    assert any(scene.entries[9] in fault and "no such entry" in fault for fault in broken())


@pytest.mark.tampers
def test_swapped_positions(scene: Scene) -> None:
    eight, nine = (uuid_of(scene.entries[number]) for number in (7, 8))
    tamper(
        ("UPDATE ledger_seal SET entry_id = gen_random_uuid() WHERE entry_id = %s", [eight]),
        ("UPDATE ledger_seal SET entry_id = %s WHERE entry_id = %s", [eight, nine]),
        ("UPDATE ledger_seal SET entry_id = %s WHERE position = 8 AND book_id = %s", [nine, scene.book.pk]),
    )
    found("position 8,", "ordinal")


@pytest.mark.tampers
def test_a_seal(scene: Scene) -> None:
    tamper(
        (
            "UPDATE ledger_seal SET hash = sha256('forged') WHERE book_id = %s AND position = 5",
            [scene.book.pk],
        )
    )
    found("position 5,", "hash")


@pytest.mark.tampers
def test_a_missing_position(scene: Scene) -> None:
    tamper(("DELETE FROM ledger_seal WHERE book_id = %s AND position = 5", [scene.book.pk]))
    found("position 5", "a seal at every position")


@pytest.mark.tampers
def test_an_entry_put_between_sealed_ones(scene: Scene) -> None:
    forged = uuid_of(ids.new_id("je"))
    tamper(
        (
            "INSERT INTO ledger_entry SELECT (jsonb_populate_record(e, jsonb_build_object("
            " 'id', %s::uuid, 'reference', 'forged', 'ordinal', e.ordinal - 1000000))).* FROM ledger_entry e WHERE id = %s",
            [forged, uuid_of(scene.entries[0])],
        ),
    )
    assert any(ids.encode("je", forged) in fault and "put in from outside" in fault for fault in broken())


@pytest.mark.tampers
def test_a_balance_row(scene: Scene) -> None:
    tamper(("UPDATE ledger_balance SET balance = balance + 1 WHERE account_id = %s", [scene.other.pk]))
    found("account wallet:b EUR", "a balance of 126 after line 6, found 127 after line 6")


@pytest.mark.tampers
def test_a_missing_balance_row(scene: Scene) -> None:
    tamper(("DELETE FROM ledger_balance WHERE account_id = %s", [scene.other.pk]))
    found("account wallet:b EUR", "no balance row")


@pytest.mark.tampers
@pytest.mark.parametrize("assignment", ["floor = -5", "side = -1", "names_holds = true", "currency = 'USD'"])
def test_what_a_balance_row_copies(scene: Scene, assignment: str) -> None:
    tamper((f"UPDATE ledger_balance SET {assignment} WHERE account_id = %s", [scene.other.pk]))
    found("account wallet:b EUR", "balance row")


@pytest.mark.tampers
def test_a_floor_that_was_raised_above_the_balance(scene: Scene) -> None:
    tamper(
        "ALTER TABLE ledger_balance DROP CONSTRAINT balance_not_below_floor",
        ("UPDATE ledger_balance SET floor = 999 WHERE account_id = %s", [scene.other.pk]),
        ("UPDATE ledger_account SET floor = 999 WHERE id = %s", [scene.other.pk]),
    )
    try:
        found("account wallet:b EUR", "not below the floor of 999")
    finally:
        tamper("UPDATE ledger_balance SET floor = NULL", _CONSTRAINT)


@pytest.mark.tampers
@pytest.mark.parametrize("assignment", ["remaining = remaining + 1", "amount = amount + 1"])
def test_a_hold(scene: Scene, assignment: str) -> None:
    tamper(f"UPDATE ledger_hold SET {assignment}")
    found(scene.hold, "200 remaining of 300")


@pytest.mark.tampers
def test_a_deleted_hold(scene: Scene) -> None:
    tamper("DELETE FROM ledger_hold")
    found(scene.hold, "no such hold")


@pytest.mark.tampers
def test_a_hold_that_nothing_opened(scene: Scene) -> None:
    forged = ids.new_id("hld")
    tamper(
        (
            "INSERT INTO ledger_hold SELECT (jsonb_populate_record(h, jsonb_build_object('id', %s::uuid,"
            " 'opened_by_id', %s::uuid, 'remaining', 0))).* FROM ledger_hold h",
            [ids.decode("hld", forged), uuid_of(scene.entries[0])],
        )
    )
    found(forged, "a line that opened it")


@pytest.mark.tampers
def test_a_daily_balance(scene: Scene) -> None:
    tamper(
        ("UPDATE ledger_daily_balance SET amount_in = amount_in + 1 WHERE account_id = %s", [scene.bank.pk])
    )
    found("daily balance of bank:ing EUR", "rebuild_statements")


@pytest.mark.tampers
def test_a_missing_daily_balance(scene: Scene) -> None:
    tamper(
        (
            "DELETE FROM ledger_daily_balance WHERE account_id = %s AND effective_on = '2026-03-01'",
            [scene.bank.pk],
        )
    )
    found("daily balance of bank:ing EUR on 2026-03-01", "1000 out, found 0 in and 0 out")


@pytest.mark.tampers
def test_a_renumbered_sequence(scene: Scene) -> None:
    tamper(("UPDATE ledger_line SET sequence = 70 WHERE account_id = %s AND sequence = 7", [scene.wallet.pk]))
    faults = broken()
    assert "position 8" in faults[0]
    assert any("line 7 before it, found line 6" in fault for fault in faults)


@pytest.mark.tampers
def test_an_account_of_another_currency(scene: Scene) -> None:
    tamper(("UPDATE ledger_account SET currency = 'GBP' WHERE id = %s", [scene.other.pk]))
    found("position 2,", scene.entries[1], "sum to 0")


@pytest.mark.tampers
def test_an_account_moved_to_another_book(scene: Scene) -> None:
    south = Book.objects.get(slug="south")
    tamper(("UPDATE ledger_account SET book_id = %s WHERE id = %s", [south.pk, scene.other.pk]))
    assert any("an account of this book" in fault for fault in broken())


@pytest.mark.tampers
def test_a_reversal_that_mirrors_something_else(scene: Scene) -> None:
    entry = uuid_of(scene.entries[6])
    tamper(("UPDATE ledger_entry SET reverses_id = %s WHERE id = %s", [uuid_of(scene.entries[0]), entry]))
    assert any("position 7" in fault and "mirror image" in fault for fault in broken())


@pytest.mark.tampers
def test_a_line_of_no_account(scene: Scene) -> None:
    tamper(
        (
            "INSERT INTO ledger_line SELECT (jsonb_populate_record(l, '{\"account_id\": 0}')).* FROM ledger_line l"
            " WHERE account_id = %s AND sequence = 1",
            [scene.bank.pk],
        )
    )
    assert any("such account" in fault or "found none" in fault for fault in broken())


def cut_off(scene: Scene, position: int) -> None:
    """Remove everything after a position, as if it had never been: seals, entries, lines, balances and days."""
    gone = "(SELECT entry_id FROM ledger_seal WHERE book_id = %s AND position > %s)"
    at = [scene.book.pk, position]
    tamper(
        (f"DELETE FROM ledger_line WHERE entry_id IN {gone}", at),
        (f"DELETE FROM ledger_entry WHERE id IN {gone}", at),
        ("DELETE FROM ledger_seal WHERE book_id = %s AND position > %s", at),
        "UPDATE ledger_balance b SET balance = l.balance_after, sequence = l.sequence FROM ledger_line l"
        " WHERE l.account_id = b.account_id AND l.sequence ="
        " (SELECT max(sequence) FROM ledger_line WHERE account_id = b.account_id)",
    )
    projections.rebuild(scene.book)


@pytest.mark.tampers
@pytest.mark.parametrize("incremental", [False, True])
def test_the_end_cut_off_without_a_trace(scene: Scene, incremental: bool) -> None:
    verify()
    cut_off(scene, 8)
    found("platform", "position 10", "the book ends at 8", incremental=incremental)


@pytest.mark.tampers
def test_the_end_cut_off_without_a_mark(scene: Scene) -> None:
    """Nothing in the database can know it; the seal that was kept elsewhere does."""
    head = verify().heads["platform"]
    Verification.objects.all().delete()
    cut_off(scene, 8)
    report = verify()
    assert report.ok
    assert report.heads["platform"] != head


@pytest.mark.tampers
def test_the_end_cut_off_under_its_daily_balances(scene: Scene) -> None:
    tamper(("DELETE FROM ledger_seal WHERE book_id = %s AND position > 8", [scene.book.pk]))
    assert any("the end of the book is gone" in fault for fault in broken())


@pytest.mark.tampers
def test_history_rewritten_with_good_seals(scene: Scene) -> None:
    """The whole chain was made anew after a change; the mark remembers the old one."""
    verify()
    tamper(
        ("UPDATE ledger_entry SET description = 'bonus' WHERE id = %s", [uuid_of(scene.entries[0])]),
        "DELETE FROM ledger_seal",
    )
    number_everything()
    for incremental in (False, True):
        found("platform", "position 10", "the seal", incremental=incremental)


@pytest.mark.tampers
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE ledger_line SET balance_after = balance_after + 1 WHERE account_id = %s AND sequence = 10",
            "after it",
        ),
        (
            "UPDATE ledger_line SET balance_after = balance_after + 1 WHERE account_id = %s AND sequence = 9",
            "after it",
        ),
        (
            "UPDATE ledger_line SET sequence = 13 WHERE account_id = %s AND sequence = 12",
            "line 12 before it, found line 11",
        ),
        ("UPDATE ledger_balance SET balance = balance + 1 WHERE account_id = %s", "a balance of"),
        ("DELETE FROM ledger_line WHERE account_id = %s AND sequence = 12", "sum to 0"),
        (
            "DELETE FROM ledger_line WHERE account_id = %s AND sequence = 11",
            "line 11 before it, found line 10",
        ),
        ("DELETE FROM ledger_line WHERE account_id = %s AND sequence = 9", "line 9 before it, found none"),
    ],
)
def test_an_incremental_run_finds_what_is_wrong_with_the_new(
    scene: Scene, statement: str, words: str
) -> None:
    verify()
    for amount in (1, 2, 3):
        post(Leg(scene.wallet, scene.other, amount))
    number_everything()
    tamper((statement, [scene.wallet.pk]))
    faults = broken(incremental=True)
    assert any(words in fault for fault in faults), faults
    assert Verification.objects.get(book=scene.book).through_position == 10


@pytest.mark.tampers
def test_an_incremental_run_finds_a_touched_hold(scene: Scene) -> None:
    verify()
    post(Leg(scene.held, scene.wallet, 5, scene.hold, "take"))
    number_everything()
    tamper("UPDATE ledger_hold SET remaining = remaining + 1")
    found(scene.hold, "195 remaining of 300, found 196 remaining of 300", incremental=True)


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


_CONSTRAINT = "ALTER TABLE ledger_balance ADD CONSTRAINT balance_not_below_floor CHECK (floor IS NULL OR floor <= balance * side)"


def closed_through(day: str, scene: Scene) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_change_period(gen_random_uuid(), %s, 'closed', %s, NULL, 'refuse', NULL, 'x', 'x', now())",
            [scene.book.pk, day],
        )


def test_entries_before_and_after_a_closing_are_sound(scene: Scene) -> None:
    post(Leg(scene.bank, scene.wallet, 1), effective_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    closed_through("2026-03-01", scene)
    post(Leg(scene.bank, scene.wallet, 1), effective_at=datetime(2026, 3, 2, 12, tzinfo=UTC))
    number_everything()
    projections.project()
    assert broken() == []


@pytest.mark.tampers
@pytest.mark.parametrize("incremental", [False, True])
def test_an_entry_in_a_day_that_was_closed(scene: Scene, incremental: bool) -> None:
    assert broken() == []
    closed_through("2026-03-01", scene)
    tamper("DELETE FROM ledger_bookperiod")
    entry = post(Leg(scene.bank, scene.wallet, 1), effective_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    number_everything()
    projections.project()
    found("platform", "position 11,", entry, "2026-03-01, which was closed", incremental=incremental)


@pytest.mark.tampers
def test_periods_that_no_change_made(scene: Scene) -> None:
    closed_through("2026-03-01", scene)
    tamper("UPDATE ledger_bookperiod SET closed_through = '2026-02-28'")
    found("platform", "periods", "(2026-03-01,,refuse)", "(2026-02-28,,refuse)")


@pytest.mark.tampers
def test_periods_whose_changes_are_gone(scene: Scene) -> None:
    closed_through("2026-03-01", scene)
    tamper("DELETE FROM ledger_periodchange")
    found("platform", "periods", "none: they were never changed", "(2026-03-01,,refuse)")
