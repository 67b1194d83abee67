from pathlib import Path

from django.db import migrations

from apps.core.sql import run_sql_file

SQL = Path(__file__).parent.parent / "sql"

UNDO = """
DROP TRIGGER payouts_schedulerow_append_only ON payouts_schedulerow;
DROP TRIGGER payouts_schedulerun_append_only ON payouts_schedulerun;
"""


class Migration(migrations.Migration):
    dependencies = [("payouts", "0001_initial"), ("operations", "0002_guards")]

    operations = [run_sql_file(SQL / "guards.sql", undo=UNDO)]
