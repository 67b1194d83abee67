"""Conditions on facts, as approval policies and routing rules have them: `{"fact", "op", "value"}`."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

OPERATORS = frozenset({"eq", "ne", "in", "gte", "lte"})


def any_holds(blocks: Iterable[Iterable[Mapping[str, Any]]], facts: Mapping[str, Any]) -> bool:
    """Whether every condition of any block is met; without blocks always."""
    blocks = list(blocks)
    return not blocks or any(all_hold(block, facts) for block in blocks)


def all_hold(conditions: Iterable[Mapping[str, Any]], facts: Mapping[str, Any]) -> bool:
    """Whether every condition is met; none at all always are."""
    return all(_holds(condition, facts) for condition in conditions)


def fault(operator: str, value: Any) -> str:
    """What is wrong with the value of a condition, or nothing."""
    if operator == "in":
        is_list = isinstance(value, list) and all(map(_is_plain, value))
        return "" if is_list else "It must be a list of texts or numbers."
    if operator in {"gte", "lte"}:
        return "" if _number(value) is not None else "It must be a number, such as 10000.00."
    return "" if _is_plain(value) else "It must be a text, a number, true or false."


def _holds(condition: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """Whether one condition is met. What is not known counts as above any threshold, and so does no number as a bound."""
    fact, operator, value = facts.get(condition["fact"]), condition["op"], condition["value"]
    if operator == "eq":
        return bool(fact == value)
    if operator == "ne":
        return bool(fact != value)
    if operator == "in":
        return isinstance(value, list) and fact in value
    known, bound = _number(fact), _number(value)
    if known is None or bound is None:
        return bool(operator == "gte")
    return bool(known >= bound) if operator == "gte" else bool(known <= bound)


def _is_plain(value: Any) -> bool:
    return value is not None and not isinstance(value, list | dict)


def _number(value: Any) -> Decimal | None:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
