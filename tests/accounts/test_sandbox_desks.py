"""The sandbox's desks as providers, as setup makes them."""

from datetime import datetime
from typing import Any

import pytest

from apps.accounts import sandbox as desks
from apps.core import clock
from apps.core.money import Money
from apps.providers.adapters import adapter_of
from apps.providers.models import Provider
from apps.providers.queries import routing
from tests.support.sandbox import KEY, SECRET, Sandbox

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def _connected(settings: Any, sandbox: Sandbox) -> None:
    settings.SANDBOX_URL, settings.SANDBOX_KEY = sandbox.url, KEY
    settings.SANDBOX_WEBHOOK_SECRET = SECRET
    for desk in desks.DESKS:
        sandbox.fund(desk, "EUR", "7.00")
    desks.connect()
    routing.forget()


def changes() -> dict[str, datetime]:
    return dict(Provider.objects.values_list("name", "changed_at"))


@pytest.mark.usefixtures("_connected")
def test_each_is_reached_and_plays() -> None:
    found = Provider.objects.exclude(name="sandbox-bank")
    all_desks = {*desks.DESKS, *desks.FILE_DESKS} - {"bank"}
    assert {each.name for each in found} == {f"sandbox-{desk}" for desk in all_desks}
    for each in found:
        assert each.is_play
        if each.name.removeprefix("sandbox-") in desks.DESKS:
            assert adapter_of(each).balances()["EUR"] == Money.parse("7.00", "EUR")


@pytest.mark.usefixtures("_connected")
def test_what_is_connected_is_left_as_it_is() -> None:
    before = changes()
    desks.connect()
    assert changes() == before
    Provider.objects.filter(name="sandbox-stripe").update(base_url="http://127.0.0.1:9")
    desks.connect()
    after = changes()
    assert {name for name in after if after[name] != before[name]} == {"sandbox-stripe"}


@pytest.mark.usefixtures("_connected")
def test_stripe_takes_no_payouts_that_others_took_before() -> None:
    wanted = routing.Wanted("payout", Money.parse("1.00", "EUR"))
    unfit = {each.provider.name: each.unfit for each in routing.route(wanted, now=clock.now()).considered}
    assert (unfit["sandbox-bank"], unfit["sandbox-stripe"]) == ("", "does no payout")
