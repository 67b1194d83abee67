"""Proves what was sent to endpoints, or names the first place of each book at which the proof is broken."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.operations import books
from apps.operations.errors import BookUnknown
from apps.webhooks.verify import Report, verify


class Command(BaseCommand):
    help = (
        "Hash the chain of each book's attempts anew, and look for attempts without a seal. "
        "Exits 1 and names the first broken place of each book. Webhooks may be sent meanwhile."
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
        report = verify(chosen, incremental=incremental)
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
            raise CommandError("\n".join(f"BROKEN {fault}" for fault in report.broken))
        self.stdout.write(
            f"Verified {report.attempts} attempts of {report.books} books in {report.seconds:.1f} s: all is well."
        )
        for slug, (position, seal) in report.heads.items():
            self.stdout.write(f"  {slug} ends at position {position} with the seal {seal}")
