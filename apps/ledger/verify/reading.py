"""Two connections that read one frozen picture of the database, so that two checks run side by side."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

# These queries touch a slice of large tables: a merge join would walk a whole index for it, compilation costs
# more than it saves, and sorting a slice fits into memory. Lines come nearly in the order of their entries, so that
# grouping them by a sort costs a quarter of a hash table of wide rows.
_SETTINGS = """
SET LOCAL enable_mergejoin = off; SET LOCAL random_page_cost = 1.1; SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_hashagg = off; SET LOCAL work_mem = '64MB'
"""
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Reader:
    """One connection inside the picture."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def rows(self, query: str, **arguments: Any) -> list[tuple[Any, ...]]:
        """The answer of a query with named arguments, with uuid, bytea and numeric as Python has them."""
        cursor = psycopg.Cursor(self._connection)
        return cursor.execute(query, arguments, prepare=False, binary=True).fetchall()

    def rows_by_hash(self, query: str, **arguments: Any) -> list[tuple[Any, ...]]:
        """The same without nested loops, for what the planner takes for a row and is a hundred thousand.

        It has no idea how many rows lie between two ids, and a join of such with such row by row takes minutes.
        """
        self._connection.execute("SET LOCAL enable_nestloop = off")
        rows = self.rows(query, **arguments)
        self._connection.execute("SET LOCAL enable_nestloop = on")
        return rows

    def value(self, query: str, **arguments: Any) -> Any:
        """The first column of the first row; None if there is none."""
        rows = self.rows(query, **arguments)
        return rows[0][0] if rows else None


@contextmanager
def frozen_readers() -> Iterator[tuple[Reader, Reader]]:
    """Two readers of the database as it is now, whatever is posted meanwhile."""
    wrappers = [connections.create_connection("default") for _ in range(2)]
    try:
        first, second = (_open(wrapper) for wrapper in wrappers)
        first.execute(_BEGIN)
        snapshot = first.execute("SELECT pg_export_snapshot()").fetchone()
        second.execute(_BEGIN)
        second.execute(f"SET TRANSACTION SNAPSHOT '{snapshot[0]}'")
        for connection in (first, second):
            connection.execute(_SETTINGS)
        yield Reader(first), Reader(second)
    finally:
        for wrapper in wrappers:
            wrapper.close()


def _open(wrapper: BaseDatabaseWrapper) -> Any:
    wrapper.ensure_connection()
    return wrapper.connection
