"""A text cut into pieces for people to look at, by the grammar's own terminals. Broken texts are cut as well."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from lark.lexer import PatternStr

from apps.ledger.numscript.checker import ACTIONS, FUNCTIONS
from apps.ledger.numscript.comments import comments
from apps.ledger.numscript.parser import grammar
from apps.ledger.numscript.values import TYPES

_KINDS = {
    "VARIABLE": "variable",
    "ASSET": "asset",
    "NUMBER": "number",
    "PERCENTAGE": "number",
    "STRING": "string",
    "CALLED_OVERDRAFT": "function",
    "STRAY": "stray",
}
_WORDS = {**dict.fromkeys(TYPES, "type"), **dict.fromkeys((*ACTIONS, *FUNCTIONS), "function")}
_VARIABLE = re.compile(r"(\$[a-z_][a-z0-9_]*)")


class Piece(NamedTuple):
    """A part of a text. `kind` is empty where there is nothing to show."""

    kind: str
    text: str


def pieces(text: str) -> Iterator[Piece]:
    """The text in pieces that join to it again; what begins nothing in the language is stray."""
    done = 0
    for start, end in comments(text):
        yield from _tokens(text[done:start])
        yield Piece("comment", text[start:end])
        done = len(text) if end is None else end
    yield from _tokens(text[done:])


def _tokens(text: str) -> Iterator[Piece]:
    scanner, keywords = _scanner()
    for match in scanner.finditer(text):
        name = str(match.lastgroup)
        if name == "WORD":
            yield Piece("keyword" if match[0] in keywords else _WORDS.get(match[0], ""), match[0])
        elif name == "ACCOUNT":
            yield from (
                Piece("variable" if part[0] == "$" else "account", part)
                for part in _VARIABLE.split(match[0])
                if part
            )
        else:
            yield Piece(_KINDS.get(name, ""), match[0])


@cache
def _scanner() -> tuple[re.Pattern[str], frozenset[str]]:
    """What finds the next terminal, the longest pattern first as the lexer does; and the words that are keywords."""
    fixed = [each.pattern.value for each in grammar().terminals if isinstance(each.pattern, PatternStr)]
    patterns = [
        (each.name, each.pattern.to_regexp())
        for each in grammar().terminals
        if not isinstance(each.pattern, PatternStr) and not each.name.startswith("__")
    ]
    named = sorted(patterns, key=lambda pattern: -len(pattern[1]))
    signs = "|".join(re.escape(value) for value in fixed if not value.isalpha())
    every = [("BLANK", r"[ \t\r\n]+"), *named, ("SIGN", signs), ("STRAY", ".")]
    scanner = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in every), re.DOTALL)
    return scanner, frozenset(value for value in fixed if value.isalpha())
