"""What the language means, construct by construct."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from apps.ledger.numscript.inputs import amounts_in, balances_of, metadata_in
from apps.ledger.numscript.program import KEPT, Program, Result, compiled
from apps.ledger.numscript.values import Monetary

Balances = Mapping[str, int]


def ran(program: str, balances: Balances | None = None, **variables: Any) -> Result:
    """A run in which every balance is in the asset A; accounts named `old…` have the metadata `k`."""
    amounts = amounts_in({account: {"A": amount} for account, amount in (balances or {}).items()})
    return Program(program).run(
        variables, balance_of=balances_of(amounts), metadata_of=metadata_in({"old": {"k": "7", "p": "12.5%"}})
    )


def posted(program: str, balances: Balances | None = None, **variables: Any) -> str:
    """What was posted, as `a>b 10, a>c 5`."""
    postings = ran(program, balances, **variables).postings
    assert {posting.asset for posting in postings} <= {"A"}
    return ", ".join(f"{each.source}>{each.destination} {each.amount}" for each in postings)


def sent(amount: str, source: str, destination: str = "@to") -> str:
    return f"send [A {amount}] ( source = {source} destination = {destination} )\n"


def titled(rows: list[tuple[Any, ...]]) -> list[Any]:
    """Rows whose first column says what they show."""
    return [pytest.param(*row, id=title) for title, *row in rows]


SOURCES = [
    ("an account pays what it has", sent("10", "@a"), {"a": 10}, "a>to 10"),
    ("nothing is sent without a posting", sent("0", "@a"), {}, ""),
    ("the world pays without limit", sent("10", "@world"), {}, "world>to 10"),
    ("the world pays below zero", sent("10", "@world"), {"world": -5}, "world>to 10"),
    ("a bounded overdraft", sent("15", "@a allowing overdraft up to [A 5]"), {"a": 10}, "a>to 15"),
    ("an overdraft in use already", sent("3", "@a allowing overdraft up to [A 5]"), {"a": -2}, "a>to 3"),
    ("an unbounded overdraft", sent("15", "@a allowing unbounded overdraft"), {"a": -9}, "a>to 15"),
    ("a cap", sent("9", "{ max [A 4] from @a @b }"), {"a": 9, "b": 9}, "a>to 4, b>to 5"),
    ("a cap above what there is", sent("9", "{ max [A 7] from @a @b }"), {"a": 2, "b": 9}, "a>to 2, b>to 7"),
    ("a negative cap is none", sent("9", "{ max [A -4] from @a @b }"), {"a": 9, "b": 9}, "b>to 9"),
    ("a cap over several", sent("9", "{ max [A 4] from { @a @b } @c }"), {"a": 3, "b": 3, "c": 9}, "a>to 3, b>to 1, c>to 5"),
    ("a cap within a cap", sent("5", "{ max [A 4] from max [A 3] from @a @b }"), {"a": 9, "b": 9}, "a>to 3, b>to 2"),
    ("in order, and no further than needed", sent("5", "{ @a @b @c }"), {"a": 2, "b": 9, "c": 9}, "a>to 2, b>to 3"),
    ("a negative balance pays nothing", sent("5", "{ @a @b }"), {"a": -3, "b": 9}, "b>to 5"),
    ("a negative overdraft is none", sent("5", "{ @a allowing overdraft up to [A -2] @b }"), {"a": 3, "b": 9}, "a>to 3, b>to 2"),
    ("an account twice has its money once", sent("5", "{ @a @b @a @c }"), {"a": 2, "b": 1, "c": 9}, "a>to 2, b>to 1, c>to 2"),
    ("neighbours of one name pay together", sent("5", "{ max [A 2] from @a max [A 3] from @a }"), {"a": 9}, "a>to 5"),
    ("portions of sources", sent("10", "{ 1/3 from @a remaining from @b }"), {"a": 9, "b": 9}, "a>to 4, b>to 6"),
    (
        "portions of portions",
        sent("10", "{ 1/2 from { 1/2 from @a 1/2 from @b } 1/2 from @c }"),
        {"a": 9, "b": 9, "c": 9},
        "a>to 3, b>to 2, c>to 5",
    ),
    ("what is given in a statement is not spent in it", sent("2", "{ @to @a }"), {"a": 9}, "a>to 2"),
]  # fmt: skip

ALL_OF = [
    ("an account", "@a", {"a": 7}, "a>to 7"),
    ("an empty account", "@a", {}, ""),
    ("an account below zero", "@a", {"a": -7}, ""),
    ("a bounded overdraft", "@a allowing overdraft up to [A 5]", {"a": 7}, "a>to 12"),
    ("a bounded overdraft in use", "@a allowing overdraft up to [A 5]", {"a": -2}, "a>to 3"),
    ("in order", "{ @a @b }", {"a": 2, "b": 3}, "a>to 2, b>to 3"),
    ("a cap", "max [A 5] from @a", {"a": 7}, "a>to 5"),
    ("a cap above what there is", "max [A 9] from @a", {"a": 7}, "a>to 7"),
    ("a negative cap", "max [A -9] from @a", {"a": 7}, ""),
    ("a cap on what has no end", "max [A 5] from @world", {}, "world>to 5"),
    ("a cap on portions", "max [A 5] from { 1/2 from @a 1/2 from @b }", {"a": 9, "b": 9}, "a>to 3, b>to 2"),
    ("nothing at all", "{ }", {}, ""),
]  # fmt: skip

DESTINATIONS = [
    ("portions", "{ 1/2 to @b 1/2 to @c }", "10", "a>b 5, a>c 5"),
    ("what rounding leaves goes to the earliest", "{ 1/3 to @b 1/3 to @c 1/3 to @d }", "11", "a>b 4, a>c 4, a>d 3"),
    ("also where the rest stands first", "{ remaining to @b 1/6 to @c 1/6 to @d }", "100", "a>b 67, a>c 17, a>d 16"),
    ("also to a share of zero", "{ 0% to @b 1/3 to @c 2/3 to @d }", "10", "a>b 1, a>c 3, a>d 6"),
    ("the rest may be nothing", "{ 1/2 to @b 1/2 to @c remaining to @d }", "10", "a>b 5, a>c 5"),
    ("nested portions divide their own share", "{ 1/2 to { 1/2 to @b 1/2 to @c } 1/2 to @d }", "11", "a>b 3, a>c 3, a>d 5"),
    ("percentages", "{ 12.5% to @b 87.5% to @c }", "8", "a>b 1, a>c 7"),
    ("one account twice is two postings", "{ 1/2 to @b 1/2 to @b }", "4", "a>b 2, a>b 2"),
    ("caps", "{ max [A 3] to @b max [A 4] to @c remaining to @d }", "10", "a>b 3, a>c 4, a>d 3"),
    ("caps that are not reached", "{ max [A 30] to @b max [B 4] to @c remaining to @d }", "10", "a>b 10"),
    ("a negative cap is none", "{ max [A -3] to @b remaining to @d }", "10", "a>d 10"),
    ("capped portions", "{ max [A 3] to { 1/2 to @b 1/2 to @c } remaining to @d }", "10", "a>b 2, a>c 1, a>d 7"),
    ("capped caps", "{ max [A 5] to { max [A 2] to @b remaining to @c } remaining to @d }", "9", "a>b 2, a>c 3, a>d 4"),
    ("only what remains", "{ remaining to @b }", "10", "a>b 10"),
    ("a kept portion", "{ 1/2 to @b 1/2 kept }", "10", "a>b 5"),
    ("a kept portion before others", "{ 1/2 kept 1/2 to @b }", "10", "a>b 5"),
    ("a kept cap", "{ max [A 3] kept remaining to @b }", "10", "a>b 7"),
    ("a kept rest", "{ max [A 3] to @b remaining kept }", "10", "a>b 3"),
    ("a kept rest of portions", "{ 1/4 to @b remaining kept }", "10", "a>b 3"),
    ("kept in what is nested", "{ 1/2 to { max [A 1] kept remaining to @b } 1/2 to @c }", "10", "a>b 4, a>c 5"),
    ("all of it kept", "{ remaining kept }", "10", ""),
]  # fmt: skip

STATEMENTS = [
    (
        "a statement spends what one before it gave",
        sent("5", "@a", "@b") + sent("5", "@b", "@c"),
        {"a": 5},
        "a>b 5, b>c 5",
    ),
    ("all is what is left", sent("3", "@a", "@b") + sent("*", "@a", "@c"), {"a": 5}, "a>b 3, a>c 2"),
    (
        "what was kept can be sent",
        sent("5", "@a", "{ 1/5 to @b remaining kept }") + sent("*", "@a", "@c"),
        {"a": 5},
        "a>b 1, a>c 4",
    ),
    (
        "the first sources are kept first",
        sent("8", "{ @a @b }", "{ max [A 3] kept remaining to @c }") + sent("*", "{ @a @b }", "@d"),
        {"a": 5, "b": 5},
        "a>c 2, b>c 3, a>d 3, b>d 2",
    ),
    ("sources go to destinations in order", sent("6", "{ @a @b }", "{ 1/3 to @c 2/3 to @d }"), {"a": 3, "b": 3}, "a>c 2, a>d 1, b>d 3"),
    ("saved money stays", "save [A 3] from @a " + sent("*", "@a"), {"a": 5}, "a>to 2"),
    ("more is saved than there is", "save [A 9] from @a " + sent("*", "@a"), {"a": 5}, ""),
    ("what comes later is not saved", "save [A 9] from @a " + sent("2", "@b", "@a") + sent("*", "@a"), {"a": 5, "b": 2}, "b>a 2, a>to 2"),
    ("all is saved", "save [A *] from @a " + sent("*", "@a"), {"a": 5}, ""),
    ("all of nothing is saved", "save [A *] from @a " + sent("*", "@a allowing overdraft up to [A 5]"), {"a": -2}, "a>to 3"),
    ("saving lifts a debt", "save [A 0] from @a " + sent("*", "@a allowing overdraft up to [A 5]"), {"a": -2}, "a>to 5"),
    ("an overdraft begins where saving ended", "save [A 9] from @a " + sent("*", "@a allowing overdraft up to [A 5]"), {"a": 5}, "a>to 5"),
    ("another asset is not saved", "save [B *] from @a " + sent("*", "@a"), {"a": 5}, "a>to 5"),
    ("saving twice", "save [A 2] from @a save [A 2] from @a " + sent("*", "@a"), {"a": 5}, "a>to 1"),
    ("what is unbounded pays all the same", "save [A *] from @a " + sent("9", "@a allowing unbounded overdraft"), {"a": 5}, "a>to 9"),
    (
        "a balance in a statement is of that moment",
        sent("2", "@a", "@b") + "send balance(@a, A) ( source = @a destination = @c )",
        {"a": 5},
        "a>b 2, a>c 3",
    ),
]  # fmt: skip

VALUES = [
    ("1_000_000", "", {}, "1000000"),
    ("007", "", {}, "7"),
    ("9" * 1_000, "", {}, "9" * 1_000),
    ("$n + 1", "number $n", {"n": "9" * 1_000}, "1" + "0" * 1_000),
    ("$n", "number $n", {"n": -5}, "-5"),
    ("1 - 2 - 3", "", {}, "-4"),
    ("1 - (2 - 3)", "", {}, "2"),
    ("--1", "", {}, "1"),
    ("-[A 1] - -[A 3]", "", {}, "A 2"),
    ("[A 4 + 6]", "", {}, "A 10"),
    ("[$a $n]", "asset $a number $n", {"a": "USD/2", "n": "3"}, "USD/2 3"),
    ("[A -3]", "", {}, "A -3"),
    ("$m + [USD/2 1]", "monetary $m", {"m": {"asset": "USD/2", "amount": 2}}, "USD/2 3"),
    ("$m + [USD/2 1]", "monetary $m", {"m": {"asset": "USD/2", "amount": "2"}}, "USD/2 3"),
    ("$m + [USD/2 1]", "monetary $m", {"m": Monetary("USD/2", 2)}, "USD/2 3"),
    ("$m", "monetary $m", {"m": "A -7"}, "A -7"),
    ("USD/2", "", {}, "USD/2"),
    ("BTC", "", {}, "BTC"),
    ("@users:001:Main_acc-2", "", {}, "users:001:Main_acc-2"),
    ("@a:$x:$n:$o", "string $x number $n account $o", {"x": "b-1", "n": "42", "o": "c:d"}, "a:b-1:42:c:d"),
    ("@$o", "account $o", {"o": "c:d"}, "c:d"),
    ("12%", "", {}, "3/25"),
    ("0.01%", "", {}, "1/10000"),
    ("100%", "", {}, "1/1"),
    ("0%", "", {}, "0/1"),
    ("2/4", "", {}, "1/2"),
    ("2 / 4", "", {}, "1/2"),
    ("$n/$d", "number $n number $d", {"n": 1, "d": 3}, "1/3"),
    ("$p", "portion $p", {"p": "12.5%"}, "1/8"),
    ("$p", "portion $p", {"p": "2 / 6"}, "1/3"),
    ("$p", "portion $p", {"p": Fraction(2, 3)}, "2/3"),
    ("$s", "string $s", {"s": "Ünï “x” \\\""}, "Ünï “x” \\\""),
    ('"a \\"quoted\\" word"', "", {}, 'a "quoted" word'),
    ('"C:\\temp"', "", {}, "C:\\temp"),
    ('"// no comment /* at all */"', "", {}, "// no comment /* at all */"),
    ('""', "", {}, ""),
    ("$x", "number $x = 1 + 2", {}, "3"),
    ("$y", "account $x = @a account $y = @b:$x", {}, "b:a"),
    ("$x", 'number $x = meta(@old, "k")', {}, "7"),
    ("$x", 'portion $x = meta(@old, "p")', {}, "1/8"),
    ("$x", 'string $x = meta(@old, "k")', {}, "7"),
    ("$x", 'string $k string $x = meta(@old, $k)', {"k": "k"}, "7"),
    ("$x", "monetary $x = balance(@a, A)", {}, "A 5"),
    ("$x", "monetary $x = overdraft(@a, A)", {}, "A 0"),
    ("$x", "monetary $x = overdraft(@below, A)", {}, "A 3"),
    ("balance(@a, A) + [A 1]", "", {}, "A 6"),
]  # fmt: skip

TEXTS = [
    "send [A 5](source=@a destination=@b)",
    "// first\nsend [A 5] ( // what\n source = @a // from\n destination = @b ) // the end",
    "/* one /* two */ still */ send [A 5] ( source = /* @c */ @a destination = @b )",
    "/* // */ send [A 5] ( source = @a destination = @b )",
    "// /*\nsend [A 5] ( source = @a destination = @b )",
    "/**/send/**/[A/**/5]/***/(source=@a\r\n\tdestination=@b)",
    "send ((([A (5)]))) ( source = (@a) destination = ((@b)) )",
    "vars {} send [A 5] ( source = { { @a } } destination = { remaining to @b } )",
]


@pytest.mark.parametrize(("program", "balances", "expected"), titled(SOURCES))
def test_a_source(program: str, balances: Balances, expected: str) -> None:
    assert posted(program, balances) == expected


@pytest.mark.parametrize(("source", "balances", "expected"), titled(ALL_OF))
def test_all_of_a_source(source: str, balances: Balances, expected: str) -> None:
    assert posted(sent("*", source), balances) == expected


@pytest.mark.parametrize(("destination", "amount", "expected"), titled(DESTINATIONS))
def test_a_destination(destination: str, amount: str, expected: str) -> None:
    assert posted(sent(amount, "@a", destination), {"a": 1_000}) == expected


@pytest.mark.parametrize(("program", "balances", "expected"), titled(STATEMENTS))
def test_statements_one_after_the_other(program: str, balances: Balances, expected: str) -> None:
    assert posted(program, balances) == expected


@pytest.mark.parametrize(("expression", "declared", "variables", "expected"), VALUES)
def test_a_value(expression: str, declared: str, variables: Mapping[str, Any], expected: str) -> None:
    program = f'vars {{ {declared} }} set_tx_meta("k", {expression})'
    assert ran(program, {"a": 5, "below": -3}, **variables).metadata == {"k": expected}


@pytest.mark.parametrize("text", TEXTS)
def test_layout_and_comments_mean_nothing(text: str) -> None:
    assert posted(text, {"a": 5}) == "a>b 5"


def test_variables_stand_wherever_a_value_does() -> None:
    program = """
    vars { asset $asset monetary $cap portion $share account $from account $to monetary $over }
    send [$asset 10] (
      source = { max $cap from $from @b allowing overdraft up to $over }
      destination = { $share to $to remaining kept }
    )
    """
    given = {"asset": "A", "cap": "A 4", "share": "1/2", "from": "a", "to": "c:d", "over": "A 6"}
    assert posted(program, {"a": 9}, **given) == "a>c:d 4, b>c:d 1"


def test_all_of_an_asset_in_a_variable() -> None:
    assert (
        posted("vars { asset $x } send [$x *] ( source = @a destination = @b )", {"a": 5}, x="A") == "a>b 5"
    )


def test_the_world_may_come_in_a_variable() -> None:
    program = "vars { account $w } send [A 5] ( source = $w destination = @b )"
    assert posted(program, w="world") == "world>b 5"


def test_variables_that_are_not_declared_are_let_be() -> None:
    assert posted(sent("5", "@a"), {"a": 5}, more="x") == "a>to 5"


def test_a_variable_with_an_origin_is_not_given() -> None:
    program = 'vars { number $n = 1 } set_tx_meta("k", $n)'
    assert ran(program, n="2").metadata == {"k": "1"}


def test_assets_have_balances_of_their_own() -> None:
    amounts = balances_of(amounts_in({"a": {"USD/2": 5, "USD": 7}}))
    program = Program(
        "send [USD *] ( source = @a destination = @b ) send [USD/2 *] ( source = @a destination = @b )"
    )
    assert [(each.asset, each.amount) for each in program.run({}, balance_of=amounts).postings] == [
        ("USD", 7),
        ("USD/2", 5),
    ]


def test_metadata_of_the_transaction_and_of_accounts() -> None:
    program = """
    vars { account $a }
    set_tx_meta("k", 1) set_tx_meta("k", 2) set_tx_meta("l", @x)
    set_account_meta($a, "k", [USD/2 3]) set_account_meta(@b:$a, "k", 1/2) set_account_meta($a, "l", "s")
    """
    result = ran(program, a="acc")
    assert result.metadata == {"k": "2", "l": "x"}
    assert result.account_metadata == {"acc": {"k": "USD/2 3", "l": "s"}, "b:acc": {"k": "1/2"}}


def test_without_balances_every_source_has_what_is_asked_of_it() -> None:
    program = Program(sent("10", "{ 1/2 from @a 1/2 from { @b @c } }"))
    assert [(each.source, each.amount) for each in program.run({}).postings] == [("a", 5), ("b", 5)]


def test_a_program_is_compiled_once_and_runs_often() -> None:
    text = sent("*", "@a") + "// once"
    program = compiled(text)
    assert compiled(text) is program
    amounts = balances_of(amounts_in({"a": {"A": 5}}))
    assert program.run({}, balance_of=amounts) == program.run({}, balance_of=amounts)
    for number in range(KEPT):
        compiled(f'set_tx_meta("k", {number})')
    assert compiled(text) is not program
