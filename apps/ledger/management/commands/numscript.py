"""Run, check and prove Numscript programs from the shell. Nothing is posted."""

import json
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.ledger.numscript.errors import NumscriptError
from apps.ledger.numscript.inputs import (
    Unreadable,
    amounts_in,
    balances_of,
    metadata_in,
    variables_in,
)
from apps.ledger.numscript.program import Result, compiled, problems_of
from apps.ledger.numscript.specs import Case, Verdict, run_folder


class Command(BaseCommand):
    help = "Runs, checks and proves Numscript programs; nothing is posted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="{run,check,spec}")
        run = actions.add_parser("run", help="run a program and show what it would post")
        run.add_argument("file", type=Path, metavar="FILE")
        run.add_argument("--vars", default="{}", metavar="JSON", help="the variables, as texts by name")
        run.add_argument(
            "--balances",
            default="{}",
            metavar="JSON",
            help='{"account": {"USD/2": 100}}, or a list of objects',
        )
        run.add_argument("--metadata", default="{}", metavar="JSON", help='{"account": {"key": "text"}}')
        run.add_argument("--json", action="store_true", help="answer with one line of JSON")
        check = actions.add_parser("check", help="say what is wrong with programs")
        check.add_argument("files", nargs="+", type=Path, metavar="FILE")
        spec = actions.add_parser("spec", help="run every *.num of a folder against its *.num.specs.json")
        spec.add_argument("folder", type=Path, metavar="DIR")
        spec.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['action']}")(options)

    def _run(self, options: dict[str, Any]) -> None:
        try:
            result = compiled(_text(options["file"])).run(
                variables_in(_json(options, "vars")),
                balance_of=balances_of(amounts_in(_json(options, "balances"))),
                metadata_of=metadata_in(_json(options, "metadata")),
            )
        except NumscriptError as error:
            raise CommandError(f"{options['file']}:{error}") from None
        except Unreadable as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(result)))
        else:
            self._tell(result)

    def _tell(self, result: Result) -> None:
        for posting in result.postings:
            self.stdout.write(f"{posting.asset} {posting.amount}  {posting.source} -> {posting.destination}")
        if not result.postings:
            self.stdout.write("It posts nothing.")
        for key, value in result.metadata.items():
            self.stdout.write(f"transaction  {key} = {value}")
        for account, kept in result.account_metadata.items():
            for key, value in kept.items():
                self.stdout.write(f"@{account}  {key} = {value}")

    def _check(self, options: dict[str, Any]) -> None:
        wrong = 0
        for path in options["files"]:
            for problem in problems_of(_text(path)):
                wrong += not problem.is_warning
                self.stdout.write(f"{path}:{problem}")
        if wrong:
            raise CommandError(f"{wrong} wrong.")
        self.stdout.write("Nothing is wrong.")

    def _spec(self, options: dict[str, Any]) -> None:
        counts = Counter(dict.fromkeys(Verdict, 0))
        try:
            for case in run_folder(options["folder"]):
                counts[case.verdict] += 1
                self._tell_of_case(case, quiet=options["json"])
        except Unreadable as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps({verdict.value: counts[verdict] for verdict in Verdict}))
        else:
            self.stdout.write(", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict))
        if counts[Verdict.FAILED]:
            raise CommandError(f"{counts[Verdict.FAILED]} failed.")

    def _tell_of_case(self, case: Case, *, quiet: bool) -> None:
        if case.verdict is Verdict.FAILED:
            self.stderr.write(f"{case.program} {case.name}: {case.reason}")
        elif not quiet:
            self.stdout.write(
                f"{case.verdict} {case.program} {case.name}" + (f": {case.reason}" if case.reason else "")
            )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}.") from None


def _json(options: dict[str, Any], name: str) -> Any:
    try:
        return json.loads(options[name])
    except (ValueError, RecursionError) as error:
        raise CommandError(f"--{name} is no JSON: {error}.") from None


def _as_json(result: Result) -> dict[str, Any]:
    return {
        "postings": [posting._asdict() for posting in result.postings],
        "txMeta": result.metadata,
        "accountsMeta": result.account_metadata,
    }
