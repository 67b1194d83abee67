"""manage.py deliver_webhooks: the process that sends tenants' webhooks. Several of them share the endpoints."""

import asyncio
import os
import signal
import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.webhooks.dispatch.dispatcher import Dispatcher


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-idle", action="store_true", help="end when nothing is due any more")

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(_deliver(until_idle=options["until_idle"]))


async def _deliver(*, until_idle: bool) -> None:
    dispatcher = Dispatcher(f"{socket.gethostname()}:{os.getpid()}")
    if until_idle:
        await dispatcher.until_idle()
        return
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, dispatcher.end)
    print("ready", flush=True)
    await dispatcher.run()
