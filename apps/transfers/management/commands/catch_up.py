"""Asks providers what they executed since a backup was made, and lets sending go on."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from apps.core.errors import DomainError
from apps.providers.models import Provider
from apps.transfers.services.catching_up import catch_up, unlock_all


class Command(BaseCommand):
    help = (
        "After a backup was restored: ask every provider what it executed since the backup was made, and place it. Sending goes on once"
        " all of them have said. May be run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", required=True, help="when the backup was begun: 2026-11-21T12:00:00Z")

    def handle(self, **options: Any) -> None:
        since = _instant(options["since"])
        asked = Provider.objects.filter(Q(enabled=True) | ~Q(locked_because=""))
        silent = [name for name in asked.values_list("name", flat=True) if not self._said(name, since)]
        if silent:
            raise CommandError(f"Sending stays locked. Ask again later: {', '.join(silent)}.")
        for name in unlock_all():
            self.stdout.write(f"Sending to {name} goes on.")

    def _said(self, name: str, since: datetime) -> bool:
        """Whether a provider has said what it executed."""
        try:
            found = catch_up(name, since)
        except DomainError as error:
            self.stderr.write(f"{name}: {error.code}: {error.message}")
            return False
        self.stdout.write(
            f"{name}: {found.known} known, {found.recovered} recovered, {len(found.unknown)} unknown."
        )
        for reference in found.unknown:
            self.stdout.write(f"  unknown: {reference}")
        return True


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no time; write it as 2026-11-21T12:00:00Z.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
