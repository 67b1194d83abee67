"""The API's functions, from `sql/`."""

from pathlib import Path

from django.db import migrations

from apps.core.sql import run_sql_file

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("api", "0001_initial"), ("operations", "0002_guards")]

    operations = [
        run_sql_file(SQL / "balances.sql", undo="DROP FUNCTION api_wallet_balances"),
    ]
