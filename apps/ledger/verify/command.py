"""What the commands that verify have in common: which books, how much of them, and how the answer looks."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.ledger.verify.report import Report
from apps.operations import books
from apps.operations.errors import BookUnknown
from apps.operations.models import Book


class VerifyCommand(BaseCommand):
    """Exits 1 and names the first broken place if there is one."""

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
        report = self.verified(chosen, incremental=incremental, quiet=json)
        if json:
            self._answer(report)
        else:
            self._tell(report)

    def verified(self, chosen: Sequence[Book] | None, *, incremental: bool, quiet: bool) -> Report:
        """Verify these books, or all; nothing is drawn meanwhile if it is to be quiet."""
        raise NotImplementedError

    def counted(self, report: Any) -> str:
        """What was gone through, in words."""
        raise NotImplementedError

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
        self.stdout.write(f"Verified {self.counted(report)} in {report.seconds:.1f} s: all is well.")
        for slug, (position, seal) in report.heads.items():
            self.stdout.write(f"  {slug} ends at position {position} with the seal {seal}")
