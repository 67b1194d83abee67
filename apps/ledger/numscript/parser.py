"""From the text of a program to its tree."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from lark import Lark, Token, UnexpectedToken, v_args
from lark.exceptions import UnexpectedInput, VisitError
from lark.tree import Meta
from lark.visitors import Transformer_NonRecursive

from apps.ledger.numscript import syntax, values
from apps.ledger.numscript.comments import blanked
from apps.ledger.numscript.errors import Kind, NumscriptError, Place

LONGEST = 65_536
"""Characters of a program."""

MOST_SHARES = 100
"""Shares of an allotment."""

_FEATURE = re.compile(r"\s*#!")


def parse(text: str) -> syntax.Program:
    """The tree of a program, or a NumscriptError that names line, column and what was expected there."""
    if len(text) > LONGEST:
        raise NumscriptError(
            Kind.TOO_LONG,
            f"A program has at most {LONGEST:,} characters; this has {len(text):,}.",
            Place(1, 1),
        )
    if stray := values.HALF_A_CHARACTER.search(text):
        raise NumscriptError(Kind.SYNTAX, _stray(stray[0]), _place_in(text, stray.start()))
    bare = blanked(text)
    if match := _FEATURE.match(bare):
        _refuse("feature flags", _place_in(bare, match.end() - 2))
    try:
        program: Any = _Builder().transform(grammar().parse(bare))
    except UnexpectedInput as error:
        raise _syntax_error(error, bare) from None
    except VisitError as error:
        if isinstance(error.orig_exc, NumscriptError):
            raise error.orig_exc from None
        raise
    assert isinstance(program, syntax.Program)  # noqa: S101 (what the grammar's start makes)
    return program


@cache
def grammar() -> Lark:
    """The grammar, ready to parse."""
    rules = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(rules, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _refuse(what: str, place: Place) -> NoReturn:
    raise NumscriptError(Kind.UNSUPPORTED_FEATURE, f"This engine has no {what}; write it without.", place)


def _place_in(text: str, offset: int) -> Place:
    return Place(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


_VALUE = frozenset(
    [
        "VARIABLE",
        "NUMBER",
        "PERCENTAGE",
        "STRING",
        "ASSET",
        "ACCOUNT",
        "LSQB",
        "LPAR",
        "MINUS",
        "WORD",
        "CALLED_OVERDRAFT",
    ]
)
_WORDS = {
    "LBRACE": "{",
    "RBRACE": "}",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "EQUAL": "=",
    "COMMA": ",",
    "STAR": "*",
    "PLUS": "+",
    "MINUS": "-",
    "SLASH": "/",
    "WORD": "a word",
    "CALLED_OVERDRAFT": "a word",
    "VARIABLE": "a variable",
    "ASSET": "an asset",
    "$END": "the end",
}
_UNSUPPORTED = frozenset({"COLOUR", "ONEOF", "WITH"})


def _syntax_error(error: UnexpectedInput, text: str) -> NumscriptError:
    if isinstance(error, UnexpectedToken):
        token: Token = error.token
        if token.type == "$END":
            found, place = "the end", _place_in(text, len(text.rstrip()))
        else:
            found, place = f"“{_brief(token)}”", Place(token.line or 1, token.column or 1)
        expected = set(error.accepts or error.expected)
    else:
        found, place, expected = (
            _stray(text[error.pos_in_stream or 0]),
            Place(error.line, error.column),
            set(),
        )
    message = f"Found {found} where {_listed(expected)} should be." if expected else found
    return NumscriptError(Kind.SYNTAX, message, place)


def _stray(character: str) -> str:
    if character == '"':
        return "This string has no end on its line."
    shown = f"“{character}”" if character.isprintable() else f"U+{ord(character):04X}"
    return f"{shown} begins nothing in this language."


def _brief(token: str) -> str:
    return token if len(token) <= 40 else f"{token[:40]}…"


def _listed(expected: set[str]) -> str:
    names = expected - _UNSUPPORTED
    words = []
    if len(names & _VALUE) > 4:
        names -= _VALUE
        words.append("a value")
    words += sorted({_WORDS.get(name, name.lower()) for name in names})
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _place(meta: Meta) -> Place:
    return Place(meta.line, meta.column)


@v_args(meta=True)
class _Builder(Transformer_NonRecursive[Token, Any]):
    """Makes a node of each rule, from below, so that depth costs no recursion."""

    def start(self, meta: Meta, parts: list[Any]) -> syntax.Program:
        declarations = parts.pop(0) if parts and isinstance(parts[0], list) else []
        return syntax.Program(declarations, parts)

    def declarations(self, meta: Meta, parts: list[syntax.Declaration]) -> list[syntax.Declaration]:
        return parts

    def declaration(self, meta: Meta, parts: list[Any]) -> syntax.Declaration:
        type_, name, *origin = parts
        return syntax.Declaration(_place(meta), str(type_), name[1:], origin[0] if origin else None)

    def send(self, meta: Meta, parts: list[Any]) -> syntax.Send:
        return syntax.Send(_place(meta), *parts)

    def save(self, meta: Meta, parts: list[Any]) -> syntax.Save:
        return syntax.Save(_place(meta), *parts)

    def call(self, meta: Meta, parts: list[Any]) -> syntax.Call:
        name, *arguments = parts
        return syntax.Call(_place(meta), str(name), arguments)

    def all(self, meta: Meta, parts: list[Any]) -> syntax.All:
        return syntax.All(_place(meta), *parts)

    def from_account(self, meta: Meta, parts: list[Any]) -> syntax.FromAccount:
        return syntax.FromAccount(_place(meta), *parts)

    def from_unbounded(self, meta: Meta, parts: list[Any]) -> syntax.FromAccount:
        (account,) = parts
        return syntax.FromAccount(_place(meta), account, unbounded=True)

    def from_overdrawn(self, meta: Meta, parts: list[Any]) -> syntax.FromAccount:
        return syntax.FromAccount(_place(meta), *parts)

    def capped(self, meta: Meta, parts: list[Any]) -> syntax.Capped:
        return syntax.Capped(_place(meta), *parts)

    def source_share(self, meta: Meta, parts: list[Any]) -> syntax.Share[Any]:
        return syntax.Share(_place(meta), *parts)

    def source_rest(self, meta: Meta, parts: list[Any]) -> syntax.Share[Any]:
        return syntax.Share(_place(meta), None, *parts)

    def source_block(self, meta: Meta, parts: list[Any]) -> syntax.InOrder | syntax.Allotment[Any]:
        shares = [part for part in parts if isinstance(part, syntax.Share)]
        if not shares:
            return syntax.InOrder(_place(meta), parts)
        other = next((part for part in parts if not isinstance(part, syntax.Share)), None)
        if other:
            _mixed(
                other.place,
                "A source in order stands among portions; put portions or sources in a block, not both.",
            )
        return syntax.Allotment(_place(meta), _few(shares))

    def to_account(self, meta: Meta, parts: list[Any]) -> syntax.ToAccount:
        return syntax.ToAccount(_place(meta), *parts)

    def kept(self, meta: Meta, parts: list[Any]) -> syntax.Kept:
        return syntax.Kept(_place(meta))

    def destination_share(self, meta: Meta, parts: list[Any]) -> syntax.Share[Any]:
        return syntax.Share(_place(meta), *parts)

    def destination_rest(self, meta: Meta, parts: list[Any]) -> syntax.Share[Any]:
        return syntax.Share(_place(meta), None, *parts)

    def destination_cap(self, meta: Meta, parts: list[Any]) -> syntax.Cap:
        return syntax.Cap(_place(meta), *parts)

    def destination_block(self, meta: Meta, parts: list[Any]) -> syntax.Filling | syntax.Allotment[Any]:
        place = _place(meta)
        if not any(isinstance(part, syntax.Cap) for part in parts):
            return syntax.Allotment(place, _few(parts))
        *caps, last = parts
        misplaced = next((part for part in caps if not isinstance(part, syntax.Cap)), None)
        if misplaced:
            _mixed(
                misplaced.place,
                "Among destinations with max only the last may be without, and it is remaining.",
            )
        if isinstance(last, syntax.Cap) or last.portion is not None:
            raise NumscriptError(
                Kind.REMAINING_MISSING,
                "Say last where the remaining goes: remaining to … or remaining kept.",
                last.place,
            )
        return syntax.Filling(place, caps, last.item)

    def plus(self, meta: Meta, parts: list[Any]) -> syntax.Infix:
        return syntax.Infix(_place(meta), "+", *parts)

    def minus(self, meta: Meta, parts: list[Any]) -> syntax.Infix:
        return syntax.Infix(_place(meta), "-", *parts)

    def over(self, meta: Meta, parts: list[Any]) -> syntax.Infix:
        return syntax.Infix(_place(meta), "/", *parts)

    def negative(self, meta: Meta, parts: list[Any]) -> syntax.Negative:
        return syntax.Negative(_place(meta), *parts)

    def monetary(self, meta: Meta, parts: list[Any]) -> syntax.Amount:
        return syntax.Amount(_place(meta), *parts)

    def variable(self, meta: Meta, parts: list[Token]) -> syntax.Variable:
        return syntax.Variable(_place(meta), parts[0][1:])

    def account(self, meta: Meta, parts: list[Token]) -> syntax.AccountName:
        name = _short(parts[0][1:], "An account", meta)
        return syntax.AccountName(_place(meta), _segments(name, _place(meta)))

    def asset_name(self, meta: Meta, parts: list[Token]) -> syntax.Constant:
        return syntax.Constant(_place(meta), "asset", _short(parts[0], "An asset", meta))

    def string(self, meta: Meta, parts: list[Token]) -> syntax.Constant:
        return syntax.Constant(_place(meta), "string", parts[0][1:-1].replace('\\"', '"'))

    def number(self, meta: Meta, parts: list[Token]) -> syntax.Constant:
        digits = parts[0].replace("_", "")
        if len(digits) > values.LONGEST_NUMBER:
            raise NumscriptError(
                Kind.TOO_LONG, f"A number has at most {values.LONGEST_NUMBER:,} digits.", _place(meta)
            )
        return syntax.Constant(_place(meta), "number", int(digits))

    def percentage(self, meta: Meta, parts: list[Token]) -> syntax.Constant:
        if len(parts[0]) > values.LONGEST_PORTION:
            raise NumscriptError(
                Kind.TOO_LONG, f"A percentage has at most {values.LONGEST_PORTION} characters.", _place(meta)
            )
        try:
            portion = values.fraction(values.percentage(parts[0]))
        except values.BadValue as error:
            raise NumscriptError(
                Kind.INVALID_PORTION, f"{parts[0]} is no portion: {error}.", _place(meta)
            ) from None
        return syntax.Constant(_place(meta), "portion", portion)

    def refused_oneof(self, meta: Meta, parts: list[Any]) -> NoReturn:
        _refuse("oneof", _place(meta))

    def refused_scaling(self, meta: Meta, parts: list[Any]) -> NoReturn:
        _refuse("scaling", _place(meta))

    def refused_colour(self, meta: Meta, parts: list[Any]) -> NoReturn:
        _refuse("colours", _place(meta))


def _mixed(place: Place, message: str) -> NoReturn:
    raise NumscriptError(Kind.SYNTAX, message, place)


def _few(shares: Sequence[syntax.Share[Any]]) -> Sequence[syntax.Share[Any]]:
    if len(shares) > MOST_SHARES:
        raise NumscriptError(
            Kind.TOO_LONG, f"An allotment has at most {MOST_SHARES} shares.", shares[MOST_SHARES].place
        )
    return shares


def _short(name: str, what: str, meta: Meta) -> str:
    if len(name) > values.LONGEST_NAME:
        raise NumscriptError(
            Kind.TOO_LONG, f"{what} has at most {values.LONGEST_NAME} characters.", _place(meta)
        )
    return str(name)


def _segments(text: str, place: Place) -> list[str | syntax.Variable]:
    found: list[str | syntax.Variable] = []
    column = place.column + 1
    for segment in text.split(":"):
        found.append(
            syntax.Variable(Place(place.line, column), segment[1:]) if segment[0] == "$" else segment
        )
        column += len(segment) + 1
    return found
