"""Whatever is changed behind the ledger's back is found, and named."""

from datetime import UTC, datetime

import pytest

from apps.core import ids
from apps.ledger import projections
from apps.ledger.models import Verification
from apps.ledger.verify import verify
from apps.operations.models import Book
from tests.ledger.bookkeeping import Leg, number_everything, post, uuid_of
from tests.ledger.tampering import tamper
from tests.ledger.verifying import Scene, broken, change_line, closed_through, found

pytestmark = pytest.mark.usefixtures("ledger_db")


_CONSTRAINT = "ALTER TABLE ledger_balance ADD CONSTRAINT balance_not_below_floor CHECK (floor IS NULL OR floor <= balance * side)"


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
