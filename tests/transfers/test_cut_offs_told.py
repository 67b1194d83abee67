"""The next cut-off is told before somebody says yes to a price, and the sandbox's banks for files are set up."""

import pytest
from django.test import override_settings

from apps.accounts import sandbox as desks
from apps.core import clock
from apps.core.money import Money
from apps.providers.models import Provider
from apps.providers.queries import cut_offs, routing
from tests.support import payouts
from tests.support.files import bankfile
from tests.support.payouts import pay_out, recipient
from tests.support.sandbox import KEY, SECRET, Sandbox
from tests.support.tenants import World

pytestmark = pytest.mark.usefixtures("ledger_db")


def test_a_price_tells_the_next_cut_off(acme: World, wallet: str, sandbox: Sandbox) -> None:
    provider = bankfile(sandbox)
    before = clock.now()
    priced = pay_out(acme, wallet, recipient(acme), confirm=False)
    told = cut_offs.next_cut_off(provider, before)
    assert told
    assert priced["next_cut_off"] == clock.written(told)
    assert priced["expected_at"] > priced["next_cut_off"] > clock.written(before)


def test_who_has_none_tells_none(acme: World, wallet: str, sandbox: Sandbox) -> None:
    payouts.provider(sandbox)
    assert pay_out(acme, wallet, recipient(acme))["next_cut_off"] is None


def test_the_sandboxs_banks_for_files_carry_large_payouts_alone(sandbox: Sandbox) -> None:
    known = {"SANDBOX_URL": sandbox.url, "SANDBOX_KEY": KEY, "SANDBOX_WEBHOOK_SECRET": SECRET}
    with override_settings(**known):
        desks.connect()
        changed = set(Provider.objects.values_list("changed_at", flat=True))
        desks.connect()
    assert set(Provider.objects.values_list("changed_at", flat=True)) == changed
    routing.forget()
    found = {}
    for amount, currency, country in (
        ("49999.99", "EUR", "DE"),
        ("50000.00", "EUR", "DE"),
        ("50000.00", "USD", "US"),
        ("50000.00", "USD", "DE"),
    ):
        wanted = routing.Wanted("payout", Money.parse(amount, currency), country, play=True)
        chosen = routing.route(wanted, now=clock.now()).provider
        found[amount, currency, country] = chosen.name if chosen else ""
    assert list(found.values()) == ["sandbox-bank", "sandbox-bankfile", "sandbox-ach", "sandbox-bank"]
