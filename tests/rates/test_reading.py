"""The ECB's files: what is read from them, and what is refused, naming the place."""

import contextlib
import io
import struct
import tracemalloc
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.rates import ecb
from apps.rates.ecb import FileInvalid, reading
from tests.rates.making import archive, envelope, table

TODAY = date(2026, 3, 2)
DAYS = {
    "2026-02-27": {"USD": "1.1684", "JPY": "186.75", "CYP": "N/A"},
    "2026-02-26": {"USD": "1.17", "CYP": "0.58"},
}


def days(content: bytes) -> dict[str, dict[str, Decimal | None]]:
    return {each.day.isoformat(): dict(each.rates) for each in ecb.days_of(content, today=TODAY)}


def refusal(content: bytes) -> FileInvalid:
    with pytest.raises(FileInvalid) as caught:
        days(content)
    return caught.value


READ = {
    "2026-02-27": {"USD": Decimal("1.1684"), "JPY": Decimal("186.75"), "CYP": None},
    "2026-02-26": {"USD": Decimal("1.17"), "JPY": None, "CYP": Decimal("0.58")},
}


@pytest.mark.parametrize(
    "content",
    [
        table(DAYS),
        table(DAYS).replace(b",\n", b"\n"),
        table(DAYS).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + table(DAYS),
        archive(table(DAYS)),
        table(DAYS).replace(b",", b", ").replace(b"2026-02-27", b"27 February 2026"),
    ],
    ids=["as published", "no last comma", "windows", "byte order mark", "zip", "the daily table"],
)
def test_tables_are_read(content: bytes) -> None:
    assert days(content) == READ


def test_envelopes_are_read_and_say_nothing_of_what_they_leave_out() -> None:
    given = {
        day: {code: rate for code, rate in rates.items() if rate != "N/A"} for day, rates in DAYS.items()
    }
    wanted = {day: {code: rate for code, rate in rates.items() if rate} for day, rates in READ.items()}
    assert days(envelope(given)) == wanted
    assert days(archive(envelope(given))) == wanted


@pytest.mark.parametrize(
    ("old", "new", "said", "line", "column"),
    [
        (b"186.75", b"186,75", "It has 6 cells where the first line has 5", 2, None),
        (b"186.75", b"186.7.5", "'186.7.5' is no rate", 2, "JPY"),
        (b"186.75", b"-186.75", "'-186.75' is no rate", 2, "JPY"),
        (b"186.75", b"1e3", "'1e3' is no rate", 2, "JPY"),
        (b"186.75", b"NaN", "'NaN' is no rate", 2, "JPY"),
        (b"186.75", b"", "'' is no rate", 2, "JPY"),
        (b"186.75", b"0.000", "A rate is above zero", 2, "JPY"),
        (b"186.75", b"1" * 13, "is no rate", 2, "JPY"),
        (b"186.75", b"\xef\xbc\x91", "is no rate", 2, "JPY"),
        (b"2026-02-26", b"2026-02-30", "'2026-02-30' is no day", 3, "Date"),
        (b"2026-02-26", b"26/02/2026", "'26/02/2026' is no day", 3, "Date"),
        (b"2026-02-26", b"2026-02-27", "2026-02-27 is there twice", 3, None),
        (b"2026-02-26", b"1998-12-31", "1998-12-31 is before the first day of the euro", 3, None),
        (b"2026-02-26", b"2026-03-03", "2026-03-03 is yet to come", 3, None),
        (b"CYP", b"USD", "USD has two columns", 1, "USD"),
        (b"CYP", b"cyp", "'cyp' is no code", 1, None),
        (b"CYP", b"EUR", "The euro has no rate against itself", 1, None),
        (b"Date", b"Day", "The first line must begin with Date", 1, None),
        (b"186.75", b'18"6"', "is no rate", 2, "JPY"),
        (b"186.75", b'"186.75', "It is no table", 3, None),
        (b"186.75", b"\xff\xfe", "It is not in ASCII or UTF-8", None, None),
        (b",\n", b",7\n", "'7' is no code", 1, None),
    ],
)
def test_a_wrong_table_is_refused_at_its_place(
    old: bytes, new: bytes, said: str, line: int | None, column: str | None
) -> None:
    error = refusal(table(DAYS).replace(old, new))
    assert said in error.message
    assert error.code == "RATES_FILE_INVALID"
    if line is not None:
        assert (error.details["line"], error.details["column"]) == (line, column)
        assert f"line {line}" in error.message
    if column:
        assert f"column {column}" in error.message


def test_a_table_that_ends_in_the_middle_is_refused() -> None:
    """Also in the middle of its last number, which would still be one."""
    whole = table(DAYS)
    for end in range(len(whole) - 2, whole.index(b"2026-02-26"), -1):
        assert "line 3" in refusal(whole[:end]).message, whole[:end]


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"Date,USD,\n", b"PK", b"PK\x03\x04rest", b"<", b"\x00" * 99, b"Date"]
)
def test_what_is_no_file_of_rates_is_refused(content: bytes) -> None:
    assert refusal(content).code == "RATES_FILE_INVALID"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (envelope({"2026-02-27": {"USD": "1,1684"}}), "'1,1684' is no rate"),
        (envelope({"2026-02-27": {"usd": "1.1684"}}), "'usd' is no code"),
        (envelope({"2026-02-31": {"USD": "1.1684"}}), "'2026-02-31' is no day"),
        (envelope({}), "There is no day"),
        (envelope(DAYS)[:-40], "no well-formed XML"),
        (
            envelope({"2026-02-27": {"USD": "1.1684"}}).replace(b"rate=", b"price="),
            "holds cubes with a currency",
        ),
        (
            envelope({"2026-02-27": {"USD": "1"}}).replace(b"/>", b"/><Cube currency='USD' rate='2'/>"),
            "there twice",
        ),
        (b"<html><body>Maintenance</body></html>", "no envelope of the ECB"),
        (envelope(DAYS, '<!DOCTYPE x [<!ENTITY a "1.1">]>'), "DOCTYPE"),
        (envelope({"2026-02-27": {"USD": "&a;"}}, '<!DOCTYPE x [<!ENTITY a "1.1">]>'), "DOCTYPE"),
        (envelope({}, '<!DOCTYPE x SYSTEM "file:///etc/passwd">'), "DOCTYPE"),
    ],
)
def test_a_wrong_envelope_is_refused(content: bytes, said: str) -> None:
    assert said in refusal(content).message


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    error = refusal(envelope({"2026-02-27": {"USD": "&j;"}}, bomb + "]>"))
    assert "DOCTYPE" in error.message or "no well-formed XML" in error.message


def test_a_line_of_an_envelope_is_named() -> None:
    error = refusal(envelope({"2026-02-27": {"USD": "1.1", "JPY": "1", "GBP": "x"}}))
    assert (error.details["line"], error.details["column"]) == (5, "GBP")


def test_archives_that_are_none_of_the_ecbs_are_refused() -> None:
    whole = archive(table(DAYS))
    assert "holds 2 files" in refusal(archive(table(DAYS), table(DAYS))).message
    assert "holds 0 files" in refusal(archive()).message
    assert "damaged" in refusal(whole[: len(whole) // 2]).message
    at = whole.index(b"eurofxref-0.csv") + 20
    assert "damaged" in refusal(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]).message
    encrypted = bytearray(whole)
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refusal(bytes(encrypted)).message


def test_a_bomb_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    line = b"2026-02-27," + b"1" * 80_000 + b"\n"
    bomb = archive(b"Date,USD,\n" + line * 1_000)
    assert len(bomb) < reading.LARGEST
    assert "more than 64000000 bytes" in refusal(bomb).message
    lying = bytearray(archive(b"Date,USD,\n" + b"\n" * 70_000_000))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", lying, lying.index(mark) + offset, 1_000_000)
    tracemalloc.start()
    assert refusal(bytes(lying)).code == "RATES_FILE_INVALID"
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_reader_counts_what_it_reads_whatever_an_archive_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST_UNPACKED", 100)
    assert (
        "more than 100 bytes"
        in refusal(table(DAYS | {f"2025-02-{n:02}": {"USD": "1"} for n in range(1, 9)})).message
    )


def test_a_file_is_not_larger_than_any_of_rates() -> None:
    assert "no file of rates has more" in refusal(b"1" * (ecb.LARGEST + 1)).message


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_nothing_else(content: bytes) -> None:
    refusal(content)


@given(st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    """Never anything but days or a refusal, wherever a byte is another."""
    whole = data.draw(
        st.sampled_from([table(DAYS), envelope({"2026-02-27": {"USD": "1.1"}}), archive(table(DAYS))])
    )
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    with contextlib.suppress(FileInvalid):
        assert days(damaged)


def test_a_zip_may_have_a_folder_and_no_compression() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.mkdir("rates")
        packed.writestr("rates/eurofxref-hist.csv", table(DAYS))
    assert days(made.getvalue()) == READ
