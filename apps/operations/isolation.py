"""What keeps tenants apart: row-level security on every table that belongs to somebody.

A transaction that acts for a tenant takes the role `countinghouse_tenant` and names its books and tenants; policies let
it see and write rows of those alone, and a transaction that names none sees none. The application's role, which the
console and the workers have, passes all. A table with a `book_id` or a `tenant_id` gets its policy by that column, one
without is out of a tenant's reach unless it is declared here.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection, connections, transaction
from django.db.backends.utils import CursorWrapper

from apps.core import ids
from apps.operations import books
from apps.operations.roles import ROLE

TENANT_ROLE = "countinghouse_tenant"

BY_BOOK = "book_id = ANY ((SELECT operations_books())::bigint[])"
BY_TENANT = "tenant_id = ANY ((SELECT operations_tenants())::uuid[])"


@dataclass(slots=True)
class _Declared:
    conditions: dict[str, str] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)


_declared = _Declared()


@dataclass(frozen=True, slots=True)
class Circle:
    """Whom a transaction is about: the caller's book, and those of the counterparties that its input names."""

    own: int
    books: frozenset[int]

    @property
    def parameters(self) -> tuple[str, str]:
        """Books and tenants as PostgreSQL reads arrays. Of counterparties the book alone is reached."""
        tenant = books.find(self.own).tenant_id
        return (
            "{" + ",".join(map(str, sorted(self.books | {self.own}))) + "}",
            "{" + (str(ids.decode("ten", tenant)) if tenant else "") + "}",
        )


def rows_where(table: str, condition: str, *, columns: tuple[str, ...] = ()) -> None:
    """Tenants reach the rows of this table for which the SQL condition holds, and perhaps only some columns."""
    _declared.conditions[table] = condition
    if columns:
        _declared.columns[table] = columns


def shared(*tables: str) -> None:
    """Every tenant may read these tables: what the product says to all alike."""
    _declared.shared.update(tables)


def callable_by_tenants(*functions: str) -> None:
    """Functions that act as the owner and look themselves whose books they are given."""
    _declared.functions.update(functions)


@contextmanager
def bound(circle: Circle) -> Iterator[None]:
    """A transaction that sees and writes what the circle reaches."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT operations_bind(%s::bigint[], %s::uuid[])", circle.parameters)
        yield


@contextmanager
def as_platform() -> Iterator[None]:
    """What the platform itself must know in the midst of a tenant's transaction, such as who may approve."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('role')")
        role = cursor.fetchone()[0]
        if role == TENANT_ROLE:
            cursor.execute("SELECT set_config('role', %s, true)", [ROLE])
    yield
    if role == TENANT_ROLE:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('role', %s, true)", [role])


def isolate(using: str = "default", **_: object) -> None:
    """Give every table its policies and the tenants' role its rights; called after every migrate."""
    with transaction.atomic(using), connections[using].cursor() as cursor:
        conditions = _conditions(cursor)
        for table, condition in conditions.items():
            _protect(cursor, table, condition)
        _grant(cursor, conditions)
        _guard_functions(cursor)


def _conditions(cursor: CursorWrapper) -> dict[str, str]:
    cursor.execute(
        "SELECT c.relname, array_agg(a.attname::text) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND a.attnum > 0 AND NOT a.attisdropped GROUP BY 1 ORDER BY 1"
    )
    found: dict[str, str] = {}
    for table, columns in cursor.fetchall():
        if table in _declared.conditions:
            found[table] = _declared.conditions[table]
        elif "book_id" in columns:
            found[table] = BY_BOOK
        elif "tenant_id" in columns:
            found[table] = BY_TENANT
    return found


def _protect(cursor: CursorWrapper, table: str, condition: str) -> None:
    """Policies are made again only if the condition is another: to make one locks the table."""
    cursor.execute(
        "SELECT obj_description(oid, 'pg_policy') FROM pg_policy"
        " WHERE polrelid = %s::regclass AND polname = 'tenant_rows'",
        [table],
    )
    row = cursor.fetchone()
    if row and row[0] == condition:
        return
    cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    for name in ("tenant_rows", "every_row"):
        cursor.execute(f'DROP POLICY IF EXISTS {name} ON "{table}"')
    cursor.execute(f'CREATE POLICY every_row ON "{table}" TO {ROLE} USING (true) WITH CHECK (true)')
    cursor.execute(
        f'CREATE POLICY tenant_rows ON "{table}" TO {TENANT_ROLE} USING ({condition}) WITH CHECK ({condition})'
    )
    quoted = condition.replace("'", "''")
    cursor.execute(f"COMMENT ON POLICY tenant_rows ON \"{table}\" IS '{quoted}'")


def _grant(cursor: CursorWrapper, tables: Iterable[str]) -> None:
    """What the application's role may do with these tables, but deleting; of shared ones reading."""
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {TENANT_ROLE}")
    cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {TENANT_ROLE}")
    cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {TENANT_ROLE}")
    for table in tables:
        columns = _declared.columns.get(table)
        if columns:
            cursor.execute(f'GRANT SELECT ({", ".join(columns)}) ON "{table}" TO {TENANT_ROLE}')
            continue
        rights = ["SELECT"]
        for right in ("INSERT", "UPDATE"):
            cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [ROLE, table, right])
            rights += [right] if cursor.fetchone()[0] else []
        cursor.execute(f'GRANT {", ".join(rights)} ON "{table}" TO {TENANT_ROLE}')
    for table in sorted(_declared.shared & set(connection.introspection.table_names(cursor))):
        cursor.execute(f'GRANT SELECT ON "{table}" TO {TENANT_ROLE}')


def _guard_functions(cursor: CursorWrapper) -> None:
    """Of the functions that act as the owner, tenants may call those that look whose books they are given."""
    cursor.execute(
        "SELECT p.oid::regprocedure::text, p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
        " AND p.prosecdef AND p.prorettype <> 'trigger'::regtype"
    )
    for function, name in cursor.fetchall():
        cursor.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        cursor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {ROLE}")
        if name in _declared.functions:
            cursor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {TENANT_ROLE}")
