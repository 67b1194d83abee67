"""Payouts through the whole machine: real provider, real worker, exact balances."""

from typing import Any

import pytest

from tests.support import payouts
from tests.support.door import balance, eur
from tests.support.payouts import later, pay_out, recipient, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, has, world

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def acme(ledger_db: Any) -> World:
    return world("acme")


def parts(wallet: str) -> tuple[str, str]:
    """What is available and what is held."""
    found = has(wallet)
    return found.available.decimal, found.held.decimal


class TestLife:
    def test_is_reserved_sent_and_settled(self, acme: World, sandbox: Sandbox) -> None:
        payouts.provider(sandbox)
        wallet, to = acme.funded("100.00"), recipient(acme)
        made = pay_out(acme, wallet, to, reference="rent")
        assert (made["status"], made["total"], made["fees"]) == ("processing", eur("40.00"), [])
        assert parts(wallet) == ("60.00", "40.00")
        work()
        assert status(made["transfer"]) == "provider_processing"
        sandbox.settle()
        with later(minutes=5):
            work()
            work()
        assert status(made["transfer"]) == "completed"
        assert parts(wallet) == ("60.00", "0.00")
        assert balance("provider:sandbox-bank", book="acme") == "-40.00"
        [order] = sandbox.truth()["order"]
        assert (order["status"], order["amount"]) == ("completed", "40.00")
