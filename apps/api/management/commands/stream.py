"""manage.py stream: the process that tells tenants' programs of their events, over WebSocket and SSE."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.api.stream.server import serve


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="where to listen")
        parser.add_argument(
            "--port", type=int, default=8001, help="0 takes a free one; the first line names it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        serve(options["host"], options["port"])
