"""Run any command from the shell: `manage.py op NAME --data JSON`."""

import json
import sys
import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.operations import executor, people, registry
from apps.operations.plan import Request
from apps.operations.registry import Command as Registered
from apps.operations.run import Outcome

NOBODY = Actor.system("shell", ())
"""Without --as nobody acts: previews and lists work, but every command needs a person's permission."""


class Command(BaseCommand):
    help = "Runs a command of the registry, or lists them all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "name", nargs="?", help="a command such as ledger.post_correction, or an alias of it"
        )
        parser.add_argument("--list", action="store_true", help="list every command with its fields")
        parser.add_argument(
            "--data", default="{}", metavar="JSON", help="the input; - reads it from standard input"
        )
        parser.add_argument(
            "--key", help="the idempotency key; repeat it to retry (default: a new one, printed)"
        )
        parser.add_argument("--preview", action="store_true", help="show what it would do, and do nothing")
        parser.add_argument("--as", dest="user", metavar="USER", help="the e-mail address of who runs it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"] or not options["name"]:
            return self._list()
        try:
            request = _request(options)
            if options["preview"]:
                return self._print(executor.preview(request))
            return self._print_outcome(request, executor.execute(request))
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.message}") from None

    def _list(self) -> None:
        for command in registry.all_commands():
            self.stdout.write(f"{command.name:32} {command.summary}")
            self.stdout.write(f"{'':32} {_fields(command)}")

    def _print_outcome(self, request: Request, outcome: Outcome) -> None:
        if outcome.error:
            self._print(
                {
                    "status": outcome.status,
                    "operation": outcome.operation_id,
                    "error": outcome.error.as_dict(),
                }
            )
            hint = " Say with --as who runs it." if request.actor == NOBODY else ""
            raise CommandError(f"{outcome.error.code}: {outcome.error.message}{hint}")
        self._print(
            {
                "status": outcome.status,
                "operation": outcome.operation_id,
                "key": request.key,
                "replayed": outcome.replayed,
                "result": outcome.result,
            }
        )

    def _print(self, value: Any) -> None:
        self.stdout.write(json.dumps(value, indent=2, ensure_ascii=False))


def _request(options: dict[str, Any]) -> Request:
    registry.find(options["name"])
    actor = people.actor("user", options["user"]) if options["user"] else NOBODY
    key = uuid.uuid4().hex if options["key"] is None else options["key"]
    return Request(options["name"], _data(options["data"]), key, actor, origin="cli")


def _data(text: str) -> Any:
    if text == "-":
        text = sys.stdin.read()
    try:
        return json.loads(text, parse_float=str)
    except json.JSONDecodeError as error:
        raise CommandError(
            f"--data is no JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except (RecursionError, ValueError) as error:
        raise CommandError(f"--data is no JSON: {error}.") from None


def _fields(command: Registered) -> str:
    fields = command.input().fields.items()
    return ", ".join(name if field.required else f"[{name}]" for name, field in fields)
