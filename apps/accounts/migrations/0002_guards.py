from pathlib import Path

from django.db import migrations

from apps.core.sql import run_sql_file

SQL = Path(__file__).parent.parent / "sql"

UNDO = "DROP TRIGGER accounts_recipientverification_append_only ON accounts_recipientverification;"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("operations", "0002_guards")]

    operations = [run_sql_file(SQL / "guards.sql", undo=UNDO)]
