"""Long answers row by row, through a cursor that the server keeps."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection

FETCHED = 2_000


def stream(query: str, arguments: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query; memory stays flat.

    Outside a transaction the server stores the answer first: no transaction stays open while somebody writes
    a file for an hour, and what is written beside it is committed at once.
    """
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, arguments)
        while rows := cursor.fetchmany(FETCHED):
            yield from rows
