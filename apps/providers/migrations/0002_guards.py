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
DROP TRIGGER providers_railfile_stays ON providers_railfile;
DROP TRIGGER providers_railfile_is_made_once ON providers_railfile;
DROP TRIGGER providers_railpayment_stays ON providers_railpayment;
DROP TRIGGER providers_railpayment_goes_on ON providers_railpayment;
DROP TRIGGER providers_railpayment_came ON providers_railpayment;
DROP TRIGGER providers_railpayment_moved ON providers_railpayment;
DROP TRIGGER providers_railfile_adds_up ON providers_railfile;
DROP FUNCTION providers_made_once();
DROP FUNCTION providers_payment_goes_on();
DROP FUNCTION providers_file_adds_up();
DROP FUNCTION providers_payments_came();
DROP FUNCTION providers_payments_moved();
DROP FUNCTION providers_refuse_odd_files(uuid[]);
DROP FUNCTION providers_as_it_came();
"""


class Migration(migrations.Migration):
    dependencies = [("providers", "0001_initial"), ("operations", "0002_guards")]

    operations = [run_sql_file(SQL / "guards.sql", undo=UNDO)]
