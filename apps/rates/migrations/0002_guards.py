from pathlib import Path

from django.db import migrations

from apps.core.sql import run_sql_file

SQL = Path(__file__).parent.parent / "sql"

UNDO = """
DROP TRIGGER rates_quote_of_new_load ON rates_quote;
DROP TRIGGER rates_load_follows ON rates_load;
DROP TRIGGER rates_quote_append_only ON rates_quote;
DROP TRIGGER rates_load_append_only ON rates_load;
DROP TRIGGER rates_sourcefile_append_only ON rates_sourcefile;
ALTER TABLE rates_quote DROP CONSTRAINT quote_day_finite;
ALTER TABLE rates_sourcefile DROP CONSTRAINT source_file_is_its_hash;
DROP FUNCTION rates_guard_quotes, rates_guard_load;
"""


class Migration(migrations.Migration):
    dependencies = [("rates", "0001_initial"), ("operations", "0002_guards")]

    operations = [run_sql_file(SQL / "guards.sql", undo=UNDO)]
