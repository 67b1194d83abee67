"""The treasury page: what is where, what is reserved and due, what runs low, and the sweep rules with what came of them."""

import html
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.core import clock
from apps.core.money import Money
from apps.providers.services import balances
from apps.treasury.models import SweepExecution, SweepInstruction
from apps.treasury.queries.figures import figures
from apps.treasury.services.verifying import verify
from tests.console.test_transfers import counted
from tests.support import payouts
from tests.support.door import done, eur
from tests.support.payouts import later, pay_out, recipient, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World
from tests.treasury.keeping import MAIN, PAYOUTS, due, filled, let_time_run, pass_to, rule

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/ops/treasury/"


@pytest.fixture(autouse=True)
def time_runs_afterwards() -> Iterator[None]:
    """Whatever a test let pass."""
    yield
    let_time_run()


@pytest.fixture
def finance(make_user: Callable[..., User]) -> Client:
    """A browser in which somebody of finance is signed in, who is an operator, too."""
    client = Client()
    client.force_login(make_user("operator", "finance", email="fin@example.com"))
    return client


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return html.unescape(answer.content.decode())


def test_an_empty_page_says_what_stands_there(platform: Any, console: Client) -> None:
    said = shown(console, PAGE)
    for words in (
        "No provider holds money",
        "no account at a bank",
        "Nothing is under way",
        "Nobody is to move anything",
        "No account is kept by a rule",
        "it has not happened yet",
    ):
        assert words in said, words


def test_what_a_provider_has_what_is_reserved_and_what_is_missing(
    acme: World, sandbox: Sandbox, finance: Client
) -> None:
    payouts.provider(sandbox, low_balance={"EUR": "1000050.00"})
    wallet = acme.funded("90000.00")
    pay_out(acme, wallet, recipient(acme), amount="700.00")
    work()
    pay_out(acme, wallet, recipient(acme), amount="41.00", reference="waits")
    balances.ask_all(clock.now())
    done("transfers.hold_rolling_reserve", wallet=wallet, amount=eur("30.00"), days=3, reason="disputes")
    done("transfers.hold_rolling_reserve", wallet=wallet, amount=eur("30.00"), days=9, reason="disputes")
    found = figures(clock.now())
    [one] = found.providers
    assert (one.says, one.books) == (Money.parse("999300.00", "EUR"), Money.parse("0.00", "EUR"))
    assert (one.reserved, one.missing) == (Money.parse("700.00", "EUR"), Money.parse("750.00", "EUR"))
    assert (one.left, one.difference) == (Money.parse("-700.00", "EUR"), one.says)
    assert found.unrouted == [Money.parse("41.00", "EUR")]
    assert {(each.provider, each.amount.decimal, each.is_overdue) for each in found.due} == {
        ("sandbox-bank", "700.00", False),
        ("", "41.00", False),
        (None, "30.00", False),
    }
    assert figures(clock.now() - timedelta(days=10)).due == []
    with later(days=5):
        assert {each.is_overdue for each in figures(clock.now()).due if each.day} == {True, False}
    said = shown(finance, PAGE)
    for words in ("are missing", "rolling reserves released", "bank:ing", "through sandbox-bank"):
        assert words in said, words
    assert "/ops/do/transfers.fund_bank_account/?bank=ing&amount.currency=EUR" in said


def test_rules_lead_to_their_forms_and_what_came_of_them(platform: Any, finance: Client) -> None:
    filled(MAIN, "2000.00")
    filled(PAYOUTS, "200.00")
    filled("bank:abn", "300.00")
    filled("pool:gps", "0.00")
    kept = rule()
    by_people = rule("bank:abn", filled("bank:kbc", "9000.00"), confirm_within=1)
    rule("pool:gps", "bank:abn", minimum=eur("9000.00"))
    [short] = due(kept)
    [instructed] = SweepExecution.objects.filter(rule=by_people)
    [told] = SweepInstruction.objects.filter(rule=by_people)
    said = shown(finance, PAGE)
    for words in (
        f"/ops/do/treasury.confirm_sweep/?instruction={told.pk}",
        f"/ops/do/treasury.cancel_sweep/?instruction={told.pk}",
        f"/ops/do/treasury.stop_sweep_rule/?rule={kept.pk}",
        "/ops/do/transfers.top_up_pool/?pool=gps&amount.amount=1000.00&amount.currency=EUR",
        "/ops/do/transfers.fund_bank_account/?bank=abn&amount.amount=700.00",
        "floor.amount=1000.00&floor.currency=EUR",
        "Short",
        "Instructed",
    ):
        assert words in said, words
    assert shown(finance, f"/ops/do/treasury.confirm_sweep/?instruction={told.pk}")
    for address, words in {
        f"/ops/treasury/sweeprule/{kept.pk}/": "posting at once",
        f"/ops/treasury/sweeprule/{by_people.pk}/": "people, who confirm it within 1 h",
        "/ops/treasury/sweeprule/": "In force",
        f"/ops/treasury/sweepexecution/{short.pk}/": "The counter account lacks it",
        f"/ops/treasury/sweepexecution/{instructed.pk}/": "To be moved",
        "/ops/treasury/sweepexecution/": "Short",
        f"/ops/treasury/sweepexecution/?rule={by_people.pk}": "Instructed",
        "/ops/treasury/sweepexecution/as/csv/": "Counter balance",
    }.items():
        answer = finance.get(address)
        body = b"".join(answer) if answer.streaming else answer.content
        assert words in html.unescape(body.decode()), address
    done("treasury.confirm_sweep", instruction=told.pk, bank_reference="ING-9")
    assert "ING-9" in shown(finance, f"/ops/treasury/sweepexecution/{instructed.pk}/")
    assert "/ops/treasury/sweepexecution/" + instructed.pk in shown(finance, f"/ops/search/?s={told.pk}")


def test_a_refused_sweep_says_why(platform: Any, console: Client) -> None:
    filled(MAIN, "2000.00")
    filled(PAYOUTS, "200.00")
    kept = rule()
    given = {"book": "platform", "account": MAIN, "currency": "EUR", "direction": "both"}
    done("ledger.freeze_account", **given, reason="court")
    [refused] = due(kept)
    assert "ACCOUNT_FROZEN" in shown(console, f"/ops/treasury/sweepexecution/{refused.pk}/")


def test_the_overview_and_the_page_tell_of_what_is_late_or_differs(platform: Any, console: Client) -> None:
    filled(MAIN, "2000.00")
    filled("bank:abn", "300.00")
    kept = rule("bank:abn", MAIN, confirm_within=1)
    due(kept)
    assert "not confirmed in time" not in shown(console, "/ops/")
    pass_to(SweepInstruction.objects.get().confirm_by)
    assert "sweep is not confirmed in time" in shown(console, "/ops/")
    assert "Late" in shown(console, PAGE)
    verify(clock.now())
    assert "differ from their rules" in shown(console, "/ops/")
    assert "was not executed for" in shown(console, PAGE)


def test_it_takes_as_many_queries_however_much_stands_there(
    acme: World, sandbox: Sandbox, finance: Client
) -> None:
    wallet = acme.funded("9000.00")
    filled(MAIN, "90000.00")

    def add(number: int) -> None:
        payouts.provider(sandbox, name=f"bank-{number}")
        filled(f"bank:b{number}", "5.00")
        filled(f"bank:ing:b{number}", "5.00")
        due(rule(f"bank:b{number}", MAIN))
        due(rule(f"bank:ing:b{number}", MAIN))
        pay_out(acme, wallet, recipient(acme))

    add(1)
    balances.ask_all(clock.now())
    before = counted(finance, PAGE)
    add(2)
    add(3)
    balances.ask_all(clock.now())
    assert counted(finance, PAGE) == before


def test_who_may(platform: Any, console: Client) -> None:
    assert Client().get(PAGE).status_code == 302
    assert console.post(PAGE).status_code == 403
    filled(MAIN, "2000.00")
    filled("bank:abn", "300.00")
    due(rule("bank:abn", MAIN))
    said = shown(console, PAGE)
    assert "/ops/do/treasury." not in said
    assert "/ops/do/transfers." not in said
