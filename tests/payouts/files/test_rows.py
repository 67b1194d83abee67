"""Rows: what is read of them, and everything that can be wrong in one, with its number."""

import re
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.destinations import destination_of
from apps.core import ids
from apps.core.money import Money
from apps.payouts.files import Code, Row, Sheet, read, template
from apps.payouts.files.cells import WARNINGS
from tests.payouts.files.making import (
    GOOD,
    HEADINGS,
    IBAN,
    OTHER_IBAN,
    SHEET,
    as_csv,
    as_xlsx,
    changed,
    saved,
    with_row,
)

RCP, WAL = ids.new_id("rcp"), ids.new_id("wal")
NO_PAYEE = {"iban": "", "name": ""}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
ACCOUNT = {"iban": "", "account_number": "000123456789", "bank_code": "021000021"}


def only(content: bytes, **options: object) -> Row:
    """The row of a file that has one."""
    [row] = read("", content, **options).rows
    return row


def codes(row: Row | Sheet) -> list[tuple[str, str]]:
    """Each problem's code and field."""
    return [(each.code.value, each.field) for each in row.problems]


def test_a_good_row_says_who_gets_what() -> None:
    row = only(with_row(country="de", description="Grüße", wallet=WAL))
    assert (row.number, row.problems, row.values["amount"]) == (2, (), "12.34")
    entry = row.entry
    assert entry is not None
    assert (entry.amount, entry.destination) == (Money(1234, "EUR"), destination_of({"iban": IBAN}))
    assert (entry.name, entry.country, entry.reference) == ("Acme GmbH", "DE", "invoice-1")
    assert (entry.description, entry.wallet, entry.recipient) == ("Grüße", WAL, "")


def test_numbers_are_those_that_a_sheet_shows() -> None:
    content = as_csv([[], HEADINGS, [], GOOD, ["", " ", "", "", ""], ["two\nlines", *GOOD[1:]], GOOD])
    sheet = read("", content)
    assert [row.number for row in sheet.rows] == [4, 6, 7]
    assert codes(sheet.rows[1]) == [("TEXT_UNPRINTABLE", "name")]
    book = read("", as_xlsx([[], HEADINGS, [], GOOD, [None] * 5, GOOD]))
    assert [row.number for row in book.rows] == [4, 6]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"amount": ""}, ("FIELD_MISSING", "amount")),
        ({"currency": ""}, ("FIELD_MISSING", "currency")),
        ({"name": ""}, ("FIELD_MISSING", "name")),
        ({"iban": ""}, ("FIELD_MISSING", "")),
        (ACCOUNT | {"bank_code": ""}, ("FIELD_MISSING", "bank_code")),
        (ACCOUNT | {"account_number": ""}, ("FIELD_MISSING", "account_number")),
        ({"amount": "1,234"}, ("AMOUNT_AMBIGUOUS", "amount")),
        ({"amount": "0"}, ("AMOUNT_NOT_POSITIVE", "amount")),
        ({"amount": "-12.34"}, ("AMOUNT_NOT_POSITIVE", "amount")),
        ({"amount": "12.345678"}, ("INVALID_AMOUNT", "amount")),
        ({"amount": "1.5", "currency": "JPY"}, ("INVALID_AMOUNT", "amount")),
        ({"amount": "12.34 EUR"}, ("INVALID_AMOUNT", "amount")),
        ({"amount": "1e5"}, ("INVALID_AMOUNT", "amount")),
        ({"amount": "+5"}, ("INVALID_AMOUNT", "amount")),
        ({"amount": "NaN"}, ("INVALID_AMOUNT", "amount")),
        ({"amount": "\N{FULLWIDTH DIGIT ONE}2"}, ("INVALID_AMOUNT", "amount")),
        ({"amount": "9" * 70}, ("INVALID_AMOUNT", "amount")),
        ({"amount": "1\x002"}, ("INVALID_AMOUNT", "amount")),
        ({"amount": "=1+1"}, ("FORMULA", "amount")),
        ({"currency": "XXY"}, ("CURRENCY_UNKNOWN", "currency")),
        ({"iban": IBAN[:-1] + "1"}, ("INVALID_IBAN", "iban")),
        ({"iban": "US12 3456"}, ("INVALID_IBAN", "iban")),
        ({"iban": "3.70400440532013E+17"}, ("NUMBER_NOT_TEXT", "iban")),
        (ACCOUNT | {"account_number": "1,23457E+11"}, ("NUMBER_NOT_TEXT", "account_number")),
        (ACCOUNT | {"account_number": "12#4"}, ("TEXT_MALFORMED", "account_number")),
        (ACCOUNT | {"bank_code": "ä"}, ("TEXT_MALFORMED", "bank_code")),
        (ACCOUNT | {"bic": "NOBIC"}, ("INVALID_BIC", "bic")),
        ({"country": "D1"}, ("COUNTRY_UNKNOWN", "country")),
        ({"country": "Germany"}, ("TEXT_TOO_LONG", "country")),
        ({"wallet": RCP}, ("INVALID_ID", "wallet")),
        (NO_PAYEE | {"recipient": "rcp_1"}, ("INVALID_ID", "recipient")),
        ({"recipient": RCP}, ("PAYEE_UNCLEAR", "")),
        (NO_PAYEE | {"recipient": RCP, "recipient_external_id": "a"}, ("PAYEE_UNCLEAR", "")),
        (ACCOUNT | {"iban": IBAN}, ("PAYEE_UNCLEAR", "")),
        ({"name": "=HYPERLINK(1)"}, ("FORMULA", "name")),
        ({"name": "@sum"}, ("FORMULA", "name")),
        ({"reference": "+1"}, ("FORMULA", "reference")),
        ({"description": " -1"}, ("FORMULA", "description")),
        ({"description": "\tx"}, ("FORMULA", "description")),
        ({"name": "a" * 141}, ("TEXT_TOO_LONG", "name")),
        ({"reference": "a" * 121}, ("TEXT_TOO_LONG", "reference")),
        ({"name": "a\x00b"}, ("TEXT_UNPRINTABLE", "name")),
        ({"name": "a\x1bb"}, ("TEXT_UNPRINTABLE", "name")),
        ({"description": "a\nb"}, ("TEXT_UNPRINTABLE", "description")),
    ],
)
def test_every_problem_of_a_row_is_told_with_its_field(
    values: dict[str, str], problem: tuple[str, str]
) -> None:
    row = only(with_row(**values))
    assert (row.number, codes(row), row.entry) == (2, [problem], None)
    assert row.problems[0].message
    assert not read("", with_row(**values)).is_acceptable


def test_all_problems_of_a_row_are_told_at_once() -> None:
    row = only(with_row(amount="x", name="", currency="XXY", country="1"))
    assert {code for code, _ in codes(row)} == {"CURRENCY_UNKNOWN", "FIELD_MISSING", "COUNTRY_UNKNOWN"}


@pytest.mark.parametrize(
    ("values", "who"),
    [
        (NO_PAYEE | {"recipient": RCP}, (RCP, "", None)),
        (NO_PAYEE | {"recipient_external_id": "supplier 7"}, ("", "supplier 7", None)),
        ({"recipient_external_id": "s7"}, ("", "s7", destination_of({"iban": IBAN}))),
        (
            ACCOUNT | {"bic": "chasus33"},
            (
                "",
                "",
                destination_of(
                    {"account_number": "000123456789", "bank_code": "021000021", "bic": "CHASUS33"}
                ),
            ),
        ),
    ],
)
def test_each_way_to_name_who_is_paid(values: dict[str, str], who: tuple[object, ...]) -> None:
    row = only(with_row(**values))
    assert row.entry is not None, row.problems
    assert (row.entry.recipient, row.entry.recipient_external_id, row.entry.destination) == who


def test_a_currency_is_taken_from_whoever_asks_where_a_row_has_none() -> None:
    assert only(with_row(currency=""), currency="CZK").entry.amount == Money(1234, "CZK")
    assert only(with_row(currency="eur"), currency="CZK").entry.amount == Money(1234, "EUR")


def test_an_iban_counts_against_a_bic_that_differs() -> None:
    row = only(with_row(bic="DEUTDEFF"))
    assert codes(row) == [("BIC_DIFFERS", "bic")]
    assert row.entry.destination.bic == "COBADEFFXXX"
    assert read("", with_row(bic="DEUTDEFF")).is_acceptable
    assert not only(with_row(bic="cobadeff")).problems


def test_a_row_that_is_like_another_names_it() -> None:
    spaced = ["Somebody else", "de89 3704 0044 0532 0130 00", "12.340", "EUR", "invoice-1"]
    rows = [
        HEADINGS,
        GOOD,
        [GOOD[0], OTHER_IBAN, *GOOD[2:]],
        [*GOOD[:2], "12.35", *GOOD[3:]],
        [*GOOD[:4], "2"],
    ]
    sheet = read("", as_csv([*rows, GOOD, [*spaced[:2], "12.34", *spaced[3:]]]))
    assert [codes(row) for row in sheet.rows] == [
        [],
        [],
        [],
        [],
        [("DUPLICATE_ROW", "")],
        [("DUPLICATE_ROW", "")],
    ]
    assert [each.message[:5] for row in sheet.rows for each in row.problems] == ["Row 2", "Row 2"]
    assert sheet.is_acceptable


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (GOOD[:4], "4 columns and the headings are 5"),
        ([*GOOD, "", "surplus"], "Column G"),
    ],
)
def test_a_ragged_row_of_a_csv_is_a_problem(row: list[str], message: str) -> None:
    sheet = read("", as_csv([HEADINGS, [*GOOD[:4], "1"], row]))
    assert [codes(each) for each in sheet.rows] == [[], [("ROW_RAGGED", "")]]
    assert message in sheet.rows[1].problems[0].message
    assert sheet.rows[1].entry is None
    assert read("", as_csv([HEADINGS, [*GOOD, "", ""]])).is_acceptable


@pytest.mark.parametrize(
    "headings",
    [
        ["Beneficiary", "IBAN", "Amount", "CCY", "Payment reference"],
        ["Empfänger", "IBAN des Empfängers", "Betrag", "Währung", "Rechnungsnummer"],
        ["NAZEV PRIJEMCE", "iban", "Částka", "Měna", "Variabilní symbol"],
        ["Kontoinhaber", "I-B-A-N".replace("-", ""), " betrag ", "währung", "Referenz:"],
    ],
)
def test_headings_are_known_in_several_spellings(headings: list[str]) -> None:
    sheet = read("", as_csv([headings, GOOD]))
    assert list(sheet.mapping.values()) == HEADINGS
    assert list(sheet.mapping) == [heading.strip() for heading in headings]
    assert sheet.rows[0].entry == only(as_csv([HEADINGS, GOOD])).entry


def test_a_mapping_that_is_given_is_all_that_counts() -> None:
    content = as_csv([["Who", "Where", "amount", "Total", "currency"], ["Acme", IBAN, "1.00", "2.00", "EUR"]])
    row = only(content, mapping={"who": "name", "WHERE": "iban", "Total": "amount"}, currency="USD")
    assert row.entry.amount == Money(200, "USD")
    assert row.values == {"name": "Acme", "iban": IBAN, "amount": "2.00"}


def test_what_the_headings_do_not_tell_is_asked() -> None:
    sheet = read("", as_csv([["Who", "Amount", "Betrag", "IBAN"], ["Acme", "1", "2", IBAN]]))
    assert codes(sheet) == [("MAPPING_UNCLEAR", "amount"), ("MAPPING_INCOMPLETE", "")]
    assert (sheet.rows, sheet.is_acceptable, sheet.mapping) == ((), False, {"IBAN": "iban"})
    assert "'Amount' or 'Betrag'" in sheet.problems[0].message
    assert "the amount" in sheet.problems[1].message


def test_a_fingerprint_is_of_the_headings_alone() -> None:
    of = read("", as_csv([HEADINGS, GOOD])).fingerprint
    loud = [f" {heading.upper()}" for heading in reversed(HEADINGS)]
    assert read("", as_xlsx([loud, GOOD[::-1]])).fingerprint == of
    assert read("", as_csv([[*HEADINGS, "more"], [*GOOD, ""]])).fingerprint != of


def test_the_template_is_fine_as_it_is() -> None:
    sheet = read("template.csv", template())
    assert sheet.is_acceptable
    assert not sheet.problems
    assert set(sheet.mapping) == set(sheet.mapping.values())
    assert len(sheet.mapping) == 13


@pytest.mark.parametrize(
    ("value", "minor"),
    [(10.1, 1010), (0.07, 7), (1, 100), (1234567.89, 123456789), ("1.234,50", 123450), (1e6, 100_000_000)],
)
def test_an_amount_of_a_workbook_is_exact(value: object, minor: int) -> None:
    assert only(as_xlsx([HEADINGS, [*GOOD[:2], value, *GOOD[3:]]])).entry.amount == Money(minor, "EUR")


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        (2, "=1+1", ("FORMULA", "amount")),
        (0, "=A1", ("FORMULA", "name")),
        (2, 10.125, ("INVALID_AMOUNT", "amount")),
        (2, 123456789012345678, ("INVALID_AMOUNT", "amount")),
        (2, date(2026, 11, 22), ("INVALID_AMOUNT", "amount")),
        (2, True, ("INVALID_AMOUNT", "amount")),
        (2, -1, ("AMOUNT_NOT_POSITIVE", "amount")),
        (1, 89370400440532013000, ("NUMBER_NOT_TEXT", "iban")),
        (1, 8.937e21, ("NUMBER_NOT_TEXT", "iban")),
        (4, 1234567890123456, ("NUMBER_NOT_TEXT", "reference")),
        (4, date(2026, 11, 22), ("VALUE_NOT_TEXT", "reference")),
        (4, True, ("VALUE_NOT_TEXT", "reference")),
        (4, "#N/A", ("VALUE_NOT_TEXT", "reference")),
        (2, "#DIV/0!", ("INVALID_AMOUNT", "amount")),
    ],
)
def test_what_a_workbook_made_of_a_cell_is_a_problem(
    column: int, value: object, problem: tuple[str, str]
) -> None:
    row: list[object] = [*GOOD]
    row[column] = value
    sheet = read("", as_xlsx([HEADINGS, GOOD, row]))
    assert [codes(each) for each in sheet.rows] == [[], [problem]]
    assert (sheet.rows[1].number, sheet.rows[1].entry) == (3, None)


def test_a_result_that_a_formula_left_is_not_read() -> None:
    content = as_xlsx([HEADINGS, [*GOOD[:2], "=10*2", *GOOD[3:]]])
    cached = changed(content, SHEET, lambda xml: re.sub(rb"<v ?/>", b"<v>20</v>", xml))
    assert cached != content
    assert codes(only(cached)) == [("FORMULA", "amount")]


@pytest.mark.parametrize(
    ("stored", "minor"), [(b"1.1000000000000001", 110), (b"0.30000000000000004", None), (b"1.5E1", 1500)]
)
def test_what_binary_made_of_a_number_is_undone_or_refused(stored: bytes, minor: int | None) -> None:
    content = as_xlsx([HEADINGS, [*GOOD[:2], 77, *GOOD[3:]]])
    row = only(changed(content, SHEET, lambda xml: xml.replace(b"<v>77</v>", b"<v>" + stored + b"</v>")))
    assert (row.entry and row.entry.amount.minor) == minor
    assert codes(row) == ([] if minor else [("INVALID_AMOUNT", "amount")])


def test_numbers_that_lose_nothing_are_texts() -> None:
    row = only(as_xlsx([[*HEADINGS, "external id"], [*GOOD[:4], 2026001, 17.0]]))
    assert (row.entry.reference, row.entry.recipient_external_id) == ("2026001", "17")


def test_what_is_not_mapped_may_be_anything() -> None:
    headings = [*HEADINGS, "due", "", "sum"]
    row = only(as_xlsx([headings, [*GOOD, date(2026, 11, 22), "x", "=1+1", "beyond"]]))
    assert (row.problems, row.entry is not None) == ((), True)


def test_the_first_visible_sheet_is_read_or_the_one_that_is_named() -> None:
    book = openpyxl.Workbook()
    book.active.title, book.active.sheet_state = "Lists", "hidden"
    for title, name in (("January", "One"), ("February", "Two")):
        sheet = book.create_sheet(title)
        sheet.append(HEADINGS)
        sheet.append([name, *GOOD[1:]])
        sheet.row_dimensions[2].hidden = True
    content = saved(book)
    first = read("", content)
    assert (first.rows[0].entry.name, codes(first)) == ("One", [("SHEETS_IGNORED", "")])
    assert first.is_acceptable
    assert read("", content, sheet="February").rows[0].entry.name == "Two"
    with pytest.raises(Exception, match="no sheet 'March'"):
        read("", content, sheet="March")


def test_a_long_text_that_a_workbook_has_once_is_not_kept_for_each_row() -> None:
    sheet = read(
        "", as_xlsx([HEADINGS, *([" " + "a" * 30_000, *GOOD[1:4], str(number)] for number in range(5))])
    )
    assert [codes(row) for row in sheet.rows] == [[("TEXT_TOO_LONG", "name")]] * 5
    assert max(len(row.values["name"]) for row in sheet.rows) < 1_000


def test_merged_cells_have_their_value_once() -> None:
    book = openpyxl.Workbook()
    for row in (HEADINGS, GOOD, [*GOOD[:4], "2"]):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    assert [codes(row) for row in read("", saved(book)).rows] == [[], [("FIELD_MISSING", "name")]]


TESTED_ELSEWHERE = {Code.TOTALS_DISAGREE, Code.DEBTOR_IGNORED, Code.ENCODING_GUESSED}


def test_every_code_is_tested_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [code for code in Code if f'"{code}"' not in source and code not in TESTED_ELSEWHERE] == []
    assert set(Code) >= WARNINGS


@given(st.sampled_from(["iban", "bic", "account_number", "wallet", "recipient", "currency", "amount"]), TEXTS)
def test_no_text_breaks_a_row(field: str, text: str) -> None:
    row = dict(zip(HEADINGS, GOOD, strict=True)) | ({} if field == "iban" else ACCOUNT) | {field: text}
    for each in read("", as_csv([list(row), list(row.values())])).rows:
        assert each.entry or each.problems
