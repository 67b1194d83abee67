"""Proves what was sent to endpoints, or names the first place of each book at which the proof is broken."""

from collections.abc import Sequence

from apps.ledger.verify.command import VerifyCommand
from apps.operations.models import Book
from apps.webhooks.verify import AttemptReport, verify


class Command(VerifyCommand):
    help = (
        "Hash the chain of each book's attempts anew, and look for attempts without a seal. "
        "Exits 1 and names the first broken place. Webhooks may be sent meanwhile."
    )

    def verified(self, chosen: Sequence[Book] | None, *, incremental: bool, quiet: bool) -> AttemptReport:
        return verify(chosen, incremental=incremental)

    def counted(self, report: AttemptReport) -> str:
        return f"{report.attempts} attempts of {report.books} books"
