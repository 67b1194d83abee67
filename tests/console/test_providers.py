"""Providers in the console: how each is, what it has and can, and the forms that change it."""

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from apps.core import clock
from apps.operations.models import Event
from apps.providers.models import Provider, ProviderHealth
from apps.providers.protocol import Outcome, Reply
from apps.providers.queries.figures import figures
from apps.providers.services import balances, health
from tests.console.test_transfers import counted, shown
from tests.support import payouts
from tests.support.door import done
from tests.support.payouts import later, pay_out, recipient, work
from tests.support.sandbox import KEY, SECRET, Sandbox
from tests.support.tenants import World

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/ops/providers/provider/"


@pytest.fixture
def boss(admin: Any) -> Client:
    """A browser in which an admin is signed in."""
    client = Client()
    client.force_login(admin)
    return client


def page_of(provider: Provider) -> str:
    return f"{LIST}{provider.pk}/"


def alarms() -> list[dict[str, Any]]:
    """The low balances that were told of."""
    found = Event.objects.filter(type="alert.raised", data__reason="low balance").order_by("ordinal")
    return [event.data for event in found]


def paid(acme: World, amount: str = "40.00") -> None:
    """A payout that was sent."""
    pay_out(acme, acme.funded(amount), recipient(acme), amount=amount)
    work()


def test_a_page_says_how_it_is_and_what_it_can(acme: World, sandbox: Sandbox, console: Client) -> None:
    made = payouts.provider(
        sandbox,
        kinds=["payout", "refund"],
        currencies=["EUR"],
        limits={"largest": {"EUR": "5000"}},
        cost={"basis_points": 20, "fixed": {"EUR": "0.25"}},
        cut_off="16:00",
        time_zone="Europe/Berlin",
    )
    rule = {"name": "Germany", "conditions": [{"fact": "country", "op": "eq", "value": "DE"}]}
    done("providers.set_routing_rule", **rule, place=5, providers=["sandbox-bank"])
    paid(acme)
    balances.ask_all(clock.now())
    page = shown(console, page_of(made))
    for said in (
        "Closed",
        "100.0 %",
        "Payout, Refund",
        "16:00 Europe/Berlin",
        "0.2 %",
        "0.25",
        "country eq DE",
        "Its transfers",
        "999 960.00",
    ):
        assert said in page, said
    for secret in (KEY, SECRET):
        assert secret not in page
    assert "100.0 %" in shown(console, LIST)


def test_an_open_circuit_is_told_with_its_next_try(acme: World, sandbox: Sandbox, console: Client) -> None:
    made = payouts.provider(sandbox)
    for _ in range(health.FAILURES):
        health.note(str(made.pk), Reply(Outcome.UNKNOWN, code="TIMEOUT"), now=clock.now())
    page = shown(console, page_of(made))
    for said in ("The circuit is open: it is left alone", "5 failures in a row", "TIMEOUT", "let through at"):
        assert said in page, said
    assert "is left alone: its circuit is open" in shown(console, "/ops/")
    health.take_probe(str(made.pk), now=clock.now() + timedelta(minutes=1))
    assert "half open: it is tried" in shown(console, page_of(made))


def test_figures_count_what_the_circuit_breaker_counts(acme: World, sandbox: Sandbox) -> None:
    made = payouts.provider(sandbox)
    paid(acme)
    sandbox.fault(do={"submit": "error_after"})
    paid(acme)
    found = figures([str(made.pk)], since=clock.now() - timedelta(hours=1), now=clock.now())[str(made.pk)]
    assert (found.calls, found.well, str(found.success)) == (2, 1, "50.0")
    assert found.p95 is not None
    after = clock.now() + timedelta(hours=2)
    none = figures([str(made.pk)], since=after, now=after)[str(made.pk)]
    assert (none.calls, none.success, none.p95) == (0, None, None)


def test_a_form_comes_filled_in_and_changes_nothing_by_itself(
    acme: World, sandbox: Sandbox, boss: Client
) -> None:
    made = payouts.provider(
        sandbox,
        enabled=False,
        kinds=["payout"],
        limits={"smallest": {"EUR": "1.00"}},
        cut_off="16:00",
        low_balance={"EUR": "10.00"},
    )
    [way] = [
        each.url
        for each in boss.get(page_of(made)).context["doings"]
        if each.command == "providers.set_provider"
    ]
    assert KEY not in way
    form = boss.get(way)
    given = {control["name"]: control["value"] for control in controls(form.content.decode())}
    assert (given["name"], given["kinds"], given["cut_off"]) == ("sandbox-bank", "payout", "16:00:00")
    assert "enabled" not in given
    before = stored(made)
    sent = boss.post(
        way.partition("?")[0],
        urlencode({**given, "do": "run"}),
        content_type="application/x-www-form-urlencoded",
    )
    assert "Done" in sent.content.decode()
    after = stored(made)
    changed = {name for name, value in before.items() if after[name] != value}
    assert changed == {"changed_at"}


def stored(provider: Provider) -> dict[str, Any]:
    """All that is kept of a provider."""
    return {**Provider.objects.values().get(pk=provider.pk)}


def controls(page: str) -> list[dict[str, str]]:
    """What a browser would send of the form on a page."""
    found = []
    for tag, attributes, inside in re.findall(r"<(input|textarea)\b([^>]*)>(?:([^<]*)</textarea>)?", page):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
        if "name" not in given or given["name"] == "q" or given["name"] == "s":
            continue
        if given.get("type") == "checkbox" and " checked" not in attributes:
            continue
        value = inside if tag == "textarea" else given.get("value", "on")
        found.append({"name": given["name"], "value": html.unescape(value)})
    for name, options in re.findall(r'<select\b[^>]*\bname="([^"]*)"[^>]*>(.*?)</select>', page, re.DOTALL):
        for value in re.findall(r'<option value="([^"]*)"[^>]*\bselected', options):
            found.append({"name": name, "value": html.unescape(value)})
    return found


def test_it_is_locked_and_unlocked(acme: World, sandbox: Sandbox, boss: Client) -> None:
    made = payouts.provider(sandbox)
    assert "/ops/do/providers.lock_sending/?provider=sandbox-bank" in shown(boss, page_of(made))
    done("providers.lock_sending", provider="sandbox-bank", reason="Their maintenance")
    page = shown(boss, page_of(made))
    assert "Their maintenance" in page
    assert "/ops/do/providers.unlock_sending/?provider=sandbox-bank" in page
    assert "is sent nothing" in shown(boss, "/ops/")


def test_balances_are_asked_for_and_kept_while_it_is_silent(acme: World, sandbox: Sandbox) -> None:
    made = payouts.provider(sandbox)
    balances.ask_all(clock.now())
    known = ProviderHealth.objects.get(pk=made.pk)
    assert known.balances == {"EUR": "1000000.00"}
    sandbox.down("bank")
    with later(minutes=1):
        balances.ask_all(clock.now())
    assert ProviderHealth.objects.get(pk=made.pk).balances_at == known.balances_at
    sandbox.up()


def test_what_it_has_in_currencies_that_do_not_exist_here_hides_nothing(
    acme: World, sandbox: Sandbox
) -> None:
    made = payouts.provider(sandbox)
    sandbox.fund("bank", "EURC", "5.00")
    balances.ask_all(clock.now())
    assert ProviderHealth.objects.get(pk=made.pk).balances == {"EUR": "1000000.00"}


def test_the_list_has_room_for_some_balances(acme: World, sandbox: Sandbox, console: Client) -> None:
    payouts.provider(sandbox)
    for currency in ("USD", "GBP", "CHF", "CZK", "PLN"):
        sandbox.fund("bank", currency, "5.00")
    balances.ask_all(clock.now())
    page = shown(console, "/ops/providers/provider/")
    assert "and 2 more" in page
    assert "PLN" not in page


def test_too_little_is_told_of_once_each_time(acme: World, sandbox: Sandbox, console: Client) -> None:
    made = payouts.provider(sandbox, low_balance={"EUR": "1000050.00"})
    for minutes in range(3):
        with later(minutes=minutes):
            balances.ask_all(clock.now())
    [told] = alarms()
    assert (told["balance"], told["least"], told["because"]) == ("1000000.00", "1000050.00", "limit")
    assert "sandbox-bank runs out of it" in shown(console, "/ops/")
    page = shown(console, page_of(made))
    assert "that should be there" in page
    sandbox.fund("bank", "EUR", "100.00")
    balances.ask_all(clock.now())
    assert "runs out of" not in shown(console, "/ops/")
    done("providers.set_provider", **given(sandbox, low_balance={"EUR": "2000000.00"}))
    balances.ask_all(clock.now())
    assert len(alarms()) == 2


def given(sandbox: Sandbox, **more: Any) -> dict[str, Any]:
    """What sets the sandbox's bank up."""
    return {
        "name": "sandbox-bank",
        "title": "Bank",
        "base_url": sandbox.url,
        "options": {"desk": "bank"},
        **more,
    }


def test_two_days_of_outflow_should_be_there(acme: World, sandbox: Sandbox) -> None:
    payouts.provider(sandbox, low_balance={"EUR": "10.00"})
    paid(acme, "333000.00")
    balances.ask_all(clock.now())
    assert alarms() == []
    paid(acme, "1000.00")
    balances.ask_all(clock.now())
    [told] = alarms()
    assert (told["balance"], told["least"], told["because"]) == ("666000.00", "668000.00", "outflow")
    with later(days=2):
        balances.ask_all(clock.now())
    assert ProviderHealth.objects.get(provider__name="sandbox-bank").low == {}


def test_pages_take_as_many_queries_however_much_there_is(
    acme: World, sandbox: Sandbox, console: Client
) -> None:
    made = payouts.provider(sandbox)
    paid(acme)
    balances.ask_all(clock.now())
    before = [counted(console, page) for page in (LIST, page_of(made))]
    for name in ("other", "third"):
        payouts.provider(sandbox, name=name)
        done(
            "providers.set_routing_rule",
            name=name,
            providers=[name, "sandbox-bank"],
            conditions=[{"fact": "kind", "op": "eq", "value": "x"}],
        )
        paid(acme)
    balances.ask_all(clock.now())
    assert [counted(console, page) for page in (LIST, page_of(made))] == before
