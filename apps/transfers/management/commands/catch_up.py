"""Asks providers what they executed since a backup was made, and lets sending go on."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import DomainError
from apps.providers.models import Provider
from apps.transfers.services.catching_up import catch_up


class Command(BaseCommand):
    help = (
        "After a backup was restored: ask each provider to which sending is locked (or the one that is named) what it"
        " executed since the backup was made, place it, and unlock sending. May be run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", required=True, help="when the backup was begun: 2026-11-21T12:00:00Z")
        parser.add_argument("--provider", help="one provider by name; all that are locked, if left out")

    def handle(self, **options: Any) -> None:
        since = _instant(options["since"])
        locked = Provider.objects.exclude(locked_because="").values_list("name", flat=True)
        silent = []
        for name in [options["provider"]] if options["provider"] else list(locked):
            try:
                found = catch_up(name, since)
            except DomainError as error:
                silent.append(name)
                self.stderr.write(f"{name}: {error.code}: {error.message} Sending to it stays locked.")
                continue
            self.stdout.write(
                f"{name}: {found.known} known, {found.recovered} recovered, {len(found.unknown)} unknown."
            )
            for reference in found.unknown:
                self.stdout.write(f"  unknown: {reference}")
        if silent:
            raise CommandError(f"Ask again later: {', '.join(silent)}.")


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no time; write it as 2026-11-21T12:00:00Z.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
