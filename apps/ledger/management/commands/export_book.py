"""A book as a journal for beancount or hledger, on the standard output or in a file."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import DomainError
from apps.core.files import replacing
from apps.ledger.plaintext import FORMATS, export
from apps.operations import books


class Command(BaseCommand):
    help = (
        "Writes a book as a plain-text journal; the same book, position and day always give the same bytes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("book", metavar="BOOK", help="the book's slug")
        parser.add_argument("--format", choices=sorted(FORMATS), required=True)
        parser.add_argument(
            "--through", type=int, metavar="POSITION", help="entries up to this position; else up to the last"
        )
        parser.add_argument(
            "--on", type=date.fromisoformat, metavar="DAY", help="entries effective by this day"
        )
        parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="else the standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            pieces = export(
                books.by_slug(options["book"]),
                format=options["format"],
                position=options["through"],
                on=options["on"],
            )
            if options["output"] is None:
                for piece in pieces:
                    self.stdout.write(piece, ending="")
                return
            with replacing(options["output"]) as file:
                file.writelines(piece.encode() for piece in pieces)
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.message}") from None
        except OSError as error:
            raise CommandError(f"{options['output']} cannot be written: {error.strerror}.") from None
