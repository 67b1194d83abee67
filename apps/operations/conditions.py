"""Conditions on facts, as approval policies and routing rules have them: `{"fact", "op", "value"}`."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

OPERATORS = frozenset({"eq", "ne", "in", "gte", "lte"})


def all_hold(conditions: Iterable[Mapping[str, Any]], facts: Mapping[str, Any]) -> bool:
    """Whether every condition is met; none at all always are."""
    return all(_holds(condition, facts) for condition in conditions)


def _holds(condition: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """Whether one condition is met. What is not known counts as above any threshold."""
    fact, operator, value = facts.get(condition["fact"]), condition["op"], condition["value"]
    if operator == "eq":
        return bool(fact == value)
    if operator == "ne":
        return bool(fact != value)
    if operator == "in":
        return bool(fact in value)
    known = _number(fact)
    if known is None:
        return bool(operator == "gte")
    bound = Decimal(str(value))
    return bool(known >= bound) if operator == "gte" else bool(known <= bound)


def _number(fact: Any) -> Decimal | None:
    try:
        return Decimal(str(fact))
    except InvalidOperation:
        return None
