"""Changes what nobody may change, past every guard, to see that it is found."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction


def tamper(*statements: str | tuple[str, Sequence[Any]]) -> None:
    """Run statements as a superuser with all triggers off; each must change something."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE; SET LOCAL session_replication_role = replica")
        for statement in statements:
            text, arguments = (statement, None) if isinstance(statement, str) else statement
            cursor.execute(text, arguments)
            assert cursor.rowcount, f"nothing was changed by {text}"
