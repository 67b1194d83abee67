"""The ECB's reference rates from its published files."""

import json
import uuid
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core import clock
from apps.core.errors import DomainError
from apps.operations import people
from apps.operations.executor import execute
from apps.operations.plan import Request
from apps.rates import fetching, services


class Command(BaseCommand):
    help = "Loads the ECB's reference rates from a published file (zip, CSV or XML), or from all of a folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "place", type=Path, metavar="FILE|FOLDER", help="eurofxref-hist.zip, or where it lies"
        )
        parser.add_argument("--as", dest="user", metavar="USER", help="the e-mail address of who loads them")
        parser.add_argument("--json", action="store_true", help="answer with one line of JSON for each file")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            actor = people.actor("user", options["user"]) if options["user"] else services.LOADER
            paths = fetching.files_in(options["place"])
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.message}") from None
        for path in paths:
            try:
                file = services.receive(name=path.name, content=fetching.read(path), now=clock.now())
                request = Request("rates.load_ecb", {"file": file}, uuid.uuid4().hex, actor, origin="cli")
                result = execute(request).or_raise().result
            except DomainError as error:
                raise CommandError(f"{path}: {error.code}: {error.message}") from None
            self.stdout.write(json.dumps(result) if options["json"] else "\n".join(_told(path, result)))


def _told(path: Path, result: Any) -> list[str]:
    lines = [
        f"{path.name}: {result['days']:,} days from {result['first_day']} to {result['last_day']}.",
        f"  {result['added']:,} added, {result['corrected']:,} corrected, {result['withdrawn']:,} withdrawn,"
        f" {result['unchanged']:,} known already, {result['missing']:,} not published.",
    ]
    if result["older"]:
        lines.append(f"  {result['older']:,} differ from what a later file says, which stands.")
    if result["left_out"]:
        cells = sum(result["left_out"].values())
        lines.append(
            f"  {cells:,} left out, of currencies that do not exist here: {', '.join(result['left_out'])}."
        )
    return lines
