"""Files that are refused as a whole: garbage, bombs, too much; each with a code, and with what to do."""

import tracemalloc
from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_LZMA, ZipFile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.errors import DomainError
from apps.payouts.files import Sheet, archive, read
from tests.payouts.files.making import (
    GOOD,
    HEADINGS,
    SHEET,
    Endless,
    as_csv,
    as_xlsx,
    changed,
    saved,
    with_row,
    zipped,
)

WORKBOOK = as_xlsx([HEADINGS, GOOD])


def refusal(content: object, name: str = "payouts.csv", **options: object) -> DomainError:
    """Why it is refused."""
    with pytest.raises(DomainError) as refused:
        read(name, content, **options)
    return refused.value


def read_or_refused(content: bytes) -> Sheet | DomainError:
    """What was read, or why not; any other exception is a defect."""
    try:
        return read("payouts", content)
    except DomainError as error:
        assert error.message  # noqa: PT017  (returned, to be looked at)
        return error


@pytest.mark.parametrize(
    ("content", "looks_like"),
    [
        (b"", "empty"),
        (b" \r\n\t\n", "empty"),
        (b"%PDF-1.7\n...", "a PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "JPEG"),
        (b"GIF89a" + bytes(9), "GIF"),
        (b"{\\rtf1 hello}", "RTF"),
        (b"\x1f\x8b\x08" + bytes(9), "gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Save it as .xlsx"),
        (b"<!DOCTYPE html><html><body>no</body></html>", "HTML"),
        (b"\xef\xbb\xbf  <html></html>", "HTML"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<other/>", "no pain.001"),
        (b'{"amount": "1"}', "JSON"),
        (bytes(range(256)) * 20, "a binary file"),
        ("amount,iban\r\n1,2\r\n".encode("utf-16-le"), "a binary file"),
        (b"just a line\nand another\n", "without columns"),
        (b"amount,iban\r\n", "only headings"),
        (b"amount,iban\r\n,\r\n \r\n", "only headings"),
        (b",\r\n,\r\n", "without columns"),
        (b"name,amount\r\n\x81,2\r\n", "Windows-1252"),
        (zipped({"hello.txt": b"hello"}), "without a workbook"),
        (zipped({"xl/workbook.bin": b"x"}), ".xlsb"),
        (zipped({"content.xml": b"<x/>"}), ".ods"),
        (zipped({"word/document.xml": b"<x/>"}), "Word"),
        (as_xlsx([]), "nothing in it"),
        (as_xlsx([HEADINGS]), "only headings"),
    ],
)
def test_what_is_no_sheet_is_said_with_what_is_accepted(content: bytes, looks_like: str) -> None:
    error = refusal(content)
    assert error.code == "FILE_FORMAT_UNKNOWN"
    assert looks_like in error.message


def test_the_name_does_not_decide() -> None:
    assert read("payouts.csv", WORKBOOK).kind == "xlsx"
    assert read("payouts.xlsx", as_csv([HEADINGS, GOOD])).kind == "csv"
    assert refusal(b"%PDF-1.7", "payouts.xlsx").code == "FILE_FORMAT_UNKNOWN"


@pytest.mark.parametrize("as_file", [True, False])
def test_the_limit_of_bytes_is_exact(as_file: bool) -> None:
    content = as_csv([HEADINGS, GOOD])
    given = (lambda: BytesIO(content)) if as_file else (lambda: content)
    assert read("", given(), most_bytes=len(content)).rows
    assert refusal(given(), most_bytes=len(content) - 1).code == "FILE_TOO_LARGE"


def test_fifty_megabytes_are_refused_without_reading_them() -> None:
    file = Endless(50_000_000)
    tracemalloc.start()
    error = refusal(file, most_bytes=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (error.code, file.given) == ("FILE_TOO_LARGE", 1_000_001)
    assert peak < 3_000_000


@pytest.mark.parametrize("make", [as_csv, as_xlsx])
def test_the_limit_of_rows_is_exact(make) -> None:
    rows = [HEADINGS, GOOD, [""] * 5, GOOD, GOOD]
    assert len(read("", make(rows), most_rows=3).rows) == 3
    error = refusal(make(rows), most_rows=2)
    assert (error.code, error.details["row"]) == ("SHEET_TOO_LARGE", 5)


def test_a_row_far_below_is_not_searched_for() -> None:
    book = openpyxl.Workbook()
    for row in (HEADINGS, GOOD):
        book.active.append(row)
    book.active.cell(1_048_576, 3, "1")
    error = refusal(saved(book), most_rows=100)
    assert (error.code, error.details["row"]) == ("SHEET_TOO_LARGE", 1_002)


def test_a_hundred_columns_are_enough() -> None:
    many = [*HEADINGS, *(f"more {number}" for number in range(95))]
    assert read("", as_csv([many, GOOD + [""] * 95])).rows[0].entry
    for make in (as_csv, as_xlsx):
        error = refusal(make([[*many, "one too many"], GOOD + [""] * 96]))
        assert (error.code, error.details["row"]) == ("SHEET_TOO_LARGE", 1)


@pytest.mark.parametrize("text", ['"Acme,1\r\nnext,2\r\n', 'Acme "x" "y\r\n', '"Acme"x,1\r\n'])
def test_a_quote_that_swallows_rows_is_refused_at_its_row(text: str) -> None:
    error = refusal(b"name,amount,iban\r\nFine,1,2\r\n" + f'"x{text}'.encode())
    assert error.code == "FILE_MALFORMED"
    assert "Row 3" in error.message


def test_two_columns_of_one_heading_are_refused() -> None:
    error = refusal(as_csv([[*HEADINGS, " Amount "], [*GOOD, "7"]]))
    assert error.code == "HEADINGS_UNCLEAR"
    assert "the columns C and F" in error.message


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"Betrag": "amount"}, "no column 'Betrag'"),
        ({"amount": "sum"}, "no field 'sum'"),
        ({"amount": "amount", "name": "amount"}, "both mapped to amount"),
        ({"amount": "amount"}, "lacks who is paid"),
        ({"iban": "iban"}, "lacks the amount"),
        ({}, "lacks the amount and who is paid"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(mapping: dict[str, str], says: str) -> None:
    error = refusal(as_csv([HEADINGS, GOOD]), mapping=mapping)
    assert (error.code, error.field) == ("MAPPING_UNFIT", "/mapping")
    assert says in error.message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (changed(WORKBOOK, "xl/vbaProject.bin", lambda _: b"x"), ".xlsm"),
        (changed(WORKBOOK, SHEET, lambda _: b" " * 90_000_000), "200 times"),
        (changed(WORKBOOK, "xl/media/x.bin", lambda _: bytes(101_000_000)), "would have 101,"),
        (zipped({f"{number}": b"" for number in range(1_001)}), "1,001 files"),
        (
            changed(WORKBOOK, SHEET, lambda xml: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml.partition(b"?>")[2]),
            "DOCTYPE",
        ),
        (
            changed(
                WORKBOOK,
                "xl/sharedStrings.xml",
                lambda _: (
                    '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x SYSTEM "http://127.0.0.1:9/x"><x/>'
                ).encode("utf-16"),
            ),
            "DOCTYPE",
        ),
    ],
    ids=["macros", "ratio", "size", "members", "entities", "external"],
)  # fmt: skip
def test_an_unsafe_zip_is_refused(content: bytes, says: str) -> None:
    error = refusal(content, most_bytes=20_000_000)
    assert error.code == "FILE_UNSAFE"
    assert says in error.message


def test_a_workbook_of_nothing_but_elements_is_refused_in_flat_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archive, "MOST_ELEMENTS", 20_000)
    cells = b"".join(b'<c s="%d"/>' % number for number in range(30_000))
    content = changed(
        WORKBOOK, SHEET, lambda xml: xml.replace(b"<sheetData>", b"<sheetData><row>" + cells + b"</row>")
    )
    tracemalloc.start()
    error = refusal(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (error.code, "20,000 elements" in error.message) == ("FILE_UNSAFE", True)
    assert peak < 3_000_000


def test_a_password_is_asked_away() -> None:
    content = bytearray(zipped({"xl/workbook.xml": b"<x/>", "[Content_Types].xml": b"<x/>"}))
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    error = refusal(bytes(content))
    assert (error.code, "password" in error.message) == ("FILE_UNSAFE", True)


def test_a_size_that_lies_is_found() -> None:
    """The directory says less than there is: no more is unpacked, and the check sum differs."""
    content = bytearray(WORKBOOK)
    at = content.index(b"xl/workbook.xml", content.index(b"PK\x01\x02")) - 46
    content[at + 24 : at + 28] = (10).to_bytes(4, "little")
    assert refusal(bytes(content)).code == "FILE_MALFORMED"


@pytest.mark.parametrize("name", ["xl/workbook.xml", SHEET, "xl/styles.xml", "xl/_rels/workbook.xml.rels"])
@pytest.mark.parametrize(
    "change", [lambda _: b"", lambda _: b"<x/>", lambda data: data[:-20], lambda _: b"\x00\x01"]
)
def test_a_damaged_workbook_has_a_code(name: str, change) -> None:
    found = read_or_refused(changed(WORKBOOK, name, change))
    if isinstance(found, DomainError):
        assert found.code in {"FILE_MALFORMED", "FILE_FORMAT_UNKNOWN", "SHEET_NOT_FOUND"}
    else:
        assert name == "xl/styles.xml"  # looks only


@pytest.mark.parametrize("value", [b"nan", b"1e999", b"1x", b"9" * 400, b""])
def test_a_strange_number_in_a_workbook_is_a_problem_or_a_refusal(value: bytes) -> None:
    content = as_xlsx([HEADINGS, [*GOOD[:2], 77, *GOOD[3:]]])
    strange = changed(content, SHEET, lambda xml: xml.replace(b"<v>77</v>", b"<v>" + value + b"</v>"))
    assert strange != content
    found = read_or_refused(strange)
    if isinstance(found, DomainError):
        assert (found.code, "row 1" in found.message) == ("FILE_MALFORMED", True)
    else:
        [row] = found.rows
        assert (row.number, row.entry) == (2, None)


@settings(max_examples=60)
@given(st.data())
def test_damage_is_refused_or_told_and_never_a_crash(data: st.DataObject) -> None:
    content = bytearray(
        data.draw(st.sampled_from([WORKBOOK, as_csv([HEADINGS, GOOD]), with_row(name="Müller")]))
    )
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
        if not content:
            break
    read_or_refused(bytes(content))


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_told_and_never_a_crash(content: bytes) -> None:
    found = read_or_refused(content)
    assert isinstance(found, DomainError) or not found.is_acceptable


@pytest.mark.parametrize("packing", [ZIP_BZIP2, ZIP_LZMA])
def test_a_packing_that_no_workbook_has_is_refused(packing: int) -> None:
    content = BytesIO()
    with ZipFile(content, "w", packing) as made:
        made.writestr("xl/workbook.xml", bytes(100_000))
    assert refusal(content.getvalue()).code == "FILE_UNSAFE"
