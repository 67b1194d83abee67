"""What the application's role may do, said once and granted anew after every migrate."""

from typing import Any

from django.db import connections

ROLE = "countinghouse_app"

_only_by_function: set[str] = set()


def written_only_by_functions(*tables: str) -> None:
    """The application may read these tables; only the database's own functions write them."""
    _only_by_function.update(tables)


def grant_rights(using: str = "default", **_: Any) -> None:
    """Grant the application's role what it needs, then take back what is append-only or left to functions."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {ROLE}")
        cursor.execute(
            "SELECT c.relname, bool_or(t.tgtype & 16 <> 0) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'operations_append_only' GROUP BY c.relname"
        )
        for table, refuses_updates in cursor.fetchall():
            taken = "UPDATE, DELETE, TRUNCATE" if refuses_updates else "DELETE, TRUNCATE"
            cursor.execute(f'REVOKE {taken} ON "{table}" FROM {ROLE}')
        for table in sorted(_only_by_function & set(connections[using].introspection.table_names(cursor))):
            cursor.execute(f'REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON "{table}" FROM {ROLE}')
