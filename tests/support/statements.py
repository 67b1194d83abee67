"""What the driver is asked, also past Django's cursors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


@contextmanager
def statements() -> Iterator[list[str]]:
    """A list that gets each statement while the block runs."""
    asked: list[str] = []
    original = psycopg.Cursor.execute

    def execute(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(str(query))
        return original(cursor, query, *args, **kwargs)

    psycopg.Cursor.execute = execute  # type: ignore[assignment, method-assign]
    try:
        yield asked
    finally:
        psycopg.Cursor.execute = original  # type: ignore[method-assign]
