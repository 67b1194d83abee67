from pathlib import Path

from django.db import migrations

from apps.core.sql import run_sql_file

SQL = Path(__file__).parent.parent / "sql"

UNDO = """
DROP TRIGGER providers_attempt_append_only ON providers_attempt;
DROP TRIGGER providers_answer_append_only ON providers_answer;
DROP TRIGGER providers_inboundmessage_stays ON providers_inboundmessage;
DROP TRIGGER providers_inboundmessage_as_it_came ON providers_inboundmessage;
DROP TRIGGER providers_inboundconflict_stays ON providers_inboundconflict;
DROP TRIGGER providers_inboundconflict_as_it_came ON providers_inboundconflict;
DROP FUNCTION providers_as_it_came();
"""


class Migration(migrations.Migration):
    dependencies = [("providers", "0001_initial"), ("operations", "0002_guards")]

    operations = [run_sql_file(SQL / "guards.sql", undo=UNDO)]
