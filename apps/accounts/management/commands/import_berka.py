"""Fifteen months of a real bank as a tenant's book, compared day by day with the bank's own balances."""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError
from tqdm import tqdm

from apps.accounts.berka import book, source
from apps.accounts.berka.comparison import Comparison, compare
from apps.accounts.berka.run import Import, bring_up_to_date, import_lines
from apps.accounts.berka.source import good_lines
from apps.accounts.berka.survey import Survey, survey
from apps.core.errors import DomainError

_GONE = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
_GO_ON = "start the same command again, it goes on where it stopped."


class Command(BaseCommand):
    help = "Imports the bank of PKDD'99 as the book `berka`, and compares every account-day with the bank."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", help="the folder with the bank's trans.asc")
        parser.add_argument("--limit", type=_count, metavar="N", help="import the first N lines only")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON; no progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._import(source.find(options["folder"]), options["limit"], options["json"])
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.message}") from None
        except _GONE as error:
            reason = str(error).partition("\n")[0]
            raise CommandError(f"The database is gone ({reason}); {_GO_ON}") from None
        except KeyboardInterrupt:
            raise CommandError(f"Stopped; {_GO_ON}") from None

    def _import(self, path: Path, limit: int | None, as_json: bool) -> None:
        begin = monotonic()
        found = survey(path, limit)
        self._tell_of_lines(found)
        with book.alone():
            run = self._post(path, found, limit, quiet=as_json)
            bring_up_to_date()
            comparison = compare(good_lines(path, limit))
        self._tell_of_run(found, run, comparison, limit)
        if as_json:
            self.stdout.write(json.dumps(_figures(found, run, comparison, monotonic() - begin)))

    def _post(self, path: Path, found: Survey, limit: int | None, *, quiet: bool) -> Import:
        total = found.lines - len(found.bad)
        hidden = quiet or not sys.stderr.isatty()
        with tqdm(total=total, unit=" lines", file=sys.stderr, disable=hidden) as bar:
            run = import_lines(path, found, limit, bar.update)
        for line in run.refused:
            self.stderr.write(f"Line {line.number} was refused: {line.reason}")
        return run

    def _tell_of_lines(self, found: Survey) -> None:
        for line in found.bad:
            self.stderr.write(f"Line {line.number} is bad: {line.reason}.")
        if found.cut:
            self.stderr.write(
                f"Line {found.cut.number} is left out: the file ends in the middle of it. It is not counted."
            )

    def _tell_of_run(self, found: Survey, run: Import, comparison: Comparison, limit: int | None) -> None:
        say = self.stdout.write
        if run.posted:
            say(f"Posted {run.posted:,} entries in {run.seconds:.1f} s ({run.entries_per_second:,}/s).")
        else:
            say("Posted nothing.")
        if run.standing:
            say(f"{run.standing:,} of {found.lines:,} lines stood in the book already.")
        say(
            f"{comparison.days_equal:,} of {comparison.account_days:,} account-days end as the bank says,"
            f" in {len(found.floors):,} accounts."
        )
        if limit and comparison.days_equal < comparison.account_days:
            say("The limit may cut a day in two; such a day differs.")
        if comparison.worst_address:
            say(f"Worst: {comparison.worst} at {comparison.worst_address} on {comparison.worst_on}.")


def _figures(found: Survey, run: Import, comparison: Comparison, total_seconds: float) -> dict[str, Any]:
    return {
        "lines": found.lines,
        "entries": run.entries,
        "accounts": len(found.floors),
        "account_days": comparison.account_days,
        "days_equal": comparison.days_equal,
        "worst_difference": comparison.worst.decimal,
        "seconds": round(run.seconds, 2),
        "entries_per_second": run.entries_per_second,
        "posted": run.posted,
        "bad_lines": len(found.bad),
        "refused_lines": len(run.refused),
        "cut_line": found.cut.number if found.cut else None,
        "total_seconds": round(total_seconds, 2),
    }


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise ArgumentTypeError(f"{text} is no number of lines: give 1 or more.")
    return int(text)
