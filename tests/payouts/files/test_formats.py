"""Round trips: whatever way a file is written, the same rows are read of it; amounts exactly, and in flat memory."""

import tracemalloc
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.payouts.files import read
from apps.payouts.files.amounts import AmountAmbiguous, column_mark, plain
from apps.payouts.files.xlsx_file import exact
from apps.providers.formats import pain001
from apps.providers.formats.pain001 import Party, Payment, PaymentOrder
from tests.payouts.files.making import GOOD, HEADINGS, IBAN, OTHER_IBAN, as_csv, as_xlsx, dull, saved

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]
NARROW = "\N{NARROW NO-BREAK SPACE}"
WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(
    lambda text: text[0] not in "=+-@"
)


@st.composite
def payouts(draw: st.DrawFn) -> list[tuple[list[str], Money]]:
    """Rows that are fine, with what each pays."""
    made = []
    for _ in range(draw(st.integers(1, 5))):
        code = draw(st.sampled_from(["EUR", "JPY", "KWD", "ETH"]))
        money = Money(draw(st.integers(1, 10**18)), code)
        name, reference = draw(WORDS), draw(WORDS.filter(lambda text: "E+" not in text.upper()))
        made.append(
            ([name, draw(st.sampled_from([IBAN, OTHER_IBAN])), money.decimal, code, reference], money)
        )
    return made


@given(payouts(), st.sampled_from(",;\t|"), st.sampled_from(ENCODINGS), st.sampled_from(["\n", "\r\n"]))
def test_rows_come_back_from_a_csv(rows, delimiter: str, encoding: str, end: str) -> None:
    decided = [*HEADINGS], *(row for row, _ in rows), [*GOOD[:2], "0.5", "EUR", "tells the mark"]
    sheet = read("", as_csv(decided, delimiter=delimiter, encoding=encoding, end=end))
    assert [list(row.values.values()) for row in sheet.rows] == [
        [*map(str.strip, row)] for row in decided[1:]
    ]
    assert [row.entry and row.entry.amount for row in sheet.rows][:-1] == [money for _, money in rows]
    assert [(row.entry.name, row.entry.reference) for row in sheet.rows[:-1]] == [
        (row[0], row[4]) for row, _ in rows
    ]


@settings(max_examples=20)
@given(payouts())
def test_rows_come_back_from_a_workbook(rows) -> None:
    sheet = read("", as_xlsx([HEADINGS, *(row for row, _ in rows), [*GOOD[:2], "0.5", *GOOD[3:]]]))
    assert [row.entry and row.entry.amount for row in sheet.rows][:-1] == [money for _, money in rows]


@given(st.integers(-(10**13), 10**13), st.integers(0, 6))
def test_a_number_of_a_workbook_is_what_its_program_shows(digits: int, places: int) -> None:
    shown = Decimal(digits).scaleb(-places)
    stored = float(shown)
    assert Decimal(exact(stored)) == shown
    assert "E" not in exact(stored)


def spelled(whole: int, fraction: str, mark: str, group: str) -> str:
    """An amount in some country's way."""
    return f"{whole:,}".replace(",", group) + (mark + fraction if fraction else "")


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 99)), min_size=1, max_size=20),
    st.sampled_from([(".", ","), (",", "."), (",", NARROW), (",", " "), (".", "'"), (".", "")]),
)
def test_amounts_of_a_country_are_read_exactly(amounts: list[tuple[int, int]], way: tuple[str, str]) -> None:
    texts = [spelled(whole, f"{fraction:02}", *way) for whole, fraction in amounts]
    mark = column_mark(texts)
    assert mark == way[0]
    assert [Money.parse(plain(text, mark), "EUR").minor for text in texts] == [
        a * 100 + b for a, b in amounts
    ]


@pytest.mark.parametrize(
    ("column", "mark", "read_as"),
    [
        (["1,234"], "", [None]),
        (["1.234"], "", [None]),
        (["1,234", "5.678"], "", [None, None]),
        (["1,234", "0.50"], ".", ["1234", "0.50"]),
        (["1,234", "0,50"], ",", ["1.234", "0.50"]),
        (["1.234", "0,50"], ",", ["1234", "0.50"]),
        (["1,234", "1,234,567"], ".", ["1234", "1234567"]),
        (["1,234", "1.234,5"], ",", ["1.234", "1234.5"]),
        (["1,234", "1 234,567"], ",", ["1.234", "1234.567"]),
        (["1,234", "1 234"], "", [None, "1234"]),
        (["1,234", "1234"], "", [None, "1234"]),
        (["1,234", "0.50", "0,50"], "", [None, "0.50", "0.50"]),
        (["0,123", "1,234"], ",", ["0.123", "1.234"]),
        (["1234,567", "1,234"], ",", ["1234.567", "1.234"]),
        (["-1,234", "2.5"], ".", ["-1234", "2.5"]),
        (["1,23,456", "1,2345,678", "1 23", "12,", ",5", ""], "", ["1,23,456", "1,2345,678", "1 23", "12,", ",5", ""]),
    ],
)  # fmt: skip
def test_the_column_tells_or_nobody_does(column: list[str], mark: str, read_as: list[str | None]) -> None:
    assert column_mark(column) == mark
    for text, expected in zip(column, read_as, strict=True):
        if expected is None:
            with pytest.raises(AmountAmbiguous):
                plain(text, mark)
        else:
            assert plain(text, mark) == expected


def test_one_row_tells_for_the_others() -> None:
    def amounts(*texts: str) -> list[int | None]:
        rows = [[*GOOD[:2], text, "EUR", f"r{number}"] for number, text in enumerate(texts)]
        return [row.entry and row.entry.amount.minor for row in read("", as_csv([HEADINGS, *rows])).rows]

    assert amounts("1,234", "2.50") == [123_400, 250]
    assert amounts("1,234", "2,50") == [None, 250]
    assert amounts("1.234", "2,50") == [123_400, 250]
    assert amounts("1,234", "2") == [None, 200]


def test_an_old_encoding_is_a_guess_that_is_told() -> None:
    rows = [["Empfänger", *HEADINGS[1:]], ["Müller & Söhne", *GOOD[1:]]]
    sheet = read("", as_csv(rows, encoding="cp1252", delimiter=";"))
    assert sheet.rows[0].entry.name == "Müller & Söhne"
    assert [each.code for each in sheet.problems] == ["ENCODING_GUESSED"]
    assert sheet.is_acceptable
    assert not read("", as_csv(rows)).problems


def test_a_line_that_names_the_delimiter_counts_as_one() -> None:
    sheet = read("", b"sep=;\r\n" + as_csv([HEADINGS, [*GOOD[:2], "1,5", *GOOD[3:]]], delimiter=";"))
    assert [(row.number, row.entry.amount.minor) for row in sheet.rows] == [(3, 150)]


def test_delimiters_in_texts_do_not_mislead() -> None:
    heading = "reference, yours, if any, at all"
    content = as_csv([[*HEADINGS[:4], heading], [*GOOD[:4], "a,b,c"]], delimiter=";")
    assert (
        read("", content, mapping={heading: "reference", **{each: each for each in HEADINGS[:4]}})
        .rows[0]
        .values["reference"]
        == "a,b,c"
    )


ORDER = PaymentOrder(
    message_id="msg-1",
    created_at=datetime(2026, 11, 23, 12, 30, tzinfo=UTC),
    execute_on=date(2026, 11, 24),
    debtor=Party(name="Payer GmbH", iban=IBAN, bic="COBADEFFXXX"),
    payments=tuple(
        Payment(
            end_to_end_id=f"inv-{number}",
            amount=Money(1_050 + number, "EUR"),
            creditor=Party(name="Acme", iban=OTHER_IBAN, bic="CAIXESBBXXX"),
            remittance=f"Invoice {number}",
        )
        for number in range(3)
    ),
)


def written(order: PaymentOrder) -> bytes:
    """The bytes of an order."""
    return pain001.write_sepa(order)


def test_an_order_of_a_bank_is_rows() -> None:
    sheet = read("payouts.csv", written(ORDER))
    assert (sheet.kind, sheet.headings, sheet.fingerprint) == ("pain001", (), "")
    assert [row.number for row in sheet.rows] == [1, 2, 3]
    entry = sheet.rows[1].entry
    assert (entry.amount, entry.reference, entry.description) == (Money(1_051, "EUR"), "inv-1", "Invoice 1")
    assert entry.destination.details == {"iban": OTHER_IBAN}
    assert sheet.is_acceptable
    [told] = sheet.problems
    assert (told.code, "… 3000" in told.message, "2026-11-24" in told.message) == (
        "DEBTOR_IGNORED",
        True,
        True,
    )


def test_totals_that_disagree_are_a_problem_of_the_file() -> None:
    content = written(ORDER)
    wrong = content.replace(b"<NbOfTxs>3<", b"<NbOfTxs>4<", 1)
    assert wrong != content
    sheet = read("", wrong)
    assert [each.code for each in sheet.problems] == ["TOTALS_DISAGREE", "DEBTOR_IGNORED"]
    assert "says 4, and it is 3" in sheet.problems[0].message
    assert (sheet.is_acceptable, len(sheet.rows)) == (False, 3)


def test_rows_of_an_order_have_problems_as_others_do() -> None:
    content = written(ORDER).replace(OTHER_IBAN.encode(), OTHER_IBAN[:-1].encode() + b"3", 1)
    sheet = read(
        "", content.replace(b"inv-2", b"inv-1").replace(b"10.52", b"10.51").replace(b"Invoice 2", b"-2")
    )
    assert [[each.code for each in row.problems] for row in sheet.rows] == [
        ["INVALID_IBAN"],
        [],
        ["DUPLICATE_ROW"],
    ]
    assert sheet.rows[2].entry.description == "-2"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda xml: xml.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY a "b">]>', 1), "FILE_UNSAFE"),
        (lambda xml: xml[:-200], "FILE_MALFORMED"),
        (lambda xml: xml.replace(b">10.51<", b">10,51<"), "FILE_MALFORMED"),
        (lambda xml: xml.replace(b"pain.001", b"pain.008"), "FILE_FORMAT_UNKNOWN"),
    ],
)
def test_a_broken_order_is_refused_at_its_line(change, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        read("", change(written(ORDER)))
    assert refused.value.code == code
    assert "line" in refused.value.message


def test_an_order_has_limits_and_no_mapping() -> None:
    with pytest.raises(DomainError) as refused:
        read("", written(ORDER), most_rows=2)
    assert (refused.value.code, refused.value.details["row"]) == ("SHEET_TOO_LARGE", 3)
    with pytest.raises(DomainError, match="leave the mapping out"):
        read("", written(ORDER), mapping={"a": "amount"})


@given(payouts())
@settings(max_examples=20)
def test_an_order_that_we_write_is_read_equal(rows) -> None:
    payments = tuple(
        replace(ORDER.payments[0], amount=Money(money.minor % 10**10 + 1, "EUR"), end_to_end_id=f"r-{number}")
        for number, (_, money) in enumerate(rows)
    )
    sheet = read("", written(replace(ORDER, payments=payments)))
    assert [(row.entry.amount, row.entry.reference) for row in sheet.rows] == [
        (each.amount, each.end_to_end_id) for each in payments
    ]


def workbook_of(count: int) -> bytes:
    """A workbook of so many rows."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in dull(count):
        sheet.append(row)
    return saved(book)


def csv_of(count: int) -> bytes:
    """A CSV of so many rows."""
    return as_csv(list(dull(count)))


@pytest.mark.parametrize("make", [csv_of, workbook_of])
def test_ten_thousand_rows_are_read_and_not_one_more(make) -> None:
    sheet = read("", make(10_000))
    assert (len(sheet.rows), sheet.rows[-1].number, sheet.is_acceptable) == (10_000, 10_001, True)
    with pytest.raises(DomainError) as refused:
        read("", make(10_001))
    assert (refused.value.code, refused.value.details["row"]) == ("SHEET_TOO_LARGE", 10_002)


@pytest.mark.long
@pytest.mark.parametrize("make", [csv_of, workbook_of])
def test_ten_thousand_rows_fit_in_little_memory(make) -> None:
    """Measured: 20 MB at most on the way, 14 MB of them the rows."""
    read("", make(1))  # what is loaded once is loaded
    content = make(10_000)
    tracemalloc.start()
    rows = read("", BytesIO(content)).rows
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(rows) == 10_000
    assert peak < 30_000_000, f"{peak:,} bytes"
