from pathlib import Path

from django.db import migrations

from apps.core.sql import run_sql_file

SQL = Path(__file__).parent.parent / "sql"

UNDO = """
DROP TRIGGER treasury_sweepexecution_append_only ON treasury_sweepexecution;
DROP TRIGGER treasury_sweepverification_append_only ON treasury_sweepverification;
DROP TRIGGER treasury_sweeprule_stays ON treasury_sweeprule;
DROP TRIGGER treasury_sweeprule_as_it_was ON treasury_sweeprule;
DROP TRIGGER treasury_sweepinstruction_stays ON treasury_sweepinstruction;
DROP TRIGGER treasury_sweepinstruction_as_it_was ON treasury_sweepinstruction;
ALTER TABLE treasury_sweeprule DROP CONSTRAINT sweep_rule_in_force_once;
DROP FUNCTION treasury_as_it_was();
"""


class Migration(migrations.Migration):
    dependencies = [("treasury", "0001_initial"), ("operations", "0002_guards")]

    operations = [run_sql_file(SQL / "guards.sql", undo=UNDO)]
