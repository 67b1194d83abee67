"""Webhooks as tests make them: an endpoint of the test tenant, and a worker that sends."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from apps.operations import sequencer
from apps.webhooks.dispatch.dispatcher import Dispatcher
from apps.webhooks.models import Delivery
from tests.support.door import done
from tests.support.tenants import World


def endpoint(world: World, url: str, **more: Any) -> dict[str, Any]:
    """An endpoint on this machine, of the test tenant; the answer, with the secret."""
    return dict(done("webhooks.create_endpoint", actor=world.test_key, url=url, **more))


def happens(world: World, **more: Any) -> str:
    """Something of which the test tenant is told; the object that it happened to."""
    return world.wallet(test=True, **more)


def deliver() -> None:
    """Number what has happened, and send all that is due."""
    sequencer.sequence()
    asyncio.run(Dispatcher("test").until_idle())


@contextmanager
def delivering() -> Iterator[None]:
    """With a worker that runs beside."""
    worker = Dispatcher("test")
    beside = Thread(target=lambda: asyncio.run(worker.run()))
    beside.start()
    try:
        yield
    finally:
        worker.end()
        beside.join()


def statuses(endpoint: str) -> list[tuple[str, str, int]]:
    """Type, status and attempts of each delivery to an endpoint, in the order of the feed."""
    found = Delivery.objects.filter(endpoint=endpoint).order_by("position", "id")
    return list(found.values_list("type", "status", "attempts"))
