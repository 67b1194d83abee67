"""What a cell of a sheet takes: numbers as far as a spreadsheet keeps them exactly, words that are no formula."""

import re
from typing import Any

from apps.ledger.renderers.tables import plain

EXACT_DIGITS = 15
"""Of a number with more digits a spreadsheet keeps only the first ones, so it is written as words."""

LONGEST = 32_767
"""Characters of a cell."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def is_exact(digits: int) -> bool:
    """Whether a spreadsheet keeps all of these digits, such as the minor units of an amount."""
    return len(str(abs(digits))) <= EXACT_DIGITS


def number_format(exponent: int) -> str:
    """How an amount is shown: thousands apart, and the currency's digits after the point."""
    return f"#,##0.{'0' * exponent}" if exponent else "#,##0"


def words(value: Any) -> str:
    """A value as text that XML can hold and no spreadsheet takes for a formula."""
    return plain(_UNPRINTABLE.sub("", "" if value is None else str(value)))[:LONGEST]
