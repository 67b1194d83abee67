"""Asks providers what they executed since a backup was made, and lets sending go on."""

import logging
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import DomainError
from apps.providers.models import Provider
from apps.providers.queries.routing import RESTORED
from apps.transfers.services.catching_up import CaughtUp, catch_up, unlock_all

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "After a backup was restored: ask every provider what it told and executed since the backup was made, and place it. Workers go"
        " on once all of them have said, and so does sending, unless something was executed that is not known here. May be run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", required=True, help="when the backup was begun: 2026-11-21T12:00:00Z")

    def handle(self, **options: Any) -> None:
        since = _instant(options["since"])
        said = {name: self._said(name, since) for name in Provider.objects.values_list("name", flat=True)}
        marked = Provider.objects.filter(locked_because__startswith=RESTORED).values_list("name", flat=True)
        silent = [name for name in marked if said.get(name) is None]
        if silent:
            raise CommandError(f"Sending stays locked. Ask again later: {', '.join(silent)}.")
        unknown = {name: len(found.unknown) for name, found in said.items() if found and found.unknown}
        for name in unlock_all(unknown):
            self.stdout.write(f"Sending to {name} goes on.")
        if unknown:
            raise CommandError(
                f"Sending stays locked: {', '.join(unknown)} executed what is not known here. Find out for whom (the alarms name"
                " each), cancel what was asked for again, and unlock each provider in the console."
            )

    def _said(self, name: str, since: datetime) -> CaughtUp | None:
        """What a provider said that it executed, if it did."""
        try:
            found = catch_up(name, since)
        except DomainError as error:
            self.stderr.write(f"{name}: {error.code}: {error.message}")
            return None
        except Exception as error:
            logger.exception("%s cannot be asked what it executed.", name)
            self.stderr.write(f"{name}: {type(error).__name__}: {error}")
            return None
        self.stdout.write(
            f"{name}: {found.known} known, {found.recovered} recovered, {len(found.unknown)} unknown;"
            f" {found.messages} messages had been lost."
        )
        for reference in found.unknown:
            self.stdout.write(f"  unknown: {reference}")
        return found


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no time; write it as 2026-11-21T12:00:00Z.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
