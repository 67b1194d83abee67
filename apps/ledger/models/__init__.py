"""What the ledger keeps.

Only the functions in `sql/` write the books: the application's role may read all of it and open accounts.
"""

from apps.ledger.models.accounts import Account, Balance, Freeze, FreezeDirection, Side
from apps.ledger.models.chart import AddressPattern, GlAccount, GlType
from apps.ledger.models.entries import JournalEntry, Line, Seal
from apps.ledger.models.exports import Cadence, ExportJob, ExportStatus, StatementSchedule
from apps.ledger.models.holds import Hold
from apps.ledger.models.journal_exports import JournalExport, JournalExportFormat
from apps.ledger.models.periods import BookPeriod, LatePolicy, PeriodChange, PeriodStep
from apps.ledger.models.projections import DailyBalance, Projection, Verification
from apps.ledger.models.templates import TemplateVersion

__all__ = [
    "Account",
    "AddressPattern",
    "Balance",
    "BookPeriod",
    "Cadence",
    "DailyBalance",
    "ExportJob",
    "ExportStatus",
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
    "StatementSchedule",
    "TemplateVersion",
    "Verification",
]
