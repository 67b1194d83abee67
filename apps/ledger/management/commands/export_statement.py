"""The statement of an account over a period as camt.053, in a file."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import DomainError
from apps.core.files import replacing
from apps.ledger.camt import VERSIONS, write_statement
from apps.ledger.queries import statement_period
from apps.ledger.queries.journal import known_position
from apps.ledger.services.lookups import find_account


class Command(BaseCommand):
    help = "Writes the statement of an account as camt.053; the same account, period and position are the same bytes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("book", metavar="BOOK", help="the book's slug")
        parser.add_argument("account", metavar="ACCOUNT", help="the account's address")
        parser.add_argument("currency", metavar="CURRENCY")
        parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DAY", required=True)
        parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="DAY", required=True)
        parser.add_argument(
            "--through", type=int, metavar="POSITION", help="entries up to this position; else up to the last"
        )
        parser.add_argument(
            "--message-version",
            dest="message",
            choices=sorted(VERSIONS),
            default="08",
            help="of camt.053.001",
        )
        parser.add_argument("-o", "--output", type=Path, metavar="FILE", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            book, account = find_account(options["book"], options["account"], options["currency"])
            period = statement_period(
                account,
                first=options["first"],
                last=options["last"],
                position=known_position(book.pk, options["through"]),
            )
            with replacing(options["output"]) as file:
                write_statement(period, file, version=options["message"])
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.message}") from None
        except OSError as error:
            raise CommandError(f"{options['output']} cannot be written: {error.strerror}.") from None
