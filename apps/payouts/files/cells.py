"""What a sheet is made of, whatever it came in: lines of cells, and what may be wrong in them."""

from dataclasses import dataclass
from enum import StrEnum


class CellKind(StrEnum):
    """What a cell was where it came from."""

    TEXT = "text"
    NUMBER = "number"
    """A number of a workbook: `text` has its exact digits, with a point."""
    FORMULA = "formula"
    OTHER = "other"
    """A date, a yes or no, an error: `text` says which."""
    EXACT = "exact"
    """From a format that has no formulas and one spelling of amounts."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as written."""

    text: str
    kind: CellKind = CellKind.TEXT


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet with its number, counted from 1 as sheet programs do: an empty line counts, too."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def is_empty(self) -> bool:
        """Nothing but blanks."""
        return not any(cell.text.strip() for cell in self.cells)


class Code(StrEnum):
    """What can be wrong in a row, or worth knowing; those of `WARNINGS` do not keep it from being accepted."""

    AMOUNT_AMBIGUOUS = "AMOUNT_AMBIGUOUS"
    AMOUNT_NOT_POSITIVE = "AMOUNT_NOT_POSITIVE"
    BIC_DIFFERS = "BIC_DIFFERS"
    COUNTRY_UNKNOWN = "COUNTRY_UNKNOWN"
    CURRENCY_UNKNOWN = "CURRENCY_UNKNOWN"
    DEBTOR_IGNORED = "DEBTOR_IGNORED"
    DUPLICATE_ROW = "DUPLICATE_ROW"
    ENCODING_GUESSED = "ENCODING_GUESSED"
    FIELD_MISSING = "FIELD_MISSING"
    FORMULA = "FORMULA"
    INVALID_AMOUNT = "INVALID_AMOUNT"
    INVALID_BIC = "INVALID_BIC"
    INVALID_IBAN = "INVALID_IBAN"
    INVALID_ID = "INVALID_ID"
    MAPPING_INCOMPLETE = "MAPPING_INCOMPLETE"
    MAPPING_UNCLEAR = "MAPPING_UNCLEAR"
    NUMBER_NOT_TEXT = "NUMBER_NOT_TEXT"
    PAYEE_UNCLEAR = "PAYEE_UNCLEAR"
    ROW_RAGGED = "ROW_RAGGED"
    SHEETS_IGNORED = "SHEETS_IGNORED"
    TEXT_MALFORMED = "TEXT_MALFORMED"
    TEXT_TOO_LONG = "TEXT_TOO_LONG"
    TEXT_UNPRINTABLE = "TEXT_UNPRINTABLE"
    TOTALS_DISAGREE = "TOTALS_DISAGREE"
    VALUE_NOT_TEXT = "VALUE_NOT_TEXT"


WARNINGS = frozenset(
    {
        Code.BIC_DIFFERS,
        Code.DEBTOR_IGNORED,
        Code.DUPLICATE_ROW,
        Code.ENCODING_GUESSED,
        Code.MAPPING_UNCLEAR,
        Code.SHEETS_IGNORED,
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, in which field (none: the whole row or file), and what to do about it."""

    code: Code
    field: str
    message: str

    @property
    def is_warning(self) -> bool:
        """Whether the row, or the file, can be accepted nevertheless."""
        return self.code in WARNINGS


def column_letter(index: int) -> str:
    """The name of a column as sheets show it: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
