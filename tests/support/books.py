"""The books as the database holds them: what must be true after any test, and how to start anew."""

from collections.abc import Collection

from django.db import connection, transaction

from apps.accounts.people import SETUP
from apps.core import clock
from apps.ledger import addresses
from apps.ledger.chart import read_chart
from apps.ledger.services.chart import load
from apps.ledger.services.templates import rebuild_templates
from apps.operations import books
from apps.operations.plan import Context
from apps.rates import worth

INVARIANTS = {
    "every entry sums to zero per currency": """
        SELECT l.entry_id, a.currency, sum(l.amount) FROM ledger_line l JOIN ledger_account a ON a.id = l.account_id
         GROUP BY 1, 2 HAVING sum(l.amount) <> 0""",
    "every entry stays in its book": """
        SELECT e.id FROM ledger_entry e JOIN ledger_line l ON l.entry_id = e.id JOIN ledger_account a ON a.id = l.account_id
         WHERE a.book_id <> e.book_id""",
    "every entry has lines": """
        SELECT e.id FROM ledger_entry e WHERE NOT EXISTS (SELECT FROM ledger_line l WHERE l.entry_id = e.id)""",
    "balances are the sum of their lines": """
        SELECT b.account_id, b.balance, b.sequence FROM ledger_balance b
          LEFT JOIN (SELECT account_id, sum(amount) total, count(*) lines, max(sequence) last FROM ledger_line GROUP BY 1) l
            USING (account_id)
         WHERE b.balance <> coalesce(l.total, 0) OR b.sequence <> coalesce(l.last, 0) OR b.sequence <> coalesce(l.lines, 0)""",
    "balance_after runs without a break": """
        SELECT * FROM (SELECT account_id, sequence, balance_after - amount
                              - coalesce(lag(balance_after) OVER w, 0) AS gap
                         FROM ledger_line WINDOW w AS (PARTITION BY account_id ORDER BY sequence)) x WHERE gap <> 0""",
    "no balance is below its floor": """
        SELECT account_id FROM ledger_balance WHERE floor IS NOT NULL AND balance * side < floor""",
    "open holds are what the held accounts hold": """
        SELECT coalesce(h.held_account_id, b.account_id) FROM (SELECT * FROM ledger_balance WHERE names_holds) b
          FULL JOIN (SELECT held_account_id, sum(remaining) held FROM ledger_hold GROUP BY 1) h
            ON h.held_account_id = b.account_id
         WHERE coalesce(b.balance, 0) <> coalesce(h.held, 0)""",
}


def broken_invariants() -> dict[str, list[tuple[object, ...]]]:
    """Each invariant that does not hold, with the rows that break it."""
    broken = {}
    with connection.cursor() as cursor:
        for name, query in INVARIANTS.items():
            cursor.execute(query)
            if rows := cursor.fetchmany(5):
                broken[name] = rows
    return broken


def assert_balanced() -> None:
    """Fail with what is broken."""
    assert broken_invariants() == {}


def load_reference() -> None:
    """What setup loads once: the chart of accounts and the posting templates."""
    context = Context(
        actor=SETUP,
        book=books.find(books.platform_id()),
        now=clock.now(),
        operation_id="",
        key="",
        origin="test",
    )
    with transaction.atomic():
        load(read_chart())
        rebuild_templates(context)


def empty_all_tables(kept: Collection[str]) -> None:
    """Delete every row but those that migrations made, past all guards."""
    statements = [_emptying(table) for table in connection.introspection.table_names() if table not in kept]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET session_replication_role = replica; {';'.join(statements)}; RESET session_replication_role"
        )
    addresses.forget()
    books.forget()
    worth.forget()


def _emptying(table: str) -> str:
    where = " WHERE slug <> 'platform'" if table == "operations_book" else ""
    return f'DELETE FROM "{table}"{where}'
