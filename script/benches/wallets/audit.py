"""Whether the books still balance after all that, and hold exactly what was posted. Not the product's own verifier."""

from typing import Any, LiteralString

import psycopg

from script.benches.instruments.database import Server

COUNTS: dict[str, LiteralString] = {
    "entries": "SELECT count(*) FROM ledger_entry",
    "entries_of_commands": "SELECT count(*) FROM ledger_entry WHERE operation_id IS NOT NULL",
    "operations": "SELECT count(*) FROM operations_operation WHERE command = %(command)s AND status = 'accepted'",
    "events": "SELECT count(*) FROM operations_event WHERE type = %(event)s",
    "guards": "SELECT count(*) FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'ledger%%'"
    " AND NOT tgisinternal AND tgenabled = 'O'",
}
DEFECTS: dict[str, LiteralString] = {
    "entries that are not two lines adding up to zero": """
      SELECT count(*) FROM (SELECT FROM ledger_entry e LEFT JOIN ledger_line l ON l.entry_id = e.id
                             GROUP BY e.id HAVING count(l.entry_id) <> 2 OR sum(l.amount) <> 0) x""",
    "balances that are not the sum of their lines": """
      SELECT count(*) FROM ledger_balance b
        LEFT JOIN (SELECT account_id, sum(amount) total, count(*) lines, max(sequence) last
                     FROM ledger_line GROUP BY account_id) l USING (account_id)
       WHERE (b.balance, b.sequence, b.sequence)
             IS DISTINCT FROM (coalesce(total, 0), coalesce(lines, 0), coalesce(last, 0))""",
    "lines whose balance after is not the one before plus the amount": """
      SELECT count(*) FROM (SELECT balance_after - amount <> lag(balance_after, 1, 0::numeric) OVER follows AS wrong
                              FROM ledger_line WINDOW follows AS (PARTITION BY account_id ORDER BY sequence)) x
       WHERE wrong""",
    "balances below their floor": "SELECT count(*) FROM ledger_balance WHERE balance * side < floor",
    "books that do not add up to zero": """
      SELECT count(*) FROM (SELECT FROM ledger_balance GROUP BY book_id, currency HAVING sum(balance) <> 0) x""",
    "operations without exactly one entry and one event": """
      SELECT count(*) FROM operations_operation o
        LEFT JOIN (SELECT operation_id id, count(*) entries FROM ledger_entry GROUP BY 1) e USING (id)
        LEFT JOIN (SELECT operation_id id, count(*) events FROM operations_event GROUP BY 1) v USING (id)
       WHERE command = %(command)s AND (entries, events) IS DISTINCT FROM (1::bigint, 1::bigint)""",
}


def audit(
    server: Server, name: str, *, funded: int, posted: int, commands: int, command: str, event: str
) -> dict[str, Any]:
    """Counts and defects; `sound` if there are no defects and every count is what the callers counted.

    Of `posted` entries `commands` came by this command, each with one such event.
    """
    asked = {"command": command, "event": event}
    with server.connect(name) as connection:
        connection.execute("SET max_parallel_workers_per_gather = 2; SET work_mem = '256MB'")
        counts = {what: _number(connection, query, asked) for what, query in COUNTS.items()}
        defects = {what: _number(connection, query, asked) for what, query in DEFECTS.items()}
    wanted = {
        "entries": funded + posted,
        **dict.fromkeys(("entries_of_commands", "operations", "events"), commands),
    }
    wrong = {what: count for what, count in defects.items() if count}
    wrong |= {
        f"{what} instead of {wanted[what]}": counts[what] for what in wanted if counts[what] != wanted[what]
    }
    return {"sound": not wrong, "counts": counts, "defects": wrong}


def _number(connection: psycopg.Connection[Any], query: LiteralString, asked: dict[str, str]) -> int:
    row = connection.execute(query, asked).fetchone()
    return int(row[0]) if row else 0
