"""The same conditions as `conditions.any_holds`, asked of stored facts by the database: thousands at a time."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

Parameters = list[Any]

_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"


def any_holds(blocks: Iterable[Iterable[Mapping[str, Any]]], facts: str) -> tuple[str, Parameters]:
    """A boolean expression with its parameters; `facts` is an expression of type jsonb."""
    found, parameters = [], []
    for block in blocks:
        clauses = [_holds(condition, facts) for condition in block]
        found.append(" AND ".join(clause for clause, _ in clauses) or "true")
        parameters += [each for _, given in clauses for each in given]
    return "(" + (" OR ".join(f"({each})" for each in found) or "true") + ")", parameters


def _holds(condition: Mapping[str, Any], facts: str) -> tuple[str, Parameters]:
    fact, operator, value = condition["fact"], condition["op"], condition["value"]
    if operator in {"eq", "ne"}:
        same = f"coalesce({facts} -> %s = %s::jsonb, false)"
        return (same if operator == "eq" else f"NOT {same}"), [fact, json.dumps(value)]
    if operator == "in":
        return f"coalesce({facts} -> %s = ANY (%s::jsonb[]), false)", [fact, list(map(json.dumps, value))]
    sign, unknown = (">=", "true") if operator == "gte" else ("<=", "false")
    told = f"{facts} ->> %s"
    return (
        f"CASE WHEN {told} ~ '{_NUMBER}' THEN ({told})::numeric {sign} %s::numeric ELSE {unknown} END",
        [fact, fact, str(value)],
    )
