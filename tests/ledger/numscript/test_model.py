"""Random programs do exactly what a plain model says, and keep the rules that hold for all of them."""

from collections import Counter
from fractions import Fraction
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from apps.ledger.numscript.errors import NumscriptError
from apps.ledger.numscript.inputs import amounts_in, balances_of
from apps.ledger.numscript.program import Program
from tests.ledger.numscript.model import (
    ASSET,
    Account,
    Books,
    Capped,
    Divided,
    Filled,
    Ordered,
    Refused,
    Save,
    Send,
    Shared,
    Statement,
    To,
    divided,
)

NAMES = ["a", "b", "c", "d:e"]
caps = st.integers(-3, 60)
names = st.sampled_from(NAMES)


@st.composite
def shares_of(draw: st.DrawFn, items: st.SearchStrategy[Any]) -> tuple[tuple[Fraction | None, Any], ...]:
    """Up to four portions that add up to one, one of which may be what remains."""
    weights = [draw(st.integers(1, 7)), *draw(st.lists(st.integers(0, 7), max_size=3))]
    portions: list[Fraction | None] = [
        Fraction(weight, sum(weights)) for weight in draw(st.permutations(weights))
    ]
    if draw(st.booleans()):
        portions[draw(st.integers(0, len(portions) - 1))] = None
    return tuple((portion, draw(items)) for portion in portions)


def account(names: list[str], *overdrafts: st.SearchStrategy[Any]) -> st.SearchStrategy[Account]:
    """An account as a source, more often without an overdraft than with one."""
    return st.builds(Account, st.sampled_from(names), st.one_of(st.none(), st.none(), *overdrafts))


bounded = st.integers(-5, 30)
sources = st.recursive(
    account([*NAMES, *NAMES, "world"], bounded, st.just("unbounded")),
    lambda inner: st.one_of(
        st.builds(Ordered, st.lists(inner, max_size=4).map(tuple)),
        st.builds(Capped, caps, inner),
        st.builds(Shared, shares_of(inner)),
    ),
    max_leaves=6,
)
ending = st.recursive(
    st.one_of(account([*NAMES, "world"], bounded), account(NAMES, bounded), st.builds(Capped, caps, sources)),
    lambda inner: st.builds(Ordered, st.lists(inner, max_size=4).map(tuple)),
    max_leaves=4,
)
targets = st.recursive(
    st.builds(To, st.one_of(names, names, names, st.just("world"), st.none())),
    lambda inner: st.one_of(
        st.builds(Filled, st.lists(st.tuples(caps, inner), max_size=3).map(tuple), inner),
        st.builds(Divided, shares_of(inner)),
    ),
    max_leaves=6,
).map(lambda target: Filled((), target) if target == To(None) else target)
enough = sources.map(lambda source: Ordered((Capped(40, source), Account("world"))))
amounts = st.one_of(st.integers(0, 40), st.integers(0, 40), st.integers(-1, 150))
sends = st.one_of(
    st.builds(Send, amounts, sources, targets),
    st.builds(Send, amounts, enough, targets),
    st.builds(Send, amounts, enough, targets),
    st.builds(Send, st.none(), ending, targets),
)
saves = st.builds(Save, st.one_of(st.integers(0, 60), st.integers(-1, 60), st.none()), names)
programs = st.lists(st.one_of(sends, sends, sends, saves), min_size=1, max_size=4)
balances = st.fixed_dictionaries({name: st.integers(-20, 150) for name in NAMES})

Moved = list[tuple[str, str, int]]


def run_engine(statements: list[Statement], before: dict[str, int]) -> Moved | str:
    """What the engine posts, or the kind of its error, for the program as it is written."""
    amounts = amounts_in({name: {ASSET: amount} for name, amount in before.items()})
    try:
        found = Program("\n".join(map(str, statements))).run({}, balance_of=balances_of(amounts))
    except NumscriptError as error:
        return error.kind.value
    assert all(each.asset == ASSET and each.amount > 0 for each in found.postings)
    return [(each.source, each.destination, each.amount) for each in found.postings]


def run_model(statements: list[Statement], before: dict[str, int]) -> tuple[Moved | str, Books]:
    """The same from the model, and its books."""
    books = Books(Counter(before))
    try:
        books.run(statements)
    except Refused as refusal:
        return str(refusal), books
    return books.moved, books


IN_THE_TEXT = {"UNBOUNDED_ALL", "ALLOTMENT_OF_ALL"}
"""What is seen before anything runs, and so before what the model meets first."""


@settings(max_examples=700)
@given(programs, balances)
def test_the_engine_posts_what_the_model_posts(statements: list[Statement], before: dict[str, int]) -> None:
    expected, _ = run_model(statements, before)
    found = run_engine(statements, before)
    event(found if isinstance(found, str) else f"postings: {min(len(found), 5)}")
    assert found == expected or (isinstance(expected, str) and found in IN_THE_TEXT)


@settings(max_examples=500)
@given(sends, balances)
def test_what_is_sent_arrives_but_for_what_is_kept(send: Send, before: dict[str, int]) -> None:
    moved = run_engine([send], before)
    if isinstance(moved, str):
        return
    if send.amount is not None:
        assert sum(amount for _, _, amount in moved) == send.amount - run_model([send], before)[1].kept
    for name in {source for source, _, _ in moved}:
        taken = sum(amount for source, _, amount in moved if source == name)
        assert taken <= before.get(name, 0) + most_overdrawn(send.source, name)


def most_overdrawn(source: Any, name: str) -> float:
    """How far below zero an account may go at most, wherever it stands."""
    if isinstance(source, Account):
        if source.name != name:
            return 0
        if name == "world" or source.overdraft == "unbounded":
            return float("inf")
        return max(int(source.overdraft or 0), 0)
    if isinstance(source, Capped):
        return most_overdrawn(source.source, name)
    inner = source.sources if isinstance(source, Ordered) else [item for _, item in source.shares]
    return max((most_overdrawn(each, name) for each in inner), default=0)


@settings(max_examples=400)
@given(shares_of(names), st.integers(0, 10**30))
def test_allotments_add_up(shares: tuple[tuple[Fraction | None, str], ...], amount: int) -> None:
    send = Send(amount, Account("world"), Divided(tuple((share, To(name)) for share, name in shares)))
    parts = [part[2] for part in run_engine([send], {})]
    portions = [share for share, _ in shares]
    assert sum(parts) == amount
    assert parts == [part for part in divided(amount, portions) if part]
