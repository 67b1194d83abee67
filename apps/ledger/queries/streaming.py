"""Answers of any length, through a cursor on the server: memory stays flat."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection, transaction

STREAMED = 2_000


def stream(query: str, arguments: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, some thousands in memory at a time.

    One transaction spans the stream, because outside of one the server would store the whole answer first, and
    a pooler that hands out connections by transaction would lose the cursor.
    """
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(query, arguments)
        while rows := cursor.fetchmany(STREAMED):
            yield from rows
