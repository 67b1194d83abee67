"""The file of a journal export, which `op ledger.export_journal` has fixed before."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import DomainError
from apps.core.files import replacing
from apps.ledger.journal_csv import as_it_was
from apps.ledger.models import JournalExport
from apps.operations import books


class Command(BaseCommand):
    help = "Writes the CSV of a journal export, the same bytes each time; `op ledger.export_journal` makes the next one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("book", metavar="BOOK", help="the book's slug")
        parser.add_argument("number", type=int, metavar="NUMBER", help="which of its exports")
        parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="else the standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            export = self._find(options["book"], options["number"])
            if options["output"] is None:
                for piece in as_it_was(export):
                    self.stdout.write(piece.decode(), ending="")
                return
            with replacing(options["output"]) as file:
                file.writelines(as_it_was(export))
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.message}") from None
        except OSError as error:
            raise CommandError(f"{options['output']} cannot be written: {error.strerror}.") from None

    def _find(self, book: str, number: int) -> JournalExport:
        found = JournalExport.objects.select_related("book").filter(book=books.by_slug(book), number=number)
        if export := found.first():
            return export
        raise CommandError(f"Book {book} has no journal export {number}.")
