"""Webhooks in a real browser: an endpoint is made and tested, a delivery fails, says why, is sent again and delivered."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.console.browsing import LOOK, NEEDS_CHROMIUM, STORY, Operator, on_page, sign_in, wide
from tests.support.hooked import Answer, Receiver
from tests.support.payouts import later
from tests.support.tenants import World
from tests.support.webhooks import deliver, happens

pytestmark = [NEEDS_CHROMIUM, pytest.mark.django_db(transaction=True)]

RUNGS = (0, 70, 410, 1_410, 5_410)
"""Seconds after the first attempt, by which each is due."""
LISTS = ("endpoint", "delivery", "attempt", "replay")


def keep(operator: Operator, name: str) -> None:
    """Note what is wrong here, and keep a picture for those who change how it looks."""
    operator.look()
    operator.wrong += [f"{name} is wider than its sheet"] if wide(operator.page) else []
    if LOOK:
        path = Path(LOOK) / f"webhook-{name}-{operator.theme}-{operator.size}.png"
        operator.page.screenshot(path=path, full_page=True)


def afterwards(**delta: Any) -> None:
    """All that is due after a while is sent."""
    with later(**delta):
        deliver()


def fail(acme: World, receiver: Receiver) -> None:
    """Something happens, and no attempt to tell of it is accepted."""
    receiver.always = Answer(503, {"Retry-After": "1"}, b'{"error": "We are moving house."}')
    happens(acme)
    for seconds in RUNGS:
        afterwards(seconds=seconds)
    receiver.always = Answer()


def status(operator: Operator) -> str:
    """What the head of a page says."""
    return str(operator.page.locator(".head .status").first.inner_text())


@pytest.mark.parametrize(("theme", "size"), STORY)
def test_an_endpoint_is_made_and_what_failed_is_sent_again(
    acme: World,
    receiver: Receiver,
    browse: Callable[..., Operator],
    sessions: tuple[str, str],
    theme: str,
    size: str,
) -> None:
    def make(operator: Operator) -> str:
        operator.open("/ops/outbox/")
        keep(operator, "outbox-empty")
        operator.open("/ops/webhooks/endpoint/")
        keep(operator, "endpoints-empty")
        operator.follow("Create a webhook endpoint")
        operator.fill(
            tenant=acme.test_tenant, url=receiver.url, description="Shop", types__0="wallet.created"
        )
        operator.press("run")
        secret = operator.page.locator("code.secret").inner_text()
        keep(operator, "secret")
        made = operator.made("endpoint")
        operator.open(f"/ops/webhooks/endpoint/{made}/")
        assert secret.startswith("whsec_")
        assert secret not in operator.page.content()
        return made

    def try_it(operator: Operator) -> None:
        operator.follow("Send a test webhook")
        operator.press("run")
        on_page(deliver)
        operator.open(f"/ops/webhooks/delivery/{operator.made('delivery')}/")
        operator.seen.append(status(operator))
        keep(operator, "tested")

    def mend(operator: Operator) -> None:
        operator.open("/ops/")
        operator.page.locator(".notice", has_text="webhook has failed").click()
        keep(operator, "failed-list")
        operator.page.get_by_role("link", name="wallet.created", exact=True).click()
        keep(operator, "failed")
        operator.seen.append(operator.page.locator(".refusal .reason").inner_text())
        address = operator.page.url.removeprefix(operator.origin)
        operator.page.go_back()
        operator.page.get_by_role("checkbox").check()
        operator.page.get_by_role("button", name="Send what is ticked again").click()
        operator.press("run")
        on_page(lambda: afterwards(hours=3))
        operator.open(address)
        operator.seen.append(status(operator))
        keep(operator, "sent-again")

    def steps(page: Any, origin: str) -> Operator:
        operator = Operator(page, origin, theme, size)
        sign_in(page, origin, sessions[0])
        made = make(operator)
        try_it(operator)
        on_page(fail, acme, receiver)
        operator.open("/ops/outbox/")
        keep(operator, "outbox")
        operator.open(f"/ops/webhooks/endpoint/{made}/")
        keep(operator, "endpoint")
        mend(operator)
        for each in LISTS:
            operator.open(f"/ops/webhooks/{each}/")
            keep(operator, f"list-{each}")
        return operator

    operator = browse(steps, theme, size)
    assert operator.seen == [
        "Done",
        "Done",
        "Delivered",
        "It was not accepted in 5 attempts. It answered 503.",
        "Done",
        "Delivered",
    ]
    assert operator.wrong == []
    assert [each.headers["webhook-id"] for each in receiver.received[1:]] == [receiver.ids[1]] * 6
