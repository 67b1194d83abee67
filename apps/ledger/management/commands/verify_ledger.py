"""Proves the books, or names the first place at which they are broken."""

import sys
from collections.abc import Sequence

from tqdm import tqdm

from apps.ledger.verify import LedgerReport, verify
from apps.ledger.verify.command import VerifyCommand
from apps.operations.models import Book


class Command(VerifyCommand):
    help = (
        "Hash the chain of every book anew, add everything up anew, and compare with what is stored. "
        "Exits 1 and names the first broken place. Posting may go on meanwhile."
    )

    def verified(self, chosen: Sequence[Book] | None, *, incremental: bool, quiet: bool) -> LedgerReport:
        with _Bar(hidden=quiet or not sys.stderr.isatty()) as bar:
            return verify(chosen, incremental=incremental, progress=bar)

    def counted(self, report: LedgerReport) -> str:
        return (
            f"{report.books} books, {report.entries} entries, {report.lines} lines and"
            f" {report.accounts} accounts"
        )


class _Bar:
    """A bar on stderr, in entries; each is counted once for its hash and once for its sums."""

    def __init__(self, *, hidden: bool) -> None:
        self._bar = tqdm(total=0, unit=" entries", unit_scale=0.5, disable=hidden, file=sys.stderr)

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def expect(self, count: int) -> None:
        """Make the bar longer."""
        self._bar.total = (self._bar.total or 0) + count
        self._bar.refresh()

    def advance(self, count: float) -> None:
        """Move the bar."""
        self._bar.update(count)
