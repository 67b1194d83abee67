"""The reports of finance as data: pure questions to the database, which answer the same for the same positions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from apps.ledger.reports import (
    account_statement,
    alm,
    balance_sheet,
    general_ledger,
    income_statement,
    safeguarding,
    trial_balance,
    wallet_statement,
)
from apps.ledger.reports.asking import Asked, PositionUnknown, ReportInvalid, settle
from apps.ledger.reports.shape import Cell, Column, Kind, Link, Report, Role, Row, Section

__all__ = [
    "REPORTS",
    "Asked",
    "Cell",
    "Column",
    "Kind",
    "Link",
    "PositionUnknown",
    "Report",
    "ReportInvalid",
    "ReportKind",
    "ReportUnknown",
    "Role",
    "Row",
    "Section",
    "find",
    "settle",
]


class ReportUnknown(ReportInvalid):
    """There is no such report."""

    code = "REPORT_NOT_FOUND"
    http_status = 404


@dataclass(frozen=True, slots=True)
class ReportKind:
    """A report that can be asked for, and what it is asked: `of_account` needs one book and an address."""

    name: str
    title: str
    make: Callable[[Asked], Report]
    summary: str
    of_period: bool = False
    of_account: bool = False
    of_gl_code: bool = False
    splits: bool = False

    def report(self, asked: Asked) -> Report:
        """The report, or ReportInvalid if something else must be asked."""
        if self.of_account and asked.every_book:
            raise ReportInvalid(f"The {self.title.lower()} is of one book: name it.", field="/book")
        return self.make(asked)


_KINDS = (
    ReportKind(
        trial_balance.NAME,
        trial_balance.TITLE,
        trial_balance.trial_balance,
        "Every balance in its debit or credit column; both columns are equal.",
        of_period=True,
        splits=True,
    ),
    ReportKind(
        balance_sheet.NAME,
        balance_sheet.TITLE,
        balance_sheet.balance_sheet,
        "What there is, what is owed, what is left.",
    ),
    ReportKind(
        income_statement.NAME,
        income_statement.TITLE,
        income_statement.income_statement,
        "What was earned and spent in a period.",
        of_period=True,
    ),
    ReportKind(
        general_ledger.NAME,
        general_ledger.TITLE,
        general_ledger.general_ledger,
        "Each GL account with its lines and the balance after each.",
        of_period=True,
        of_gl_code=True,
    ),
    ReportKind(
        account_statement.NAME,
        account_statement.TITLE,
        account_statement.account_statement,
        "The lines of one account between two balances.",
        of_period=True,
        of_account=True,
    ),
    ReportKind(
        wallet_statement.NAME,
        wallet_statement.TITLE,
        wallet_statement.wallet_statement,
        "What is available, held and owed in one wallet, entry by entry.",
        of_period=True,
        of_account=True,
    ),
    ReportKind(
        alm.NAME,
        alm.TITLE,
        alm.alm,
        "What customers are owed, what is held and where, and the difference.",
    ),
    ReportKind(
        safeguarding.NAME,
        safeguarding.TITLE,
        safeguarding.safeguarding,
        "Customers' money against what is set apart for it.",
    ),
)
REPORTS: Mapping[str, ReportKind] = {kind.name: kind for kind in _KINDS}


def find(name: str) -> ReportKind:
    """The report of this name."""
    if name not in REPORTS:
        raise ReportUnknown(f"There is no report {name!r}; there are {', '.join(REPORTS)}.", field="/report")
    return REPORTS[name]
