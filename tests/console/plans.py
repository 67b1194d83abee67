"""What the planner does with the queries of a page."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.console import keyset
from tests.console.filling import BIG

PAGE = 50


@contextmanager
def queries() -> Iterator[list[str]]:
    """The statements that run inside."""
    said: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield said
    said.extend(query["sql"] for query in captured.captured_queries)


def planned(statement: str) -> dict[str, Any]:
    """How the planner runs a statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        answer = cursor.fetchone()[0]
    plan: dict[str, Any] = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    return plan


def offences(rows: Any, order: keyset.Keyset, way: Mapping[str, str]) -> list[str]:
    """The nodes of the plan that read a large table whole, or sort more than a page."""
    with queries() as said:
        keyset.page(rows, order, way, PAGE)
    return [
        f"{node['Node Type']} {node.get('Relation Name', '')}".strip()
        for node in nodes(planned(said[-1]))
        if (node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG)
        or (node["Node Type"].endswith("Sort") and node["Actual Rows"] > PAGE + 1)
        or node.get("Rows Removed by Filter", 0) > PAGE
    ]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan and all below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)
