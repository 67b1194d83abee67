"""The application: routes, and what runs beside them."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.providers.sandbox.control import Control
from apps.providers.sandbox.desk_api import DeskApi
from apps.providers.sandbox.files_api import FilesApi
from apps.providers.sandbox.http import answer
from apps.providers.sandbox.sandbox import Sandbox
from apps.providers.sandbox.stripe_api import StripeApi

logger = logging.getLogger(__name__)


def application(sandbox: Sandbox, key: str, control_key: str) -> Starlette:
    """The whole server, for clients with the one key and tests with the other."""

    async def health(request: Request) -> Response:
        return answer({"status": "ok"})

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        beside = [asyncio.create_task(part.run()) for part in (sandbox.execution, sandbox.webhooks)]
        for task in beside:
            task.add_done_callback(_ended)
        yield
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await sandbox.webhooks.stop()
        sandbox.store.close()

    routes = [
        Route("/health", health),
        *Control(sandbox).routes(control_key),
        *StripeApi(sandbox).routes(key),
        *FilesApi(sandbox).routes(key),
        *DeskApi(sandbox).routes(key),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _ended(task: "asyncio.Task[None]") -> None:
    """A server that answers but no longer executes would be a riddle: end it."""
    if not task.cancelled():
        logger.error("The sandbox ends, for it cannot go on", exc_info=task.exception())
        signal.raise_signal(signal.SIGTERM)
