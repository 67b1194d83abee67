"""Payouts in files: kept until the cut-off, cut once, handed over, told of, booked and returned; exact balances."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.providers.models import InboundMessage, RailFile, RailPayment
from apps.providers.queries import routing
from tests.support.door import balance
from tests.support.files import bankfile, cut, hand_over, statuses, told_by
from tests.support.inbound import hook_up
from tests.support.payouts import pay_out, recipient, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def bank(sandbox: Sandbox, live_server: Any) -> Sandbox:
    """The sandbox, whose bank for files reports to a real server of ours."""
    hook_up(sandbox, live_server.url)
    return sandbox


class TestLife:
    def test_is_booked_from_the_statement(self, acme: World, wallet: str, bank: Sandbox) -> None:
        provider = bankfile(bank)
        made = pay_out(acme, wallet, recipient(acme))["transfer"]
        work()
        assert (status(made), statuses(provider)) == ("provider_processing", ["waiting"])
        assert parts(wallet) == ("60.00", "40.00")
        [file] = cut(provider)
        assert (file.count, file.money.decimal, file.status, statuses(provider)) == (1, "40.00", "made", ["in_file"])
        hand_over()
        file.refresh_from_db()
        assert file.status == "taken"
        told_by(bank)
        assert [each.why for each in InboundMessage.objects.order_by("pk")] == []
        assert (status(made), statuses(provider)) == ("completed", ["booked"])
        assert parts(wallet) == ("60.00", "0.00")
        assert balance("provider:sandbox-bankfile", book="acme") == "-40.00"
        [order] = bank.truth()["order"]
        assert (order["status"], order["amount"], order["desk"]) == ("completed", "40.00", "bankfile")
