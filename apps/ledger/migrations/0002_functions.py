from pathlib import Path

from django.db import migrations

from apps.core.sql import run_sql_file

SQL = Path(__file__).parent.parent / "sql"

UNDO_GUARDS = """
DROP TRIGGER ledger_line_guard ON ledger_line;
DROP TRIGGER ledger_account_opens_balance ON ledger_account;
DROP TRIGGER ledger_account_fixed ON ledger_account;
DROP TRIGGER ledger_entry_append_only ON ledger_entry;
DROP TRIGGER ledger_line_append_only ON ledger_line;
DROP TRIGGER ledger_seal_append_only ON ledger_seal;
DROP TRIGGER ledger_account_kept ON ledger_account;
DROP TRIGGER ledger_balance_kept ON ledger_balance;
DROP TRIGGER ledger_hold_kept ON ledger_hold;
DROP TRIGGER ledger_templateversion_append_only ON ledger_templateversion;
DROP FUNCTION ledger_guard_lines, ledger_open_balance, ledger_guard_account;
"""

UNDO_CHART = """
DROP FUNCTION ledger_set_chart, ledger_lock_chart;
DROP TRIGGER ledger_addresspattern_removed ON ledger_addresspattern;
DROP TRIGGER ledger_addresspattern_left ON ledger_addresspattern;
DROP TRIGGER ledger_addresspattern_changed ON ledger_addresspattern;
DROP TRIGGER ledger_addresspattern_added ON ledger_addresspattern;
DROP TRIGGER ledger_glaccount_fixed ON ledger_glaccount;
DROP TRIGGER ledger_account_placed ON ledger_account;
DROP FUNCTION ledger_guard_patterns, ledger_guard_gl_account, ledger_guard_placing, ledger_pattern_of, ledger_address_fits;
ALTER TABLE ledger_glaccount DROP CONSTRAINT gl_account_of_its_parents_type;
ALTER TABLE ledger_account DROP CONSTRAINT account_of_gl_account;
"""

UNDO_JOURNAL_EXPORT = """
DROP TRIGGER ledger_journal_export_follows ON ledger_journal_export;
DROP TRIGGER ledger_journal_export_append_only ON ledger_journal_export;
DROP FUNCTION ledger_guard_journal_export;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial"), ("operations", "0002_guards")]

    operations = [
        # Every posting updates its balances: room on each page keeps those updates off the index.
        migrations.RunSQL(
            "ALTER TABLE ledger_balance SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02,"
            " autovacuum_vacuum_cost_delay = 0)",
            "ALTER TABLE ledger_balance RESET (fillfactor, autovacuum_vacuum_scale_factor,"
            " autovacuum_vacuum_cost_delay)",
        ),
        # Infinity is no day that could be sealed or stated.
        migrations.RunSQL(
            "ALTER TABLE ledger_entry ADD CONSTRAINT entry_effective_at_finite CHECK (isfinite(effective_at)),"
            " ADD CONSTRAINT entry_intended_at_finite CHECK (isfinite(intended_at))",
            "ALTER TABLE ledger_entry DROP CONSTRAINT entry_effective_at_finite,"
            " DROP CONSTRAINT entry_intended_at_finite",
        ),
        run_sql_file(SQL / "guards.sql", undo=UNDO_GUARDS),
        run_sql_file(SQL / "chart.sql", undo=UNDO_CHART),
        run_sql_file(SQL / "decide.sql", undo="DROP FUNCTION ledger_decide"),
        run_sql_file(SQL / "split.sql", undo="DROP FUNCTION ledger_split"),
        run_sql_file(SQL / "move_holds.sql", undo="DROP FUNCTION ledger_move_holds"),
        run_sql_file(SQL / "write.sql", undo="DROP FUNCTION ledger_write"),
        run_sql_file(SQL / "write_one.sql", undo="DROP FUNCTION ledger_write_one"),
        run_sql_file(SQL / "post.sql", undo="DROP FUNCTION ledger_post"),
        run_sql_file(
            SQL / "freeze.sql",
            undo="DROP FUNCTION ledger_apply_freezes, ledger_close_account",
        ),
        run_sql_file(
            SQL / "periods.sql",
            undo="DROP TRIGGER ledger_periodchange_append_only ON ledger_periodchange;"
            " DROP FUNCTION ledger_place_in_periods, ledger_change_period, ledger_position_before",
        ),
        run_sql_file(
            SQL / "seal.sql",
            undo="DROP FUNCTION ledger_seal_entries, ledger_entry_canonical, ledger_line_canonical",
        ),
        run_sql_file(
            SQL / "daily_balances.sql",
            undo="DROP FUNCTION ledger_project, ledger_forget_projection, ledger_sequence_at, ledger_turnover,"
            " ledger_turnover_as_of; DROP INDEX ledger_daily_balance_by_run",
        ),
        run_sql_file(SQL / "journal_export.sql", undo=UNDO_JOURNAL_EXPORT),
        migrations.RunSQL(
            "REVOKE EXECUTE ON FUNCTION ledger_decide, ledger_move_holds, ledger_place_in_periods, ledger_split, ledger_write,"
            " ledger_write_one FROM PUBLIC",
            migrations.RunSQL.noop,
        ),
    ]
