"""What can go wrong, of every kind: by program, with the place at which it is found."""

from fractions import Fraction
from typing import Any, NamedTuple

import pytest

from apps.ledger.numscript.checker import DEEPEST
from apps.ledger.numscript.errors import Kind, NumscriptError, Problem
from apps.ledger.numscript.inputs import amounts_in, balances_of, metadata_in
from apps.ledger.numscript.parser import LONGEST, MOST_SHARES
from apps.ledger.numscript.program import Program, problems_of
from apps.ledger.numscript.static import static_problems
from apps.ledger.numscript.values import Monetary


class Row(NamedTuple):
    """A program that fails, of what kind and where; `says` is a part of the message."""

    kind: Kind
    place: str
    program: str
    says: str = ""
    variables: dict[str, Any] = {}
    balances: dict[str, dict[str, int]] = {}
    metadata: dict[str, dict[str, Any]] = {}


def moving(sent: str = "[USD/2 10]", source: str = "@a", destination: str = "@b") -> str:
    """The sent begins at 1:6, the source at 2:12, the destination at 3:17."""
    return f"send {sent} (\n  source = {source}\n  destination = {destination}\n)"


def keeping(value: str, variables: str = "") -> str:
    """The value begins at 2:18."""
    return f'vars {{ {variables} }}\nset_tx_meta("k", {value})'


IN_TEXT = [
    Row(Kind.SYNTAX, "1:5", "send", "Found the end where a value should be."),
    Row(Kind.SYNTAX, "2:3", "send [A 1] (\n  sauce = @a", "Found “sauce” where source should be."),
    Row(Kind.SYNTAX, "1:9", "send [A ] (source = @a", "Found “]” where a value or * should be."),
    Row(Kind.SYNTAX, "1:7", "send [10 A]", "Found “10” where a variable or an asset should be."),
    Row(Kind.SYNTAX, "2:12", moving(source=")"), "Found “)” where a value, max or { should be."),
    Row(Kind.SYNTAX, "3:17", moving(destination=")"), "Found “)” where a value or { should be."),
    Row(Kind.SYNTAX, "2:14", "send [A 1] (\n  source = @a)", "where allowing or destination should be."),
    Row(Kind.SYNTAX, "1:24", "send [A 1] (source = @a\n\n", "Found the end where"),
    Row(
        Kind.SYNTAX, "1:19", "vars { monetary $a, monetary $b }", "Found “,” where =, a word or } should be."
    ),
    Row(Kind.SYNTAX, "1:10", "vars { a b }", "Found “b” where a variable should be."),
    Row(Kind.SYNTAX, "1:1", "$amount", "where a word, save, send, the end or vars should be."),
    Row(Kind.SYNTAX, "1:1", "Send [A 1]", "Found “S”"),
    Row(Kind.SYNTAX, "1:51", "x" * 50 + "!", "begins nothing"),
    Row(Kind.SYNTAX, "1:1", "9" * 50, f"Found “{'9' * 40}…” where"),
    Row(Kind.SYNTAX, "2:3", "set_tx_meta(\n  'k', 1)", "“'” begins nothing in this language."),
    Row(Kind.SYNTAX, "1:14", 'set_tx_meta( "k, 1)', "This string has no end on its line."),
    Row(Kind.SYNTAX, "1:14", 'set_tx_meta( "k\n", 1)', "This string has no end on its line."),
    Row(Kind.SYNTAX, "1:1", "\x00", "U+0000 begins nothing in this language."),
    Row(Kind.SYNTAX, "2:4", "// smiles\n// \ud83d", "U+D83D begins nothing in this language."),
    Row(Kind.SYNTAX, "2:3", "\n  /* one /* two */", "This comment has no end; close it with */."),
    Row(Kind.SYNTAX, "1:9", "send [A ٣]", "“٣” begins nothing"),
    Row(Kind.SYNTAX, "2:19", keeping("1__0"), "“_” begins nothing"),
    Row(
        Kind.SYNTAX,
        "4:3",
        moving(source="{\n  1/2 from @a\n  @c\n}"),
        "not both",
    ),
    Row(
        Kind.SYNTAX,
        "4:3",
        moving(destination="{\n  1/2 to @b\n  max [USD/2 5] to @c\n  remaining kept\n}"),
        "only the last may be without, and it is remaining",
    ),
    Row(
        Kind.REMAINING_MISSING,
        "4:3",
        moving(destination="{\n  max [USD/2 5] to @c\n}"),
        "remaining to … or remaining kept",
    ),
    Row(Kind.REMAINING_MISSING, "5:3", moving(destination="{\n  max [USD/2 5] to @c\n  1/2 to @d\n}")),
    Row(Kind.TOO_LONG, "1:1", "/" * (LONGEST + 1), "at most 65,536 characters; this has 65,537"),
    Row(Kind.TOO_LONG, "2:18", keeping("1" * 4_001), "at most 4,000 digits"),
    Row(Kind.TOO_LONG, "2:18", keeping("1." + "0" * 38 + "%"), "at most 40 characters"),
    Row(Kind.TOO_LONG, "2:18", keeping("@" + "a" * 501), "An account has at most 500 characters."),
    Row(Kind.TOO_LONG, "2:18", keeping("A" * 501), "An asset has at most 500 characters."),
    Row(
        Kind.TOO_LONG,
        "3:1419",
        moving(destination="{ " + "1/101 to @b   " * (MOST_SHARES + 1) + "}"),
        "at most 100 shares",
    ),
    Row(Kind.TOO_DEEP, f"2:{18 + DEEPEST}", keeping("-" * (DEEPEST + 1) + "1"), "at most 100 deep"),
    Row(Kind.TOO_DEEP, f"2:{12 + DEEPEST}", moving(source="{" * 101 + "@a" + "}" * 101)),
    Row(Kind.TOO_DEEP, f"2:{12 + DEEPEST}", moving("[A *]", "{" * 101 + "@a" + "}" * 101)),
    Row(
        Kind.TOO_DEEP, f"3:{17 + 13 * DEEPEST}", moving(destination="{remaining to" * 101 + "@b" + "}" * 101)
    ),
    Row(Kind.UNSUPPORTED_FEATURE, "2:1", '\n#![feature("x")]', "no feature flags"),
    Row(Kind.UNSUPPORTED_FEATURE, "2:12", moving(source="oneof { @a @c }"), "no oneof"),
    Row(Kind.UNSUPPORTED_FEATURE, "3:17", moving(destination="oneof { remaining kept }"), "no oneof"),
    Row(Kind.UNSUPPORTED_FEATURE, "2:12", moving(source='@a \\ "RED"'), "no colours"),
    Row(Kind.UNSUPPORTED_FEATURE, "2:12", moving(source="@a with scaling through @c"), "no scaling"),
]

IN_MEANING = [
    Row(Kind.UNKNOWN_VARIABLE, "1:6", moving("$amount"), "$amount is not declared before this"),
    Row(Kind.UNKNOWN_VARIABLE, "2:15", moving(source="@a:$of"), "$of is not declared"),
    Row(Kind.UNKNOWN_VARIABLE, "1:22", "vars { monetary $a = $b monetary $b }", "$b is not declared before"),
    Row(Kind.UNKNOWN_VARIABLE, "1:22", "vars { monetary $a = $a }", "$a is not declared before"),
    Row(Kind.DUPLICATE_VARIABLE, "1:19", "vars { account $a number $a }", "$a is declared already"),
    Row(Kind.UNKNOWN_TYPE, "1:8", "vars { money $a }", "no type money; take account, asset, monetary"),
    Row(Kind.WRONG_TYPE, "1:6", moving("10"), "Here should be a monetary, not a number."),
    Row(Kind.WRONG_TYPE, "2:12", moving(source="USD/2"), "Here should be an account, not an asset."),
    Row(Kind.WRONG_TYPE, "3:17", moving(destination='"b"'), "Here should be an account, not a string."),
    Row(Kind.WRONG_TYPE, "2:16", moving(source="max 5 from @a"), "a monetary, not a number"),
    Row(Kind.WRONG_TYPE, "2:40", moving(source="@a allowing overdraft up to 5"), "a monetary, not a number"),
    Row(Kind.WRONG_TYPE, "2:14", moving(source="{ 5 from @a remaining from @b }"), "a portion, not a number"),
    Row(Kind.WRONG_TYPE, "2:18", keeping("-1/2 + 1/2"), "a number or a monetary, not a portion"),
    Row(Kind.WRONG_TYPE, "2:22", keeping("1 + [A 1]"), "a number, not a monetary"),
    Row(Kind.WRONG_TYPE, "2:26", keeping("[A 1] + 1"), "a monetary, not a number"),
    Row(Kind.WRONG_TYPE, "2:19", keeping('-"x"'), "a number or a monetary, not a string"),
    Row(Kind.WRONG_TYPE, "2:18", keeping("[A 1] / 2"), "a number, not a monetary"),
    Row(Kind.WRONG_TYPE, "2:21", keeping('[A "x"]'), "a number, not a string"),
    Row(Kind.WRONG_TYPE, "2:19", keeping("[$x 1]", "string $x"), "an asset, not a string"),
    Row(Kind.WRONG_TYPE, "2:21", keeping("@a:$x", "portion $x"), "an account, a string or a number"),
    Row(Kind.WRONG_TYPE, "1:13", "set_tx_meta(1, 2)", "a string, not a number"),
    Row(Kind.WRONG_TYPE, "1:20", "vars { number $n = balance(@a, A) }", "a number, not a monetary"),
    Row(Kind.WRONG_TYPE, "1:30", "vars { monetary $n = balance(A, @a) }", "an account, not an asset"),
    Row(Kind.WRONG_TYPE, "2:18", keeping('meta(@a, "k")'), "meta() has the type of the variable"),
    Row(Kind.WRONG_TYPE, "1:17", "save [A 1] from A", "an account, not an asset"),
    Row(Kind.UNKNOWN_FUNCTION, "1:1", "burn(@a)", "no burn() here; take set_tx_meta(), set_account_meta()."),
    Row(Kind.UNKNOWN_FUNCTION, "1:1", "balance(@a, A)", "no balance() here"),
    Row(Kind.UNKNOWN_FUNCTION, "1:1", "overdraft(@a, A)", "no overdraft() here"),
    Row(
        Kind.UNKNOWN_FUNCTION, "2:18", keeping("now()"), "no now() here; take balance(), overdraft(), meta()."
    ),
    Row(Kind.WRONG_ARGUMENTS, "1:1", 'set_tx_meta("k")', "set_tx_meta() takes 2 arguments, not 1."),
    Row(Kind.WRONG_ARGUMENTS, "1:1", 'set_account_meta("k", 1)', "takes 3 arguments, not 2"),
    Row(Kind.WRONG_ARGUMENTS, "2:18", keeping("balance()"), "takes 2 arguments, not 0"),
    Row(Kind.WRONG_ARGUMENTS, "1:20", "vars { string $s = meta(@a) }", "meta() takes 2 arguments, not 1."),
    Row(
        Kind.PORTIONS_ABOVE_ONE,
        "3:17",
        moving(destination="{ 2/3 to @b 50% to @c remaining kept }"),
        "These portions add up to 7/6, more than all.",
    ),
    Row(Kind.PORTIONS_ABOVE_ONE, "2:12", moving(source="{ 1/1 from @b 100% from @c }"), "add up to 2/1"),
    Row(
        Kind.PORTIONS_ABOVE_ONE,
        "3:17",
        moving(destination="{ " + " ".join(f"{10**19}/{10**19 + n} to @b" for n in (1, 3, 7)) + " }"),
        "add up to about 300%",
    ),
    Row(
        Kind.PORTIONS_BELOW_ONE,
        "3:17",
        moving(destination="{ 1/2 to @b 1/3 to @c }"),
        "These portions add up to 5/6; say where the remaining goes.",
    ),
    Row(
        Kind.REMAINING_TWICE,
        "3:35",
        moving(destination="{ remaining to @b remaining kept }"),
        "one share only",
    ),
    Row(Kind.INVALID_PORTION, "2:18", keeping("1/0"), "a portion cannot be divided by zero"),
    Row(Kind.INVALID_PORTION, "2:18", keeping("3/2"), "from 0 to 1"),
    Row(Kind.INVALID_PORTION, "2:18", keeping("100.1%"), "100.1% is no portion: a portion is from 0 to 1"),
    Row(Kind.INVALID_PORTION, "2:18", keeping(f"1/{10**40}"), "at most 40 digits above and below"),
    Row(Kind.ALLOTMENT_OF_ALL, "2:12", moving("[A *]", "{ 1/2 from @a 1/2 from @b }"), "no total is known"),
    Row(Kind.ALLOTMENT_OF_ALL, "2:17", moving("[A *]", "{ @x { remaining from @a } }"), "in portions"),
    Row(Kind.UNBOUNDED_ALL, "2:12", moving("[A *]", "@world"), "All of @world has no end."),
    Row(Kind.UNBOUNDED_ALL, "2:17", moving("[A *]", "{ @a @b allowing unbounded overdraft }"), "no end"),
    Row(Kind.UNUSED_VARIABLE, "1:8", "vars { number $n }", "$n is never used."),
    Row(
        Kind.NOT_STATIC, "1:22", "vars { monetary $m = balance(@a, A) } " + moving("$m"), "knows no balance()"
    ),
    Row(
        Kind.NOT_STATIC, "1:20", 'vars { string $m = meta(@a, "k") } set_tx_meta("k", $m)', "knows no meta()"
    ),
    Row(Kind.NOT_STATIC, "2:18", keeping("overdraft(@a, A)"), "knows no overdraft()"),
    Row(Kind.NOT_STATIC, "1:6", moving("[A *]"), "cannot send all"),
    Row(Kind.NOT_STATIC, "1:1", "save [A 1] from @a", "cannot save"),
    Row(Kind.NOT_STATIC, "2:12", moving(source="@world"), "no @world"),
    Row(Kind.NOT_STATIC, "2:12", moving(source="{ @a @b }"), "no sources in order"),
    Row(Kind.NOT_STATIC, "2:12", moving(source="{ }"), "no sources in order"),
    Row(Kind.NOT_STATIC, "2:12", moving(source="max [USD/2 1] from @a"), "no capped source"),
    Row(Kind.NOT_STATIC, "2:12", moving(source="@a allowing overdraft up to [USD/2 1]"), "no overdraft"),
    Row(Kind.NOT_STATIC, "2:12", moving(source="@a allowing unbounded overdraft"), "no overdraft"),
    Row(Kind.NOT_STATIC, "1:1", 'set_account_meta(@a, "k", 1)', "of the transaction only"),
]

IN_RUN = [
    Row(Kind.MISSING_VARIABLE, "1:8", keeping("$n", "number $n"), "$n is missing; give it as a number."),
    Row(Kind.MISSING_VARIABLE, "1:8", "vars { number $n }", "$n is missing"),
    Row(Kind.NEGATIVE_AMOUNT, "1:6", moving("[A -5]"), "-5 A cannot be sent"),
    Row(Kind.NEGATIVE_AMOUNT, "1:6", "save [A -5] from @a", "-5 A cannot be saved"),
    Row(Kind.NEGATIVE_BALANCE, "2:18", keeping("balance(@a, A)"), "@a is at -3 A", {}, {"a": {"A": -3}}),
    Row(
        Kind.MISSING_FUNDS,
        "2:12",
        moving(),
        "10 USD/2 are needed here, and there are 9",
        {},
        {"a": {"USD/2": 9}},
    ),
    Row(Kind.MISSING_FUNDS, "2:12", moving(source="max [USD/2 9] from @world"), "there are 9"),
    Row(Kind.MISSING_FUNDS, "2:12", moving(source="{ }"), "there are 0"),
    Row(
        Kind.MISSING_FUNDS,
        "2:39",
        moving(source="{ 1/2 from @world 1/2 from @a }"),
        "5 USD/2 are needed here, and there are 4",
        {},
        {"a": {"USD/2": 4}},
    ),
    Row(
        Kind.ASSET_MISMATCH,
        "2:16",
        moving(source="max [EUR/2 1] from @a"),
        "USD/2 is sent, but this is in EUR/2",
    ),
    Row(
        Kind.ASSET_MISMATCH,
        "3:23",
        moving(source="@world", destination="{ max [EUR/2 1] to @b remaining kept }"),
        "USD/2 is sent",
    ),
    Row(Kind.ASSET_MISMATCH, "2:18", keeping("[USD/2 1] + [USD 1]"), "USD/2 and USD do not mix"),
    Row(Kind.INVALID_PORTION, "2:18", keeping("$a/$b", "number $a number $b"), "zero", {"a": "1", "b": "0"}),
    Row(Kind.INVALID_PORTION, "2:18", keeping("-1/$b", "number $b"), "from 0 to 1", {"b": "2"}),
    Row(
        Kind.PORTIONS_ABOVE_ONE,
        "4:17",
        "vars { portion $p }\n" + moving(source="@world", destination="{ 2/3 to @b $p to @c }"),
        "7/6",
        {"p": "1/2"},
    ),
    Row(
        Kind.PORTIONS_BELOW_ONE,
        "4:17",
        "vars { portion $p }\n" + moving(source="@world", destination="{ 2/3 to @b $p to @c }"),
        "5/6",
        {"p": "1/6"},
    ),
    Row(
        Kind.UNBOUNDED_ALL,
        "3:12",
        "vars { account $a }\n" + moving("[A *]", "$a"),
        "@world has no end",
        {"a": "world"},
    ),
    Row(Kind.METADATA_NOT_FOUND, "1:20", 'vars { string $s = meta(@a, "k") }', "@a has no metadata “k”."),
    Row(
        Kind.INVALID_VALUE,
        "1:20",
        'vars { number $n = meta(@a, "k") }',
        "The metadata “k” of @a: 'ten' is no number",
        metadata={"a": {"k": "ten"}},
    ),
    Row(
        Kind.INVALID_VALUE,
        "1:20",
        'vars { number $n = meta(@a, "k") }',
        "a number is given as a text",
        metadata={"a": {"k": [1]}},
    ),
    Row(Kind.INVALID_VALUE, "2:18", keeping("@a:$s", "string $s"), "'a:x y' is no account", {"s": "x y"}),
    Row(Kind.INVALID_VALUE, "2:18", keeping("@a:$s", "string $s"), "'a:' is no account", {"s": ""}),
    Row(Kind.INVALID_VALUE, "2:18", keeping("$a + 1", "number $a"), "too large", {"a": "9" * 4_000}),
    Row(
        Kind.INVALID_VALUE,
        "2:18",
        keeping("[A $a] - [A 1]", "number $a"),
        "too large",
        {"a": -(10**4_000 - 1)},
    ),
]

VALUES = [
    ("account", "@a", "is no account"),
    ("account", "", "is no account"),
    ("account", "a:", "is no account"),
    ("account", "a\n", "is no account"),
    ("account", "a" * 501, "at most 500 characters"),
    ("account", "٣", "is no account"),
    ("account", ["a"], "an account is given as a text"),
    ("asset", "usd/2", "is no asset such as USD/2"),
    ("asset", "USD/", "is no asset"),
    ("asset", "USD/1234567", "is no asset"),
    ("asset", "A" * 501, "is no asset"),
    ("asset", None, "an asset is given as a text"),
    ("monetary", "USD/2", "is no number"),
    ("monetary", "USD/2  100", "is no number"),
    ("monetary", "100 USD/2", "is no asset"),
    ("monetary", "USD/2 1.5", "is no number"),
    ("monetary", 100, "a monetary is given as a text"),
    ("monetary", {"asset": "USD/2"}, "has an asset and an amount"),
    ("monetary", {"asset": ["USD/2"], "amount": {}}, "an asset is given as a text"),
    ("monetary", {"asset": "USD/2", "amount": True}, "a number is given as a text"),
    ("number", "", "is no number"),
    ("number", "٣", "is no number"),
    ("number", "1_000", "is no number"),
    ("number", " 1", "is no number"),
    ("number", "1e3", "is no number"),
    ("number", "0x10", "is no number"),
    ("number", "9" * 4_001, "at most 4000 digits"),
    ("number", True, "a number is given as a text"),
    ("number", 1.5, "a number is given as a text"),
    ("number", float("nan"), "a number is given as a text"),
    ("number", [], "a number is given as a text"),
    ("portion", "half", "is no portion such as 1/3 or 12.5%"),
    ("portion", "-1/2", "is no portion"),
    ("portion", "1/-2", "is no portion"),
    ("portion", "1 %", "is no portion"),
    ("portion", ".5%", "is no portion"),
    ("portion", "1//2", "is no portion"),
    ("portion", "1/0", "divided by zero"),
    ("portion", "3/2", "from 0 to 1"),
    ("portion", "100.01%", "from 0 to 1"),
    ("portion", f"1/{10**40}", "at most 40 digits"),
    ("portion", "1/" + "9" * 200, "is no portion"),
    ("portion", 0.5, "a portion is given as a text"),
    ("string", 5, "a string is given as a text"),
    ("string", {}, "a string is given as a text"),
    ("string", "\ud83d", "halves of characters"),
]

ROWS = IN_TEXT + IN_MEANING + IN_RUN


def found(row: Row) -> Problem:
    """The first thing that is wrong, as whoever runs the program is told; else what is doubtful or not static."""
    try:
        program = Program(row.program)
        if row.kind is Kind.UNUSED_VARIABLE:
            return program.warnings[0]
        if row.kind is Kind.NOT_STATIC:
            return static_problems(program.tree)[0]
        program.run(
            row.variables,
            balance_of=balances_of(amounts_in(row.balances)),
            metadata_of=metadata_in(row.metadata),
        )
    except NumscriptError as error:
        return error.problem
    raise AssertionError("It ran.")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.kind} {row.place}")
def test_a_failure_has_its_kind_and_place(row: Row) -> None:
    problem = found(row)
    assert (problem.kind, str(problem.place)) == (row.kind, row.place), problem
    assert row.says in problem.message


@pytest.mark.parametrize(("type_", "given", "says"), VALUES, ids=lambda each: repr(each)[:40])
def test_a_value_of_the_wrong_shape_is_refused(type_: str, given: Any, says: str) -> None:
    assert_refused(type_, given, says)


def test_a_number_of_python_is_held_to_the_same_digits() -> None:
    largest = 10**4_000 - 1
    for given in (largest + 1, -largest - 1, 10**5_000):
        assert_refused("number", given, "at most 4000 digits")
        assert_refused("monetary", {"asset": "A", "amount": given}, "at most 4000 digits")
        assert_refused("monetary", Monetary("A", given), "at most 4000 digits")
    assert Program(keeping("$n", "number $n")).run({"n": largest}).metadata == {"k": "9" * 4_000}


def test_a_fraction_of_python_is_held_to_the_same_range() -> None:
    for given in (Fraction(3, 2), Fraction(-1, 2)):
        assert_refused("portion", given, "from 0 to 1")
    assert_refused("portion", Fraction(1, 10**40), "at most 40 digits")


def assert_refused(type_: str, given: Any, says: str) -> None:
    problem = found(Row(Kind.INVALID_VALUE, "", keeping("$v", f"{type_} $v"), variables={"v": given}))
    assert (problem.kind, str(problem.place)) == (Kind.INVALID_VALUE, "1:8")
    assert says in problem.message


def test_every_kind_has_a_row() -> None:
    assert set(Kind) - {row.kind for row in ROWS} == set()


def test_all_problems_are_named_in_their_order() -> None:
    program = "vars { account $x }\nsend [A 1] (\n  source = $y\n  destination = 5\n)\nburn()"
    assert [str(problem) for problem in problems_of(program)] == [
        "1:8: warning: UNUSED_VARIABLE: $x is never used.",
        "3:12: UNKNOWN_VARIABLE: $y is not declared before this; add it to vars.",
        "4:17: WRONG_TYPE: Here should be an account, not a number.",
        "6:1: UNKNOWN_FUNCTION: There is no burn() here; take set_tx_meta(), set_account_meta().",
    ]


def test_an_unknown_variable_is_named_once() -> None:
    twice = problems_of(moving(source="$y", destination="$y"))
    assert [(problem.kind, str(problem.place)) for problem in twice] == [(Kind.UNKNOWN_VARIABLE, "2:12")]


def test_a_warning_keeps_no_program_from_running() -> None:
    program = Program("vars { number $n }")
    assert [problem.kind for problem in program.warnings] == [Kind.UNUSED_VARIABLE]
    assert program.run({"n": 1}).postings == []


def test_nothing_is_wrong_with_a_good_program() -> None:
    assert problems_of(moving()) == []
