"""Garbage, near misses and excess: an answer or the engine's own error, never another, and never without end."""

import os
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.ledger import templates
from apps.ledger.numscript.errors import Kind, NumscriptError
from apps.ledger.numscript.machine import Posting
from apps.ledger.numscript.parser import LONGEST
from apps.ledger.numscript.program import Program, compiled, problems_of
from apps.ledger.numscript.static import static_problems
from apps.ledger.numscript.values import Monetary

SAMPLES = Path(
    os.environ.get("COUNTINGHOUSE_DATA_SAMPLES") or django_settings.BASE_DIR.parent / "shared" / "data"
)
PROGRAMS = [
    path.read_text(encoding="utf-8")
    for folder in (templates.FOLDER, SAMPLES / "numscript")
    for path in sorted(folder.glob("*.num"))
]
TOKENS = [
    *("vars", "send", "save", "from", "source", "destination", "max", "to", "up", "allowing", "overdraft"),
    *("unbounded", "remaining", "kept", "oneof", "with", "scaling", "through", "set_tx_meta", "balance"),
    *("meta", "set_account_meta", "account", "monetary", "portion", "number", "asset", "string"),
    *("{", "}", "(", ")", "[", "]", "=", ",", "*", "+", "-", "/", "\\", "//", "/*", "*/", '"', "\n", "#!"),
    *("@a", "@world", "@a:$x", "@$x", "$x", "$y", "USD/2", "USD", "[USD/2 1]", "[USD/2 *]", "0", "1", "1/2"),
    *("50%", "150%", '"k"', '"\\"', "9" * 30, "1_0", "é", "٣", "\x00", "\ufeff", "\ud800"),
]
GIVEN = {
    "account": "a",
    "asset": "USD/2",
    "monetary": "USD/2 100",
    "number": "3",
    "portion": "1/3",
    "string": "s",
}


def settle(text: str, variables: Any = None) -> NumscriptError | None:
    """Compile and run, with and without balances; whatever comes must be an answer or the engine's own error."""
    error = _error_of(text, variables)
    if error:
        assert str(error.problem)
        assert error.place >= (1, 1)
        assert error.message.endswith((".", "…")), error.message
    return error


def _error_of(text: str, variables: Any) -> NumscriptError | None:
    try:
        program = Program(text)
        static_problems(program.tree)
        values = variables or {each.name: GIVEN[each.type] for each in program.parameters}
        for balance_of in (None, lambda account, asset: len(account) * 100 - 200):
            result = program.run(values, balance_of=balance_of, metadata_of=lambda account, key: key or None)
            assert all(isinstance(each, Posting) and each.amount > 0 for each in result.postings)
            assert str(result)
    except NumscriptError as error:
        return error
    return None


@settings(max_examples=400)
@given(st.one_of(st.binary(max_size=200).map(lambda given: given.decode("latin-1")), st.text(max_size=200)))
def test_characters_at_random(text: str) -> None:
    settle(text)


@settings(max_examples=600)
@given(st.lists(st.sampled_from(TOKENS), max_size=60), st.sampled_from(["", " "]))
def test_words_at_random(tokens: list[str], between: str) -> None:
    settle(between.join(tokens))


def deleted(parts: list[str], dice: random.Random) -> list[str]:
    start = dice.randrange(len(parts))
    return parts[:start] + parts[start + dice.randint(1, 5) :]


def duplicated(parts: list[str], dice: random.Random) -> list[str]:
    start = dice.randrange(len(parts))
    end = start + dice.randint(1, 20)
    return parts[:end] + parts[start:]


def swapped(parts: list[str], dice: random.Random) -> list[str]:
    one, other = dice.randrange(len(parts)), dice.randrange(len(parts))
    parts[one], parts[other] = parts[other], parts[one]
    return parts


def spliced(parts: list[str], dice: random.Random) -> list[str]:
    other = dice.choice(PROGRAMS).split(" ")
    return parts[: dice.randrange(len(parts))] + other[dice.randrange(len(other)) :]


def sprinkled(parts: list[str], dice: random.Random) -> list[str]:
    parts.insert(dice.randrange(len(parts)), dice.choice(TOKENS))
    return parts


MUTATIONS: list[Callable[[list[str], random.Random], list[str]]] = [
    deleted,
    duplicated,
    swapped,
    spliced,
    sprinkled,
]


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_real_programs_with_a_slip(mutate: Callable[[list[str], random.Random], list[str]]) -> None:
    dice = random.Random(mutate.__name__)
    ended: list[Kind | None] = []
    for _ in range(300):
        program = dice.choice(PROGRAMS)
        parts = program.split(" ") if dice.random() < 0.7 else list(program)
        for _ in range(dice.randint(1, 3)):
            parts = mutate(parts, dice) or ["x"]
        error = settle((" " if len(parts) < len(program) else "").join(parts))
        ended.append(error.kind if error else None)
    assert None in ended
    assert Kind.SYNTAX in ended


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("USD/2 5")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["asset", "amount", "k"]), inner, max_size=3),
    ),
    max_leaves=5,
)
TYPED = "vars { account $a asset $b monetary $c number $d portion $e string $f }"


@settings(max_examples=150)
@given(st.fixed_dictionaries({name: anything for name in "abcdef"}))
def test_variables_of_any_shape(values: dict[str, Any]) -> None:
    right = {"a": "x", "b": "USD/2", "c": "USD/2 5", "d": "3", "e": "1/3", "f": "s"}
    for name, value in values.items():
        settle(f'{TYPED} set_tx_meta("k", ${name})', right | {name: value})


SEND = "send [A 1] (source = @a destination = @b)"
LARGE = "9" * 3_990
DOUBLING = [a + b + c for a in "abcdefghij" for b in "abcdefghij" for c in "abcdefghij"]
EXCESS = {
    "parentheses": 'set_tx_meta("k", ' + "(" * 32_000 + "1" + ")" * 32_000 + ")",
    "open parentheses": 'set_tx_meta("k", ' + "(" * 65_000,
    "signs": 'set_tx_meta("k", ' + "-" * 65_000 + "1)",
    "sums": 'set_tx_meta("k", 1' + "+1" * 32_000 + ")",
    "open blocks": "send [A 1] (source = " + "{" * 65_000,
    "blocks": "send [A *] (source = " + "{" * 30_000 + "@a" + "}" * 30_000 + "destination = @b)",
    "caps": "send [A 1] (source = " + "max [A 1] from " * 4_000 + "@a destination = @b)",
    "targets": "send [A 1] (source = @a destination = " + "{remaining to" * 4_000 + "@b" + "}" * 4_000 + ")",
    "open comments": "/*" * 32_000,
    "comments": "/*" * 16_000 + "*/" * 16_000 + SEND,
    "quotes": '"' * 65_000,
    "escapes": 'set_tx_meta("k", "' + '\\"' * 32_000 + '")',
    "open escapes": 'set_tx_meta("k", "' + '\\"' * 32_000,
    "sources": "send [A *] (source = {" + "@aaa @bbbb " * 5_900 + "} destination = @b)",
    "accounts": f"send [A 1] (source = @{'a' * 65_000} destination = @b)",
    "segments": f"send [A 1] (source = @{'a:' * 32_000}a destination = @b)",
    "assets": f"send [{'A' * 65_000} 1] (source = @a destination = @b)",
    "exponents": f"send [A/{'1' * 65_000} 1] (source = @a destination = @b)",
    "digits": f'set_tx_meta("k", {"9" * 65_000})',
    "ratios": f"send [A 1] (source = @world destination = {{ {'1' * 4_000}/{'2' * 4_000} to @b 3/{LARGE} to @c }})",
    "shares": "send [A 1] (source = @world destination = {" + "1/9999 to @b " * 5_000 + "})",
    "variables": "vars {" + "number $a " * 6_500 + "}",
    "arguments": "set_tx_meta(" + "1," * 32_000 + "1)",
    "slashes": "/" * 65_536,
    "spaces": " " * 65_536,
    "letters": "x" * 65_536,
    "stars": "*" * 65_536,
    "emojis": "🙂" * 65_536,
    "doubled variables": f"vars {{ monetary $aaa = [A {LARGE}] "
    + "".join(f"monetary ${b} = ${a} + ${a} " for a, b in pairwise(DOUBLING))
    + "} send $jjj (source = @a destination = @b)",
    "doubled balances": f"send [A {LARGE}] (source = @world destination = @a)"
    + "send balance(@a,A) (source=@world destination=@a)" * 1_200,
    "negative doubles": f"vars {{ number $aaa = -{LARGE} "
    + "".join(f"number ${b} = ${a} + ${a} " for a, b in pairwise(DOUBLING))
    + '} set_tx_meta("k", @a:$jjj)',
}


@pytest.mark.parametrize("text", EXCESS.values(), ids=EXCESS.keys())
def test_excess_is_answered(text: str) -> None:
    assert len(text) <= LONGEST
    settle(text)


def test_half_a_character_is_refused_before_anything_is_kept() -> None:
    with pytest.raises(NumscriptError, match="U\\+D83D begins nothing"):
        compiled('set_tx_meta("k", "\ud83d")')
    assert [problem.kind for problem in problems_of("\ud83d")] == [Kind.SYNTAX]


def test_ten_thousand_statements_are_more_than_a_program_has() -> None:
    assert settle(SEND * 10_000).kind is Kind.TOO_LONG
    assert settle('set_tx_meta("",1)' * 3_855) is None


def test_a_large_number_is_written_or_refused() -> None:
    """Python writes 4,300 digits and no more, so no value and no message may come near."""
    text = (
        f"send [A {'9' * 4_000}] (source = @world destination = @a)" * 16
        + "send [A *] (source = @a destination = @b)"
    )
    postings = Program(text).run({}, balance_of=lambda account, asset: 0).postings
    assert str(postings[-1].amount) == str(16 * (10**4_000 - 1))
    short = f"send [A {'9' * 4_000}] (source = @a destination = @b)"
    assert settle(short).kind is Kind.MISSING_FUNDS
    assert settle(f"send [A -{'9' * 4_000}] (source = @a destination = @b)").kind is Kind.NEGATIVE_AMOUNT


def test_depth_leaves_room_for_whoever_calls() -> None:
    """At the limit of nesting, from a stack that is already deep."""
    deep = "send [A 1] (source = " + "{" * 99 + "@a" + "}" * 99 + "destination = @b)"
    signs = f'set_tx_meta("k", {"-" * 99}1)'

    def called(depth: int) -> None:
        if depth:
            called(depth - 1)
        else:
            assert settle(deep, {"x": 1}).kind in (Kind.MISSING_FUNDS, Kind.TOO_DEEP)
            assert settle(signs) is None

    called(400)


def test_values_of_python_are_not_taken_on_trust() -> None:
    program = (
        "vars { monetary $m portion $p } send $m (source = @world destination = { $p to @a remaining to @b })"
    )
    assert settle(program, {"m": Monetary("A", 10**5_000), "p": "1/2"}).kind is Kind.INVALID_VALUE
