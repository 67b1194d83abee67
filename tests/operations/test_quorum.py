"""Whose yes is enough, against a plain model that tries every way; and conditions, in Python and in the database."""

from itertools import combinations
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.operations import condition_sql, conditions, quorum
from apps.operations.quorum import Yes

ROLES = ("approver", "compliance", "finance")

some_steps = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(ROLES), "people": st.integers(1, 2)}),
    min_size=1,
    max_size=3,
)
some_roles = st.frozensets(st.sampled_from(ROLES), max_size=3)
some_yeses = st.lists(some_roles, max_size=5).map(
    lambda all_roles: [Yes(f"usr_{number}", roles) for number, roles in enumerate(all_roles)]
)


def places(steps: quorum.Steps) -> list[str]:
    """The role of each place, one after the other."""
    return [step["role"] for step in steps for _ in range(step["people"])]


def most_filled(steps: quorum.Steps, people: list[frozenset[str]]) -> int:
    """The most places that these people can fill: for no set of roles more than there are people with any of them."""
    roles = places(steps)
    return min(
        sum(role not in some for role in roles) + sum(bool(who & set(some)) for who in people)
        for count in range(len(ROLES) + 1)
        for some in combinations(ROLES, count)
    )


def filled_in_turn(steps: quorum.Steps, people: list[frozenset[str]]) -> int:
    """How many places are filled if only the next one is ever open."""
    roles, count = places(steps), 0
    for who in people:
        count += count < len(roles) and roles[count] in who
    return count


@settings(max_examples=150, deadline=None)
@given(some_steps, st.booleans(), some_yeses)
def test_as_many_places_are_filled_as_can_be(
    steps: list[dict[str, Any]], in_sequence: bool, said: list[Yes]
) -> None:
    who = [each.roles for each in said]
    wanted = filled_in_turn(steps, who) if in_sequence else most_filled(steps, who)
    counts = quorum.filled(steps, in_sequence, said)
    assert sum(counts) == wanted
    assert all(count <= step["people"] for count, step in zip(counts, steps, strict=True))
    assert quorum.is_complete(steps, in_sequence, said) == (wanted == len(places(steps)))
    if in_sequence:
        full = [count == step["people"] for count, step in zip(counts, steps, strict=True)]
        assert all(full[: max(sum(map(bool, counts)) - 1, 0)])


@settings(max_examples=150, deadline=None)
@given(some_steps, st.booleans(), some_yeses, st.lists(some_roles, max_size=4))
def test_what_is_left_can_be_filled_if_any_way_fills_it(
    steps: list[dict[str, Any]], in_sequence: bool, said: list[Yes], others: list[frozenset[str]]
) -> None:
    could = quorum.can_be_filled(
        steps, in_sequence, said, {f"oth_{number}": roles for number, roles in enumerate(others)}
    )
    if in_sequence:
        left = filled_in_turn(steps, [each.roles for each in said])
        rest = [{"role": role, "people": 1} for role in places(steps)[left:]]
        assert could == (not rest or most_filled(rest, others) == len(rest))
    else:
        everybody = [*(each.roles for each in said), *others]
        assert could == (most_filled(steps, everybody) == len(places(steps)))


@settings(max_examples=100, deadline=None)
@given(some_steps, st.booleans(), some_yeses, some_roles)
def test_a_yes_is_of_use_if_it_fills_a_place(
    steps: list[dict[str, Any]], in_sequence: bool, said: list[Yes], roles: frozenset[str]
) -> None:
    before = sum(quorum.filled(steps, in_sequence, said))
    after = sum(quorum.filled(steps, in_sequence, [*said, Yes("usr_new", roles)]))
    assert quorum.is_of_use(steps, in_sequence, said, roles) == (after > before)
    assert after - before in {0, 1}


def test_a_step_opens_when_the_one_before_is_filled() -> None:
    steps = [{"role": "approver", "people": 2}, {"role": "compliance", "people": 1}]
    one, two = Yes("usr_1", frozenset({"approver"})), Yes("usr_2", frozenset({"approver"}))
    assert quorum.wanted_roles(steps, True, [one]) == ["approver"]
    assert quorum.wanted_roles(steps, True, [one, two]) == ["compliance"]
    assert quorum.wanted_roles(steps, False, [one]) == ["approver", "compliance"]


def test_who_has_two_roles_moves_to_where_they_are_needed() -> None:
    steps = [{"role": "approver", "people": 1}, {"role": "compliance", "people": 1}]
    both, one = Yes("usr_1", frozenset({"approver", "compliance"})), Yes("usr_2", frozenset({"approver"}))
    assert quorum.is_complete(steps, False, [both, one])
    assert not quorum.is_complete(steps, False, [both])


FACTS = {
    "currency": st.sampled_from(["EUR", "USD", "", "ÄÖ'\"%s"]) | st.none(),
    "test": st.booleans(),
    "hour": st.integers(0, 23),
    "amount": st.decimals("-99999.99", "99999.99", places=2).map(str) | st.none(),
}
CONDITIONS = st.one_of(
    st.fixed_dictionaries(
        {
            "fact": st.just("currency"),
            "op": st.sampled_from(["eq", "ne"]),
            "value": st.sampled_from(["EUR", "ÄÖ'\"%s"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "fact": st.sampled_from(["currency", "missing"]),
            "op": st.just("in"),
            "value": st.lists(st.sampled_from(["EUR", "USD"]), max_size=2),
        }
    ),
    st.fixed_dictionaries(
        {"fact": st.just("test"), "op": st.sampled_from(["eq", "ne"]), "value": st.booleans()}
    ),
    st.fixed_dictionaries(
        {
            "fact": st.sampled_from(["hour", "amount", "missing", "currency"]),
            "op": st.sampled_from(["gte", "lte"]),
            "value": st.integers(0, 23) | st.decimals("-9999", "9999", places=2).map(str),
        }
    ),
    st.fixed_dictionaries(
        {"fact": st.just("hour"), "op": st.sampled_from(["eq", "ne"]), "value": st.integers(0, 23)}
    ),
)


@pytest.mark.django_db
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CONDITIONS, max_size=3), max_size=3), st.fixed_dictionaries({}, optional=FACTS))
def test_the_database_holds_what_the_door_holds(
    blocks: list[list[dict[str, Any]]], facts: dict[str, Any]
) -> None:
    from django.db.backends.utils import CursorWrapper

    expression, parameters = condition_sql.any_holds(blocks, "f.facts")
    with connection.cursor() as cursor:
        assert isinstance(cursor, CursorWrapper)
        cursor.execute(f"SELECT {expression} FROM (SELECT %s::jsonb facts) f", [*parameters, _json(facts)])
        [(held,)] = cursor.fetchall()
    assert held == conditions.any_holds(blocks, facts) == _plainly(blocks, facts)


def _json(facts: dict[str, Any]) -> str:
    import json

    return json.dumps(facts)


def _plainly(blocks: list[list[dict[str, Any]]], facts: dict[str, Any]) -> bool:
    """Said once more, as one reads it."""
    from decimal import Decimal

    def number(value: Any) -> Decimal | None:
        text = str(value)
        return Decimal(text) if text.lstrip("-").replace(".", "", 1).isdigit() else None

    def one(condition: dict[str, Any]) -> bool:
        known, op, value = facts.get(condition["fact"]), condition["op"], condition["value"]
        if op in {"gte", "lte"}:
            left, right = number(known), number(value)
            if left is None or right is None:
                return op == "gte"
            return left >= right if op == "gte" else left <= right
        return {"eq": known == value, "ne": known != value, "in": op == "in" and known in value}[op]

    return not blocks or any(all(one(each) for each in block) for block in blocks)
