from pathlib import Path

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.utils import timezone

from apps.core.sql import run_sql_file

SQL = Path(__file__).parent.parent / "sql"
APPEND_ONLY = [
    "operation",
    "event",
    "eventposition",
    "decision",
    "keyreset",
    "note",
    "assignment",
    "attachment",
    "undoing",
]


def make_platform_book(apps: StateApps, _: BaseDatabaseSchemaEditor) -> None:
    book: type[models.Model] = apps.get_model("operations", "Book")
    book._default_manager.create(slug="platform", name="Platform", created_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("operations", "0001_initial")]

    operations = [
        # A role belongs to the whole server, and other databases may use it: it stays when this is unapplied.
        run_sql_file(SQL / "role.sql", undo=migrations.RunSQL.noop),
        run_sql_file(
            SQL / "append_only.sql",
            undo="".join(
                f"DROP TRIGGER operations_{table}_append_only ON operations_{table};" for table in APPEND_ONLY
            )
            + "DROP FUNCTION operations_append_only();",
        ),
        run_sql_file(
            SQL / "policies.sql",
            undo="DROP TRIGGER operations_policy_stands ON operations_approvalpolicy; DROP FUNCTION operations_policy_stands();",
        ),
        run_sql_file(
            SQL / "sequence.sql",
            undo="DROP FUNCTION operations_sequence_events(bigint, int); DROP SEQUENCE operations_ordinal;",
        ),
        run_sql_file(
            SQL / "isolation.sql",
            undo="DROP FUNCTION operations_guard_books, operations_bind, operations_tenants, operations_books CASCADE;",
        ),
        run_sql_file(SQL / "claim.sql", undo="DROP FUNCTION operations_claim"),
        migrations.RunPython(make_platform_book, migrations.RunPython.noop),
    ]
