"""Workbooks that are written while their rows are read: numbers are numbers, words are harmless, nothing is cut short."""

import io
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zipfile import BadZipFile, ZipFile

import openpyxl
import pytest

from apps.console import sheets
from apps.console.sheets import Value, workbook
from apps.core.money import Money

NOON = datetime(2026, 3, 1, 12, 34, 56, tzinfo=UTC)


def book(*rows: Sequence[Value], headings: Sequence[str] = ("One", "Two")) -> Any:
    """The workbook of these rows as a spreadsheet reads it."""
    return openpyxl.load_workbook(io.BytesIO(b"".join(workbook(headings, iter(rows)))))


def cell(value: Value) -> Any:
    """The cell that a value becomes."""
    return book([value]).active["A2"]


def xml(*rows: Sequence[Value]) -> str:
    """A sheet as it is written."""
    with ZipFile(io.BytesIO(b"".join(workbook(["One"], iter(rows))))) as package:
        return package.read("xl/worksheets/sheet1.xml").decode()


def test_headings_are_bold_and_stay() -> None:
    sheet = book(["a", "b"]).active
    assert [each.value for each in sheet[1]] == ["One", "Two"]
    assert [(each.font.b, each.data_type) for each in sheet[1]] == [(True, "s")] * 2
    assert not sheet["A2"].font.b
    assert (sheet.title, sheet.freeze_panes, sheet.max_row) == ("List", "A2", 2)
    assert [list(row) for row in book().active.values] == [["One", "Two"]]


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("1500 JPY", "#,##0"),
        ("-1234567.89 EUR", "#,##0.00"),
        ("0.00 EUR", "#,##0.00"),
        ("12.345 KWD", "#,##0.000"),
        ("1234567.12345678 BTC", "#,##0.00000000"),
        ("0.000123456789012345 ETH", "#,##0.000000000000000000"),
        ("9999999999999.99 EUR", "#,##0.00"),
    ],
)
def test_amounts_are_numbers_with_the_digits_of_their_currency(amount: str, shown: str) -> None:
    digits, code = amount.split()
    found = cell(Money.parse(digits, code))
    assert (found.data_type, found.number_format) == ("n", shown)
    assert Decimal(str(found.value)) == Decimal(digits)
    assert f"<v>{digits}</v>" in xml([Money.parse(digits, code)])


@pytest.mark.parametrize(
    "value",
    [
        Money(10**15, "EUR"),
        Money(-(10**15), "EUR"),
        Money(1_000_000_000_000_000_001, "ETH"),
        10**15,
        -(10**15),
        Decimal("0.1234567890123456"),
        Decimal("1E-19"),
        Decimal("NaN"),
    ],
)
def test_numbers_that_a_spreadsheet_would_round_are_words_to_the_right(value: Value) -> None:
    found = cell(value)
    written = value.decimal if isinstance(value, Money) else f"{Decimal(value):f}"
    assert (found.data_type, found.value, found.alignment.horizontal) == ("s", written, "right")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (7, "0"),
        (0, "0"),
        (-12, "0"),
        (10**15 - 1, "0"),
        (Decimal("99.7"), "#,##0.0"),
        (Decimal("-0.25"), "#,##0.00"),
        (Decimal("1E+3"), "#,##0"),
    ],
)
def test_whole_and_broken_numbers_are_numbers(value: int | Decimal, shown: str) -> None:
    found = cell(value)
    assert (found.data_type, found.number_format) == ("n", shown)
    assert Decimal(str(found.value)) == value


@pytest.mark.parametrize(
    "at", [NOON, NOON.astimezone(timezone(timedelta(hours=5, minutes=30))), NOON.replace(microsecond=999_999)]
)
def test_instants_are_instants_in_utc_and_say_so(at: datetime) -> None:
    found = cell(at)
    assert (found.data_type, found.value) == ("d", datetime(2026, 3, 1, 12, 34, 56))  # noqa: DTZ001
    assert found.number_format == 'yyyy\\-mm\\-dd hh:mm:ss" UTC"'


def test_days_are_days_back_to_where_spreadsheets_miscount() -> None:
    found = cell(date(2026, 2, 28))
    assert (found.data_type, found.value.date(), found.number_format) == (
        "d",
        date(2026, 2, 28),
        "yyyy\\-mm\\-dd",
    )
    assert cell(date(1901, 1, 1)).value.date() == date(1901, 1, 1)
    assert cell(date(1900, 1, 1)).value == "1900-01-01"


@pytest.mark.parametrize("seconds", range(0, 86_400, 7_919))
def test_every_second_of_a_day_comes_back(seconds: int) -> None:
    at = datetime(2099, 12, 31, tzinfo=UTC) + timedelta(seconds=seconds)
    assert cell(at).value == at.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\x01=1+1", "'=1+1"),
        ("1.50", "1.50"),
        ("007", "007"),
        ("<b> & \"c\" 'd' ]]>", "<b> & \"c\" 'd' ]]>"),
        (" kept ", " kept "),
        ("a\x00b\x0bc\x1fd\uffffe", "abcde"),
        ("one\ntwo\tthree", "one\ntwo\tthree"),
        ("a\rb", "a\rb"),
        ("Žofie 🏦", "Žofie 🏦"),
        ("x" * 40_000, "x" * 32_767),
    ],
)
def test_words_are_words_whatever_they_say(words: str, found: str) -> None:
    read = cell(words)
    assert (read.data_type, read.value) == ("s", found)


def test_words_that_look_like_the_code_of_a_character_are_not_read_as_one() -> None:
    assert ">_x005F_x0041_ _x004<" in xml(["_x0041_ _x004"])


def test_no_words_are_no_cell_and_the_others_stay_in_their_columns() -> None:
    headings = [f"Column {number}" for number in range(30)]
    row = ["" if number % 2 else number for number in range(30)]
    sheet = book(row, headings=headings).active
    assert [each.value for each in sheet[2]][:29] == [None if each == "" else each for each in row][:29]
    assert sheet["AC2"].value == 28


@pytest.mark.parametrize(("limit", "most"), [("MOST_ROWS", 3), ("MOST_BYTES", 200)])
def test_what_a_sheet_does_not_take_stands_on_the_next(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(sheets, limit, most)
    found = book(*([number, "word"] for number in range(7)))
    assert found.sheetnames[:3] == ["List", "List 2", "List 3"]
    assert all([each.value for each in sheet[1]] == ["One", "Two"] for sheet in found)
    assert all(sheet.freeze_panes == "A2" for sheet in found)
    rows = [row[0] for sheet in found for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert rows == list(range(7))


def test_a_sheet_that_is_just_full_has_none_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    assert book([1], [2], [3]).sheetnames == ["List"]


def numbered(many: int, read: list[int]) -> Iterator[Sequence[Value]]:
    """Rows, of which the last that was read is known."""
    for number in range(many):
        read[0] = number
        yield [number, f"word {number * 7919 % 100_003}", Money(number, "EUR"), NOON]


def test_bytes_leave_while_rows_are_read() -> None:
    read = [0]
    parts = workbook(["A", "B", "C", "D"], numbered(20_000, read))
    seen = []
    for part in parts:
        assert part
        seen.append(read[0])
    assert seen[0] == 0
    assert len(seen) > 8
    assert max(later - sooner for sooner, later in pairwise(seen)) < 4_000


def send(parts: Iterator[bytes], sent: list[bytes]) -> None:
    """Send what comes, as a server does."""
    for part in parts:
        sent.append(part)


def test_rows_that_fail_leave_a_file_without_its_end() -> None:
    def failing() -> Iterator[Sequence[Value]]:
        yield from numbered(20_000, [0])
        raise ConnectionError("The database is gone.")

    sent: list[bytes] = []
    with pytest.raises(ConnectionError):
        send(workbook(["A", "B", "C", "D"], failing()), sent)
    assert len(sent) > 8
    with pytest.raises(BadZipFile):
        ZipFile(io.BytesIO(b"".join(sent)))


def grown(rows: Iterator[Sequence[Value]]) -> int:
    """The most memory that a workbook of these rows takes while it is written."""
    tracemalloc.start()
    for _part in workbook(["A", "B", "C", "D"], rows):
        pass
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_memory_is_flat() -> None:
    assert grown(numbered(30_000, [0])) < 2**20


@pytest.mark.long
def test_memory_is_flat_beyond_a_whole_sheet() -> None:
    """A sheet more costs what each part of the file costs, whatever stands in the one before."""
    little = grown(numbered(30_000, [0]))
    assert grown([number] for number in range(sheets.MOST_ROWS + 10)) < 2 * little
