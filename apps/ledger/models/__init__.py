"""What the ledger keeps.

Only the functions in `sql/` write here: the application's role may read all of it and open accounts.
"""

from apps.ledger.models.accounts import Account, Balance, Freeze, FreezeDirection, Side
from apps.ledger.models.chart import AddressPattern, GlAccount, GlType
from apps.ledger.models.entries import JournalEntry, Line, Seal
from apps.ledger.models.exports import JournalExport, JournalExportFormat
from apps.ledger.models.holds import Hold
from apps.ledger.models.periods import BookPeriod, LatePolicy, PeriodChange, PeriodStep
from apps.ledger.models.projections import DailyBalance, Projection, Verification
from apps.ledger.models.templates import TemplateVersion

__all__ = [
    "Account",
    "AddressPattern",
    "Balance",
    "BookPeriod",
    "DailyBalance",
    "Freeze",
    "FreezeDirection",
    "GlAccount",
    "GlType",
    "Hold",
    "JournalEntry",
    "JournalExport",
    "JournalExportFormat",
    "LatePolicy",
    "Line",
    "PeriodChange",
    "PeriodStep",
    "Projection",
    "Seal",
    "Side",
    "TemplateVersion",
    "Verification",
]
