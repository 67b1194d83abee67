"""Amounts as people write them: "1.234,50", "1 234.50", "1234.5"; and never a guess at "1,234".

A point or comma before exactly three digits may be either mark. Whatever is written elsewhere in the column may prove
which one its decimals have: "0,5", "12,50", "1.234,5", "1.234.567" and "1 234,5" prove a comma. The column tells if at
least one amount of it proves a mark and no other amount proves the other; else such an amount stays ambiguous.
"""

import re
from collections.abc import Iterable

_BLANKS = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}'\N{RIGHT SINGLE QUOTATION MARK}"
_BLANK_GROUPS = re.compile(rf"[1-9][0-9]{{0,2}}(?:([{_BLANKS}])[0-9]{{3}}(?:\1[0-9]{{3}})*)(?:([.,])[0-9]+)?")
_BOTH = re.compile(r"[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+(\.)|(?:\.[0-9]{3})+(,))[0-9]+")
_GROUPS = re.compile(r"[1-9][0-9]{0,2}(?:(?:,[0-9]{3}){2,}|(?:\.[0-9]{3}){2,})")
_ONE = re.compile(r"[0-9]+([.,])[0-9]+")
_EITHER = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_OTHER = {".": ",", ",": "."}
LONGEST = 64


class AmountAmbiguous(ValueError):
    """The amount can be read in two ways that differ a thousandfold."""


def column_mark(texts: Iterable[str]) -> str:
    """The decimal mark of a column of amounts, "." or ","; nothing if it does not tell, or contradicts itself."""
    marks = {mark for text in texts if (mark := _proven(_unsigned(text)))}
    return marks.pop() if len(marks) == 1 else ""


def plain(text: str, mark: str) -> str:
    """The amount in digits with a point; what is no amount is given back as it was, for Money to say why.

    `mark` is that of the column. Raises AmountAmbiguous.
    """
    written = _unsigned(text)
    sign = "-" if text.strip().startswith("-") else ""
    if _EITHER.fullmatch(written):
        if not mark:
            raise AmountAmbiguous(text)
        return sign + _without_groups(written, mark)
    if proven := _proven(written):
        return sign + _without_groups(written, proven)
    if _BLANK_GROUPS.fullmatch(written):
        return sign + _without_groups(written, ".")
    return text.strip()


def _unsigned(text: str) -> str:
    stripped = text.strip()[: LONGEST + 1]
    return stripped.removeprefix("-") if len(stripped) <= LONGEST else ""


def _proven(text: str) -> str:
    """The decimal mark that an amount proves by itself."""
    if match := _BOTH.fullmatch(text):
        return match[1] or match[2]
    if _GROUPS.fullmatch(text):
        return _OTHER["," if "," in text else "."]
    if match := _BLANK_GROUPS.fullmatch(text):
        return match[2] or ""
    if (match := _ONE.fullmatch(text)) and not _EITHER.fullmatch(text):
        return match[1]
    return ""


def _without_groups(text: str, mark: str) -> str:
    whole, _, fraction = text.partition(mark)
    digits = "".join(character for character in whole if character not in _BLANKS + _OTHER[mark])
    return f"{digits}.{fraction}" if fraction else digits
