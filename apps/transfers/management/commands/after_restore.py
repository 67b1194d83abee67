"""Makes a restored database whole before traffic returns."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.ledger import projections
from apps.ledger.verify import verify
from apps.operations import sequencer
from apps.transfers.services.catching_up import lock_all

NEXT = """Next:
  1. Compare the last positions and seals above with those you keep elsewhere: what is missing was lost.
  2. Ask each provider what it told and executed since the backup was begun. Until all have said, the workers stand still,
     nothing is sent, and nothing that was held is given back:
       script/manage catch_up --since 2026-11-21T12:00:00Z
  3. Start the workers and the web processes."""


class Command(BaseCommand):
    help = (
        "After a backup was restored, and before anything else runs: lock sending to providers, give positions to all that has none, bring "
        "the daily balances up to date, and verify all books. May be run again."
    )

    def handle(self, **options: Any) -> None:
        for name in lock_all():
            self.stdout.write(f"Nothing is sent to {name} any more.")
        for stream, count in sequencer.sequence_after_restore().items():
            self.stdout.write(f"Numbered {count} {stream} that had no position yet.")
        self.stdout.write(f"Added {projections.project()} entries to the daily balances.")
        report = verify()
        if not report.ok:
            raise CommandError(f"BROKEN {report.broken[0]} Restore another backup.")
        self.stdout.write(
            f"Verified {report.books} books, {report.entries} entries, {report.lines} lines: all is well."
        )
        for slug, (position, seal) in report.heads.items():
            self.stdout.write(f"  {slug} ends at position {position} with the seal {seal}")
        self.stdout.write(NEXT)
