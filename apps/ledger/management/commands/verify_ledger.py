"""Proves the books, or names the first place at which they are broken."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from apps.ledger.verify import Report, verify
from apps.operations import books
from apps.operations.errors import BookUnknown


class Command(BaseCommand):
    help = (
        "Hash the chain of every book anew, add everything up anew, and compare with what is stored. "
        "Exits 1 and names the first broken place. Posting may go on meanwhile."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--book", metavar="SLUG", help="only this book")
        parser.add_argument(
            "--incremental", action="store_true", help="only what was sealed since the last good verification"
        )
        parser.add_argument("--json", action="store_true", help="answer with one line of JSON")

    def handle(self, *, book: str | None, incremental: bool, json: bool, **options: Any) -> None:
        try:
            chosen = [books.by_slug(book)] if book else None
        except BookUnknown as error:
            raise CommandError(error.message) from None
        with _Bar(hidden=json or not sys.stderr.isatty()) as bar:
            report = verify(chosen, incremental=incremental, progress=bar)
        if json:
            self._answer(report)
        else:
            self._tell(report)

    def _answer(self, report: Report) -> None:
        self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False))
        if not report.ok:
            sys.exit(1)

    def _tell(self, report: Report) -> None:
        if not report.ok:
            rest = len(report.broken) - 1
            raise CommandError(
                f"BROKEN {report.broken[0]}" + (f" (And {rest} more: see --json.)" if rest else "")
            )
        self.stdout.write(
            f"Verified {report.books} books, {report.entries} entries, {report.lines} lines and"
            f" {report.accounts} accounts in {report.seconds:.1f} s: all is well."
        )
        for slug, (position, seal) in report.heads.items():
            self.stdout.write(f"  {slug} ends at position {position} with the seal {seal}")


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
