"""Which column is which field: given, or guessed from the headings; and what a shape of file is remembered by."""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from apps.core.errors import DomainError
from apps.payouts.files.cells import Code, Problem, column_letter
from apps.payouts.files.fields import FIELDS, SPELLINGS, simple

MOST_DIGITS = 6
LONGEST_SHOWN = 60
"""Of a heading that is repeated; one with more digits rather is an account."""

PAYEES = ({"recipient"}, {"recipient_external_id"}, {"iban"}, {"account_number", "bank_code"})
"""The ways to name who is paid."""


class MappingUnfit(DomainError):
    """The mapping names a column that the file has not, or no field, or one field twice, or lacks a field that is needed."""

    code = "MAPPING_UNFIT"
    http_status = 422


class HeadingsUnclear(DomainError):
    """Two columns have the same heading."""

    code = "HEADINGS_UNCLEAR"
    http_status = 422


def normal(heading: str) -> str:
    """A heading without what does not tell two apart: case, and blanks around and between."""
    return " ".join(unicodedata.normalize("NFKC", heading).casefold().split())


def fingerprint(headings: Sequence[str]) -> str:
    """What a mapping is remembered by: the same for the same headings in whatever order, case and file format."""
    shape = "\x1f".join(sorted(normal(heading) for heading in headings if normal(heading)))
    return hashlib.sha256(shape.encode()).hexdigest()


def spoken(heading: str) -> str:
    """A heading as messages repeat it: what rather is somebody's account, in a file without headings, is not."""
    digits = sum(each.isdigit() for each in heading)
    return "…" if digits > MOST_DIGITS else heading[:LONGEST_SHOWN]


def check_headings(headings: Sequence[str], number: int) -> None:
    """HeadingsUnclear if one stands above two columns."""
    seen: dict[str, int] = {}
    for index, heading in enumerate(headings):
        if not (name := normal(heading)):
            continue
        if name in seen:
            raise HeadingsUnclear(
                f"Row {number}: the columns {column_letter(seen[name])} and {column_letter(index)} have the same heading"
                f" {spoken(heading)!r}; give each a heading of its own.",
                details={"row": number, "heading": spoken(heading)},
            )
        seen[name] = index


def given(headings: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Exactly the mapping that was given, by the headings as this file spells them, or MappingUnfit."""
    spelled = {normal(heading): heading for heading in headings if normal(heading)}
    used: dict[str, str] = {}
    for heading, field in mapping.items():
        if normal(heading) not in spelled:
            raise _unfit(f"There is no column {spoken(heading)!r}; there are {_listed(headings)}.")
        if field not in FIELDS:
            raise _unfit(f"There is no field {field[:60]!r}; there are {', '.join(FIELDS)}.")
        if other := next((each for each, its in used.items() if its == field), None):
            raise _unfit(
                f"The columns {spoken(other)!r} and {spoken(heading)!r} are both mapped to {field}; keep one."
            )
        used[spelled[normal(heading)]] = field
    if lacking := missing(used.values()):
        raise _unfit(f"The mapping lacks {lacking}.")
    return used


def guessed(headings: Sequence[str]) -> tuple[dict[str, str], list[Problem]]:
    """What the headings say themselves. A field that two columns could be is left to people, with a problem."""
    found: dict[str, list[str]] = {}
    for heading in headings:
        if field := SPELLINGS.get(simple(heading)):
            found.setdefault(field, []).append(heading)
    problems = [_unclear(field, columns) for field, columns in found.items() if len(columns) > 1]
    mapping = {columns[0]: field for field, columns in found.items() if len(columns) == 1}
    if lacking := missing(mapping.values()):
        problems.append(
            Problem(
                Code.MAPPING_INCOMPLETE,
                "",
                f"The headings do not tell {lacking}; say which column it is. There are {_listed(headings)}.",
            )
        )
    return mapping, problems


def missing(fields: Iterable[str]) -> str:
    """What is needed and not among these fields, in words; nothing if they are enough."""
    have = set(fields)
    lacking = [] if "amount" in have else ["the amount"]
    if not any(way <= have for way in PAYEES):
        lacking.append(
            "who is paid (recipient, recipient_external_id, iban, or account_number and bank_code)"
        )
    return " and ".join(lacking)


def _unclear(field: str, columns: Sequence[str]) -> Problem:
    shown = " or ".join(repr(spoken(column)) for column in columns)
    return Problem(Code.MAPPING_UNCLEAR, field, f"{shown} could be the {field}; say which one it is.")


def _listed(headings: Sequence[str]) -> str:
    shown = [repr(spoken(heading)) for heading in headings if normal(heading)]
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")


def _unfit(message: str) -> MappingUnfit:
    return MappingUnfit(message, field="/mapping")
