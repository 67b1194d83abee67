"""Workbooks: the first visible sheet, or the one that is named, and never a result that a formula left behind.

Hidden rows and columns are read as any other, for whoever approves must see what would be paid. Of merged cells the first has
the value and the others are empty. Links to other workbooks are not followed.
"""

from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from typing import Any

from openpyxl import load_workbook

from apps.core.errors import DomainError
from apps.payouts.files.archive import Archive
from apps.payouts.files.cells import Cell, CellKind, Code, Line, Problem
from apps.providers.formats.errors import FileMalformed

_EMPTY = Cell("")
_LONGEST = 600
"""Characters kept of a text. No field has as many, and a workbook stores a long text once for any number of cells."""


class SheetNotFound(DomainError):
    """The workbook has no sheet of that name, or none that can be seen."""

    code = "SHEET_NOT_FOUND"
    http_status = 422


class XlsxFile:
    """A workbook that can be gone through: `lines()` raises FileMalformed where it is damaged."""

    def __init__(self, content: bytes, *, sheet: str, most_columns: int) -> None:
        with Archive(content) as archive:
            archive.check_markup()
        self._width = most_columns + 1
        try:
            self._book = load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)
        except Exception:  # it has no error of its own for a damaged workbook, but any of Python's
            raise FileMalformed("The workbook is damaged. Open it and save it once more.") from None
        self._sheet = self._chosen(sheet)

    @property
    def problems(self) -> list[Problem]:
        """Which visible sheets are not read."""
        others = [each.title for each in self._visible() if each is not self._sheet]
        if not others:
            return []
        shown = ", ".join(repr(title[:40]) for title in others[:10])
        return [
            Problem(
                Code.SHEETS_IGNORED,
                "",
                f"Only the sheet {self._sheet.title[:40]!r} is read, and not {shown}; send those as files of their own.",
            )
        ]

    def lines(self) -> Iterator[Line]:
        """The lines of the sheet."""
        self._sheet.reset_dimensions()  # what it says of its size need not be true
        number = 0
        try:
            for number, cells in enumerate(self._sheet.iter_rows(max_col=self._width), start=1):
                yield Line(number, tuple(map(_cell, cells)))
        except DomainError:
            raise
        except Exception:  # as above
            raise FileMalformed(
                f"The workbook is damaged after row {number}. Open it and save it once more."
            ) from None

    def close(self) -> None:
        """Done with it."""
        self._book.close()

    def _visible(self) -> list[Any]:
        return [each for each in self._book.worksheets if each.sheet_state == "visible"]

    def _chosen(self, name: str) -> Any:
        if not name:
            if visible := self._visible():
                return visible[0]
            raise SheetNotFound("The workbook has no visible sheet.")
        for each in self._book.worksheets:
            if each.title == name:
                return each
        titles = ", ".join(repr(each.title[:40]) for each in self._book.worksheets[:20])
        raise SheetNotFound(f"There is no sheet {name[:40]!r}; there are {titles}.", field="/sheet")


def _cell(cell: Any) -> Cell:
    value = cell.value
    match cell.data_type:
        case "f":
            return Cell("a formula", CellKind.FORMULA)
        case _ if value is None:
            return _EMPTY
        case "n":
            return Cell(exact(value), CellKind.NUMBER)
        case "s":
            return Cell(str(value)[:_LONGEST])
        case "d":
            return Cell("a date", CellKind.OTHER)
        case "b":
            return Cell("yes or no", CellKind.OTHER)
    return Cell(f"the error {str(value)[:20]}", CellKind.OTHER)


def exact(value: object) -> str:
    """The digits of a number of a workbook as its program shows them: of 10.1, though stored in binary, "10.1"."""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**64 else "a number of more than 64 digits"
    digits = format(Decimal(repr(value)), "f")
    return digits.rstrip("0").removesuffix(".") if "." in digits else digits
