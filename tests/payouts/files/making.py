"""Files of payouts, made for tests."""

import csv
from collections.abc import Iterator, Sequence
from io import BytesIO, RawIOBase, StringIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl

IBAN, OTHER_IBAN = "DE89370400440532013000", "ES9121000418450200051332"
SHEET = "xl/worksheets/sheet1.xml"
HEADINGS = ["name", "iban", "amount", "currency", "reference"]
GOOD = ["Acme GmbH", IBAN, "12.34", "EUR", "invoice-1"]


def as_csv(
    rows: Sequence[Sequence[str]], *, delimiter: str = ",", encoding: str = "utf-8", end: str = "\r\n"
) -> bytes:
    """The rows as a CSV; a BOM comes with `utf-8-sig` and `utf-16`."""
    text = StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    return text.getvalue().encode(encoding)


def with_row(**values: str) -> bytes:
    """A CSV of one row that is fine but for these values."""
    row = dict(zip(HEADINGS, GOOD, strict=True)) | values
    return as_csv([list(row), list(row.values())])


def as_xlsx(rows: Sequence[Sequence[Any]]) -> bytes:
    """The rows as a workbook."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    """The bytes of a workbook."""
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip with these members."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


def changed(workbook: bytes, name: str, change: Any) -> bytes:
    """The workbook with one member changed by a function of its bytes."""
    with ZipFile(BytesIO(workbook)) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    members[name] = change(members.get(name, b""))
    return zipped(members)


def dull(count: int) -> Iterator[list[str]]:
    """Headings and so many rows that are fine, no two alike."""
    yield HEADINGS
    for number in range(count):
        yield [f"Payee {number}", IBAN, f"{number + 1}.50", "EUR", f"invoice-{number}"]


class Endless(RawIOBase):
    """A file of any size that is made while it is read, and counts how much of it was."""

    def __init__(self, size: int) -> None:
        self.left, self.given = size, 0

    def read(self, size: int = -1) -> bytes:  # type: ignore[override]
        """The next bytes."""
        taken = self.left if size < 0 else min(size, self.left)
        self.left, self.given = self.left - taken, self.given + taken
        return b"a,b\r\n" * (taken // 5) + b"x" * (taken % 5)
