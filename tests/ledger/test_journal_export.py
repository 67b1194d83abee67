"""The journal for an ERP: stretch by stretch, nothing twice, nothing missed, and a lost file is made again."""

import csv
import hashlib
import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from apps.core import ids
from apps.core.money import Money
from apps.ledger import projections
from apps.ledger.journal_csv import COLUMNS, csv_of, text
from apps.ledger.models import JournalEntry, JournalExport, Line
from apps.operations.models import Event, Operation
from tests.ledger.bookkeeping import Leg, new_book, number_everything, open_account, post, post_many
from tests.support.door import code, done, eur, moved, opened, person, refused, run, tenant
from tests.support.processes import ran, start
from tests.support.threads import at_once, somebody_else, under_way, wait_until_blocked

pytestmark = pytest.mark.usefixtures("ledger_db")

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EXPORT = "ledger.export_journal"


@pytest.fixture
def book() -> str:
    tenant("south")
    for address in ("bank:ing", "customer:7"):
        opened(address, book="south", floor=None)
    return "south"


def entries(count: int, book: str = "south") -> None:
    """So many more entries with a position."""
    for _ in range(count):
        moved("bank:ing", "customer:7", "1.00", book=book)
    number_everything()


def ranges() -> list[tuple[int, int, int]]:
    exports = JournalExport.objects.order_by("book", "number")
    return list(exports.values_list("number", "from_position", "through_position"))


def read(export: JournalExport) -> list[dict[str, str]]:
    content = b"".join(csv_of(export)).decode()
    return list(csv.DictReader(StringIO(content, newline="")))


class TestRange:
    def test_an_export_begins_where_the_last_one_ended(self, book: str) -> None:
        entries(3)
        first = done(EXPORT, book=book)
        assert (first["number"], first["from_position"], first["through_position"], first["entries"]) == (
            1,
            1,
            3,
            3,
        )
        assert refused(EXPORT, book=book) == "NOTHING_TO_EXPORT"
        entries(4)
        assert done(EXPORT, book=book, through=5)["entries"] == 2
        assert done(EXPORT, book=book)["entries"] == 2
        assert ranges() == [(1, 1, 3), (2, 4, 5), (3, 6, 7)]
        positions = [
            int(row["position"])
            for export in JournalExport.objects.order_by("number")
            for row in read(export)
        ]
        assert positions == [position for position in range(1, 8) for _ in range(2)]

    def test_what_cannot_be_exported_is_refused(self, book: str) -> None:
        assert refused(EXPORT, book=book) == "NOTHING_TO_EXPORT"
        entries(2)
        assert refused(EXPORT, book=book, through=3) == "POSITION_UNKNOWN"
        assert refused(EXPORT, book="nowhere") == "BOOK_NOT_FOUND"
        assert refused(EXPORT, book=book, through=0) == "INPUT_INVALID"
        done(EXPORT, book=book)
        assert refused(EXPORT, book=book, through=1) == "NOTHING_TO_EXPORT"
        assert ranges() == [(1, 1, 2)]

    def test_what_has_no_position_yet_waits_for_the_next(self, book: str) -> None:
        entries(1)
        moved("bank:ing", "customer:7", "5.00", book=book)
        assert done(EXPORT, book=book)["through_position"] == 1
        number_everything()
        done(EXPORT, book=book)
        assert [row["credit"] for row in read(JournalExport.objects.get(number=2))] == ["", "5.00"]

    def test_each_book_has_exports_of_its_own(self, book: str) -> None:
        entries(2)
        opened("bank:x", floor=None)
        opened("customer:9", floor=None)
        moved("bank:x", "customer:9", "1.00")
        number_everything()
        assert done(EXPORT, book=book)["number"] == done(EXPORT, book="platform")["number"] == 1
        assert {row["book"] for row in read(JournalExport.objects.get(book__slug=book))} == {"south"}

    def test_it_says_who_made_it_when_and_by_which_operation(self, book: str) -> None:
        entries(1)
        finance = person("finance@example.org", "finance")
        result = done(EXPORT, key="k", actor=finance, book=book)
        assert done(EXPORT, key="k", actor=finance, book=book) == result
        [export] = JournalExport.objects.all()
        operation = Operation.objects.get(key="k")
        assert (export.operation_id, export.made_by, export.made_at) == (
            operation.pk, "finance@example.org", operation.recorded_at,
        )  # fmt: skip
        assert Event.objects.get(type="journal.exported").data["sha256"] == export.sha256
        viewer = person("viewer@example.org", "viewer")
        assert refused(EXPORT, actor=viewer, book=book) == "AUTHORIZATION_FAILED"


class TestTwoAtOnce:
    def test_two_callers_never_export_the_same(self, book: str) -> None:
        entries(3)
        outcomes = at_once(*[lambda: run(EXPORT, book=book)] * 4)
        assert Counter(code(outcome) for outcome in outcomes) == {None: 1, "NOTHING_TO_EXPORT": 3}
        assert ranges() == [(1, 1, 3)]

    def test_the_second_waits_for_the_first_and_goes_on_behind_it(self, book: str) -> None:
        entries(3)
        with somebody_else() as other:
            other.execute("LOCK TABLE ledger_journal_export IN SHARE MODE")
            with under_way(lambda: run(EXPORT, book=book, through=2), lambda: run(EXPORT, book=book)) as both:
                wait_until_blocked(2)
                other.rollback()
        codes = {code(one.result()) for one in both}
        assert codes <= {None, "NOTHING_TO_EXPORT"}
        assert ranges() in ([(1, 1, 2), (2, 3, 3)], [(1, 1, 3)])

    def test_entries_posted_meanwhile_are_in_the_next(self, book: str) -> None:
        def post_and_number() -> list[Any]:
            return [entries(1) for _ in range(10)]

        def export() -> list[Any]:
            return [run(EXPORT, book=book) for _ in range(15)]

        at_once(post_and_number, export, export)
        run(EXPORT, book=book)
        found = ranges()
        assert [begin for _, begin, _ in found] == [1, *(end + 1 for _, _, end in found[:-1])]
        assert found[-1][2] == 10
        rows = [row for export in JournalExport.objects.order_by("number") for row in read(export)]
        assert sorted({row["entry"] for row in rows}) == sorted(
            JournalEntry.objects.values_list("pk", flat=True)
        )
        assert len(rows) == 20


class TestKilled:
    def test_before_the_commit_the_range_is_still_to_be_exported(self, book: str) -> None:
        entries(3)
        ran(
            """
            from unittest.mock import patch
            with patch("apps.operations.writes.insert", die):
                run("ledger.export_journal", key="k", book="south")
            """,
            code=-9,
        )
        assert ranges() == []
        assert done(EXPORT, key="k2", book=book)["number"] == 1
        assert ranges() == [(1, 1, 3)]

    def test_while_it_writes_its_row_the_lock_goes_with_it(self, book: str) -> None:
        entries(3)
        with somebody_else() as other:
            other.execute("LOCK TABLE ledger_journal_export IN SHARE ROW EXCLUSIVE MODE")
            process = start("run('ledger.export_journal', book='south')")
            wait_until_blocked(1)
            process.kill()
            process.wait()
            other.rollback()
        assert done(EXPORT, book=book)["number"] == 1

    def test_a_lost_file_is_made_again(self, book: str, tmp_path: Path) -> None:
        entries(3)
        result = done(EXPORT, book=book)
        first, again = tmp_path / "first.csv", tmp_path / "again.csv"
        call_command("export_journal", book, "1", "-o", str(first))
        entries(2)
        projections.project()
        opened("customer:8", book=book, floor=None)
        done(EXPORT, book=book)
        call_command("export_journal", book, "1", "-o", str(again))
        out = StringIO(newline="")
        call_command("export_journal", book, "1", stdout=out)
        content = first.read_bytes()
        assert content == again.read_bytes() == out.getvalue().encode()
        assert hashlib.sha256(content).hexdigest() == result["sha256"]


class TestRows:
    def test_a_row_says_all_that_an_erp_asks(self, book: str) -> None:
        done("ledger.post_opening_balance", book=book, account="customer:7", amount=eur("12.30"))
        number_everything()
        done(EXPORT, book=book)
        entry = JournalEntry.objects.select_related("template").get()
        rows = read(JournalExport.objects.get())
        common = {
            "book": "south",
            "position": "1",
            "entry": entry.pk,
            "reference": entry.reference,
            "effective_on": str(entry.effective_on),
            "recorded_at": f"{entry.recorded_at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "currency": "EUR",
            "description": "Opening balance",
            "kind": "opening_balance",
            "template": str(entry.template),
            "operation": entry.operation_id,
        }
        equity = {"gl_code": "3900", "account": "equity:opening-balances", "debit": "12.30", "credit": ""}
        wallet = {"gl_code": "2130", "account": "customer:7", "debit": "", "credit": "12.30"}
        assert rows == [{**common, "line": "1", **equity}, {**common, "line": "2", **wallet}]
        assert tuple(rows[0]) == COLUMNS

    def test_lines_of_every_shape_add_up_to_the_ledger(self) -> None:
        book = new_book("north")
        vault, eth = (open_account(book, address, "ETH") for address in ("custody:a", "customer:7"))
        bank, yen = (open_account(book, address, "JPY") for address in ("bank:a", "customer:7"))
        reserve = open_account(book, "customer:7:held", "JPY", names_holds=True)
        post(Leg(vault, eth, 10**30 + 1), Leg(bank, yen, 5), Leg(bank, yen, 7), effective_at=NOON)
        hold = ids.new_id("hld")
        post(Leg(yen, reserve, 4, hold, "open"))
        number_everything()
        done(EXPORT, book="north")
        rows = read(JournalExport.objects.get())
        amounts = Counter()
        for row in rows:
            amounts[row["account"], row["currency"]] += Money.parse(
                row["credit"] or "0", row["currency"]
            ).minor
            amounts[row["account"], row["currency"]] -= Money.parse(
                row["debit"] or "0", row["currency"]
            ).minor
        expected: Counter[tuple[str, str]] = Counter()
        for line in Line.objects.select_related("account"):
            expected[line.account.address, line.account.currency] += line.amount
        assert amounts == expected
        assert [(row["position"], row["line"]) for row in rows] == [
            *(("1", str(number)) for number in range(1, 7)), ("2", "1"), ("2", "2"),
        ]  # fmt: skip

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "==", "'="])
    def test_no_text_is_a_formula(self, start: str) -> None:
        book = new_book("north")
        out_of, into = (open_account(book, address) for address in ("-1:a", "customer:7"))
        words = f'{start}HYPERLINK("http://x";"y"), "z"\r\nend'
        post(Leg(out_of, into, 5), description=words, reference=f"{start}r")
        number_everything()
        done(EXPORT, book="north")
        out, inside = read(JournalExport.objects.get())
        assert (out["description"], out["reference"], out["account"]) == (f"'{words}", f"'{start}r", "'-1:a")
        assert (out["debit"], inside["credit"]) == ("0.05", "0.05")

    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
    def test_the_text_is_read_back(self, original: str) -> None:
        safe = text(original)
        assert safe.removeprefix("'") == original
        assert not safe.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


class TestGuards:
    ROW = (
        "INSERT INTO ledger_journal_export (book_id, number, from_position, through_position, entries, format, sha256,"
        " operation_id, made_by, made_at) SELECT id, %s, %s, %s, %s, 'csv', '', gen_random_uuid(), '', now()"
        " FROM operations_book WHERE slug = 'south'"
    )

    def insert(self, *row: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(self.ROW, row)

    def test_the_database_refuses_what_is_exported_twice_or_left_out(self, book: str) -> None:
        entries(5)
        done(EXPORT, book=book, through=3)
        for row in (
            (2, 3, 4, 2),
            (2, 5, 5, 1),
            (3, 4, 4, 1),
            (2, 4, 6, 3),
            (2, 4, 5, 1),
            (1, 1, 3, 3),
            (2, 4, 3, 0),
        ):
            with pytest.raises(DatabaseError):
                self.insert(*row)
        assert ranges() == [(1, 1, 3)]
        self.insert(2, 4, 5, 2)

    @pytest.mark.parametrize(
        "statement", ["UPDATE ledger_journal_export SET number = 2", "DELETE FROM ledger_journal_export"]
    )
    def test_an_export_is_never_changed(self, book: str, statement: str) -> None:
        entries(1)
        done(EXPORT, book=book)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT has_table_privilege('countinghouse_app', 'ledger_journal_export', p)"
                " FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE']) p"
            )
            assert [may for (may,) in cursor.fetchall()] == [True, False, False]


@pytest.mark.tampers
def test_a_file_that_is_not_what_was_exported_does_not_leave(book: str, tmp_path: Path) -> None:
    entries(1)
    done(EXPORT, book=book)
    with connection.cursor() as cursor:
        cursor.execute(
            "SET session_replication_role = replica; UPDATE ledger_entry SET description = 'other';"
            " RESET session_replication_role"
        )
    with pytest.raises(CommandError, match="verify the ledger"):
        call_command("export_journal", book, "1", "-o", str(tmp_path / "1.csv"))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CommandError, match="no journal export 2"):
        call_command("export_journal", book, "2")


def peak_of(export: JournalExport) -> tuple[int, int]:

    tracemalloc.start()
    size = sum(len(piece) for piece in csv_of(export))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size, peak


def test_a_long_export_takes_the_memory_of_a_short_one() -> None:
    book = new_book("north")
    bank, wallet = (open_account(book, address) for address in ("bank:a", "customer:7"))
    for _ in range(8):
        post_many([Leg(bank, wallet, 1)] * 1_000)
    number_everything()
    done(EXPORT, book="north", through=2_000)
    done(EXPORT, book="north")
    short, long = (peak_of(export) for export in JournalExport.objects.order_by("number"))
    assert long[0] > 2.9 * short[0]
    assert long[1] < 1.2 * short[1]
