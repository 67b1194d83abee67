"""What the ledger tells: balances, statements, trial balances, days and entries, now or as of a point in time."""

from apps.ledger.queries.as_of import NOW, AsOf, last_position, position_at
from apps.ledger.queries.balances import BalanceExplained, OpenHolds, balance, explain_balance
from apps.ledger.queries.days import DayBalance, account_days, gl_days
from apps.ledger.queries.entries import EntriesPage, EntryDetail, entries_page, entry_detail, stream_entries
from apps.ledger.queries.statement_period import StatementPeriod, statement_period
from apps.ledger.queries.statements import StatementLine, StatementPage, statement_page
from apps.ledger.queries.trial_balance import TrialBalance, TrialRow, trial_balances

__all__ = [
    "NOW",
    "AsOf",
    "BalanceExplained",
    "DayBalance",
    "EntriesPage",
    "EntryDetail",
    "OpenHolds",
    "StatementLine",
    "StatementPage",
    "StatementPeriod",
    "TrialBalance",
    "TrialRow",
    "account_days",
    "balance",
    "entries_page",
    "entry_detail",
    "explain_balance",
    "gl_days",
    "last_position",
    "position_at",
    "statement_page",
    "statement_period",
    "stream_entries",
    "trial_balances",
]
