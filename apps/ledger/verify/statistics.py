"""What the planner knows of the tables, brought up to date before their picture is frozen."""

from django.db import connections

_TABLES = (
    "ledger_account",
    "ledger_balance",
    "ledger_daily_balance",
    "ledger_entry",
    "ledger_line",
    "ledger_seal",
)
# What autovacuum would analyze too, but only the next time that it comes by.
_STALE = """
SELECT relname FROM pg_stat_user_tables
 WHERE relid = ANY (%s::text[]::regclass[]) AND n_mod_since_analyze > 1000 + 0.1 * n_live_tup
"""


def refresh() -> None:
    """After an import or a restore the planner takes the books for empty, and would read them once for each entry.

    Only the owner of the tables may do it; PostgreSQL skips them for others, and those that somebody else vacuums.
    """
    connection = connections.create_connection("default")
    try:
        with connection.cursor() as cursor:
            cursor.execute(_STALE, [list(_TABLES)])
            if stale := [name for (name,) in cursor.fetchall()]:
                cursor.execute("RESET ROLE")
                cursor.execute(f"ANALYZE (SKIP_LOCKED) {', '.join(stale)}")
    finally:
        connection.close()
