"""Programs to look at: lines of highlighted pieces with what is wrong in them, and what differs between two texts."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Literal

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger import templates
from apps.ledger.numscript.comments import notes
from apps.ledger.numscript.errors import NumscriptError, Problem
from apps.ledger.numscript.machine import Posting
from apps.ledger.numscript.pieces import pieces
from apps.ledger.numscript.program import Parameter, compiled

Variables = Sequence[tuple[Parameter, str]]
"""What a caller gives to a program, and what the program says about it."""

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True, slots=True)
class ProgramLine:
    """A line of a program, highlighted, and what is wrong there."""

    html: SafeString
    problems: list[Problem] = field(default_factory=list)

    @property
    def mark(self) -> str:
        """How the line is marked, if it is."""
        if not self.problems:
            return ""
        return "hint" if all(problem.is_warning for problem in self.problems) else "at"


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a comparison with its numbers in the old and the new text; a gap has neither."""

    kind: Literal["same", "added", "removed", "gap"]
    old: int | None
    new: int | None
    text: str

    @property
    def sign(self) -> str:
        """What is said by the colour as well."""
        return {"added": "+", "removed": "\N{MINUS SIGN}"}.get(self.kind, "")


@dataclass(frozen=True, slots=True)
class ShownPosting:
    """A posting as people read it: Money, or plain digits where the books know no such asset."""

    source: str
    destination: str
    money: Money | None
    raw: str


def highlighted(text: str, problems: Sequence[Problem] = ()) -> list[ProgramLine]:
    """The lines of a program, each problem at its own; one beyond the end stands at the last line."""
    lines = [ProgramLine(mark_safe("".join(parts))) for parts in _lines(text)]  # noqa: S308 (each part is escaped)
    for problem in problems:
        lines[min(problem.place.line, len(lines)) - 1].problems.append(problem)
    return lines


def _lines(text: str) -> Iterator[list[str]]:
    line: list[str] = []
    for kind, whole in pieces(text.rstrip()):
        first, *others = whole.split("\n")
        line.append(_span(kind, first))
        for other in others:
            yield line
            line = [_span(kind, other)]
    yield line


def _span(kind: str, text: str) -> str:
    return format_html('<span class="n-{}">{}</span>', kind, text) if kind and text else escape(text)


def difference(old: str, new: str) -> list[DiffLine]:
    """What differs between two texts, with three lines around; empty if nothing does."""
    found = unified_diff(old.split("\n"), new.split("\n"), lineterm="")
    lines: list[DiffLine] = []
    at_old = at_new = 0
    for line in list(found)[2:]:
        if hunk := _HUNK.match(line):
            at_old, at_new = int(hunk[1]), int(hunk[2])
            lines.append(DiffLine("gap", None, None, line))
        elif line[0] == "-":
            lines.append(DiffLine("removed", at_old, None, line[1:]))
            at_old += 1
        elif line[0] == "+":
            lines.append(DiffLine("added", None, at_new, line[1:]))
            at_new += 1
        else:
            lines.append(DiffLine("same", at_old, at_new, line[1:]))
            at_old, at_new = at_old + 1, at_new + 1
    return lines


def variables(text: str) -> Variables:
    """The variables that a caller gives; none if the text is no program any more."""
    try:
        return noted(text, compiled(text).parameters)
    except NumscriptError:
        return []


def noted(text: str, parameters: Sequence[Parameter]) -> Variables:
    """The variables of a text, each with the comment on its line."""
    said = notes(text)
    return [(parameter, said.get(parameter.place.line, "")) for parameter in parameters]


def shown(postings: Sequence[Posting]) -> list[ShownPosting]:
    """Postings as people read them."""
    return [
        ShownPosting(each.source, each.destination, money(each), f"{each.amount} {each.asset}")
        for each in postings
    ]


def money(posting: Posting) -> Money | None:
    """The amount, if its asset is one that books are kept in."""
    try:
        return Money(posting.amount, templates.currency_of(posting.asset))
    except DomainError:
        return None
