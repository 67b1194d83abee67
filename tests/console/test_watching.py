"""The page of a transfer looks again by itself until the transfer has ended."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.core import clock
from apps.transfers.models import Transfer
from apps.transfers.tasks import complete_pay_ins
from tests.console.browsing import NEEDS_CHROMIUM, tell
from tests.support.door import done, eur
from tests.support.tenants import World, world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting(ledger_db: Any) -> str:
    """A transfer that has not ended."""
    acme: World = world()
    wallet = acme.wallet(test=True)
    asked = {"wallet": wallet, "amount": eur("5.00"), "reference": "test_late"}
    return str(done("transfers.post_pay_in", actor=acme.test_key, **asked)["transfer"])


def page_of(transfer: str) -> str:
    return f"/ops/transfers/transfer/{transfer}/"


def elsewhere(step: Callable[..., None], *args: Any) -> None:
    """In a thread that may reach the database, which one with a browser may not."""

    def told() -> None:
        try:
            step(*args)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(told).result()


def end(transfer: str) -> None:
    with clock.frozen(clock.now() + timedelta(days=1)):
        complete_pay_ins()
    assert Transfer.objects.get(pk=transfer).ended_at


def test_what_has_ended_is_not_looked_at_again(waiting: str, console: Client) -> None:
    assert b"data-parts=" in console.get(page_of(waiting)).content
    end(waiting)
    assert b"data-parts=" not in console.get(page_of(waiting)).content


@NEEDS_CHROMIUM
def test_the_page_follows_a_transfer_to_its_end(waiting: str, browse: Any) -> None:
    def steps(page: Any, origin: str) -> tuple[str, str, list[str], list[str]]:
        asked: list[str] = []
        wrong: list[str] = []
        page.clock.install()
        page.on("request", lambda request: asked.append(request.url) if "/trf_" in request.url else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: tell(page, message, wrong))
        page.goto(origin + page_of(waiting))
        note = page.locator("[data-live]")
        before = note.inner_text()
        elsewhere(end, waiting)
        page.clock.fast_forward(11_000)
        page.locator(".head").get_by_text("Completed").wait_for(timeout=5_000)
        page.clock.fast_forward(60_000)
        page.wait_for_timeout(300)
        return before, note.text_content(), asked, [*wrong, *page.evaluate("window.refused")]

    before, after, asked, wrong = browse(steps, "light", "wide")
    assert ("by itself" in before, after) == (True, "")
    assert (len(asked), wrong) == (2, [])
