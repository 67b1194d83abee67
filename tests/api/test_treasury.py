"""Treasury is read by operators' keys, and is nobody else's to see."""

from collections.abc import Iterator

import pytest

from tests.api.conftest import Client
from tests.support.door import done, eur
from tests.treasury.keeping import MAIN, PAYOUTS, due, filled, let_time_run, rule

PATHS = ("platform/treasury", "sweep-rules", "sweep-executions", "sweep-instructions")


@pytest.fixture(autouse=True)
def time_runs_afterwards() -> Iterator[None]:
    """Whatever a test let pass."""
    yield
    let_time_run()


@pytest.mark.parametrize("path", PATHS)
def test_a_tenants_key_sees_none_of_it(client: Client, path: str) -> None:
    answer = client.get(f"/v1/{path}")
    assert (answer.status_code, answer.json()["code"]) == (403, "AUTHORIZATION_FAILED")


def test_rules_and_what_came_of_them(operator: Client) -> None:
    filled(MAIN, "3000.00"), filled(PAYOUTS, "400.00")
    first = rule()
    [execution] = due(first)
    done("treasury.stop_sweep_rule", rule=first.pk, reason="by hand now")
    second = rule(floor=eur("10.00"))
    both = operator.get("/v1/sweep-rules").json()["items"]
    assert [(each["id"], each["version"]) for each in both] == [(second.pk, 2), (first.pk, 1)]
    [kept] = operator.get("/v1/sweep-rules", params={"in_force": "true"}).json()["items"]
    assert kept == operator.get(f"/v1/sweep-rules/{second.pk}").json()
    assert (kept["book"], kept["account"], kept["counter_account"]) == ("platform", PAYOUTS, MAIN)
    assert (kept["floor"], kept["target"], kept["minimum"]) == (eur("10.00"), eur("5000.00"), eur("10.00"))
    assert (kept["at"], kept["every_minutes"], kept["instructs"]) == (None, 5, False)
    [shown] = operator.get("/v1/sweep-executions", params={"rule": first.pk}).json()["items"]
    assert shown["id"] == execution.pk
    assert (shown["status"], shown["why"]) == ("short", "lacking")
    assert (shown["balance"], shown["counter_balance"]) == (eur("400.00"), eur("3000.00"))
    assert (shown["asked"], shown["amount"]) == (eur("4600.00"), eur("3000.00"))
    assert shown["entry"] == execution.entry_id
    assert operator.get("/v1/sweep-executions", params={"status": "done"}).json()["items"] == []


def test_what_people_are_to_move(operator: Client) -> None:
    filled("bank:ing", "9000.00"), filled("bank:other", "400.00")
    [execution] = due(rule("bank:other", "bank:ing"))
    [shown] = operator.get("/v1/sweep-instructions", params={"status": "open"}).json()["items"]
    assert (shown["giver"], shown["taker"], shown["amount"]) == ("bank:ing", "bank:other", eur("4600.00"))
    assert shown["execution"] == execution.pk
    assert operator.get(f"/v1/sweep-instructions/{shown['id']}").json() == shown


def test_positions_as_the_page_has_them(operator: Client) -> None:
    filled(MAIN, "3000.00"), filled(PAYOUTS, "400.00")
    filled("provider:bank", "70.00")
    given = {"title": "A bank", "base_url": "https://bank.example", "secret": "s"}
    done("providers.set_provider", name="bank", low_balance={"EUR": "100.00"}, **given)
    kept = rule()
    shown = operator.get("/v1/platform/treasury").json()
    assert shown["banks"] == [
        {"account": MAIN, "currency": "EUR", "books": eur("3000.00"), "rule": None, "missing": None},
        {
            "account": PAYOUTS,
            "currency": "EUR",
            "books": eur("400.00"),
            "rule": kept.pk,
            "missing": eur("600.00"),
        },
    ]
    [at] = shown["providers"]
    assert (at["provider"], at["currency"], at["says"], at["said_at"]) == ("bank", "EUR", None, None)
    assert (at["books"], at["reserved"], at["left"]) == (eur("70.00"), eur("0.00"), eur("70.00"))
    assert (at["least"], at["missing"]) == (eur("100.00"), None)
    assert (shown["due"], shown["unrouted"]) == ([], [])


def test_what_is_due_by_day(operator: Client, acme: object) -> None:
    from apps.accounts.models import Wallet

    wallet = Wallet.objects.filter(currency="EUR").earliest("id").pk
    done("transfers.hold_rolling_reserve", wallet=wallet, amount=eur("5.00"), days=2, reason="new")
    [shown] = operator.get("/v1/platform/treasury").json()["due"]
    assert (shown["provider"], shown["amount"], shown["is_overdue"]) == (None, eur("5.00"), False)
