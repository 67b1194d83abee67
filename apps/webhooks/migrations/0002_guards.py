from pathlib import Path

from django.db import migrations

from apps.core.sql import run_sql_file

SQL = Path(__file__).parent.parent / "sql"

UNDO = """
DROP TRIGGER webhooks_attempt_append_only ON webhooks_attempt;
DROP TRIGGER webhooks_attemptseal_append_only ON webhooks_attemptseal;
ALTER TABLE webhooks_delivery DROP CONSTRAINT webhook_delivery_of_endpoint;
ALTER TABLE webhooks_delivery DROP CONSTRAINT webhook_delivery_in_feed;
DROP FUNCTION webhooks_new_id();
DROP FUNCTION webhooks_wants(jsonb, text);
ALTER TABLE webhooks_signingkey DROP CONSTRAINT webhook_key_that_goes_on;
"""
UNDO_SEAL = """
DROP FUNCTION webhooks_seal_attempts(bigint, int);
DROP FUNCTION webhooks_attempt_canonical(webhooks_attempt);
"""


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial"), ("operations", "0002_guards")]

    operations = [
        run_sql_file(SQL / "guards.sql", undo=UNDO),
        run_sql_file(SQL / "seal.sql", undo=UNDO_SEAL),
    ]
