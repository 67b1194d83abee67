"""Test environments: their money never becomes real, and real money never theirs."""

import pytest
from django.core.management import call_command

from apps.core import clock
from apps.core.money import Money
from apps.providers.models import Provider
from apps.providers.queries import routing
from apps.transfers.arrivals import Deposit
from tests.support import payouts
from tests.support.door import done, eur, refused
from tests.support.inbound import event, followed, send
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, has, world

pytestmark = pytest.mark.usefixtures("ledger_db")


def test_it_does_not_move_to_a_real_wallet(acme: World) -> None:
    play, real = acme.wallet(test=True), acme.wallet()
    done("transfers.post_pay_in", actor=acme.test_key, wallet=play, amount=eur("50.00"))
    for other in (real, world("umbrella").wallet()):
        given = {"from_wallet": play, "to_wallet": other, "amount": eur("10.00")}
        assert refused("transfers.create_transfer", actor=acme.test_key, **given) == "TEST_AND_LIVE"
    assert (has(play).available.decimal, has(real).available.decimal) == ("50.00", "0.00")
    to = world("hooli").wallet(test=True)
    done(
        "transfers.create_transfer", actor=acme.test_key, from_wallet=play, to_wallet=to, amount=eur("10.00")
    )
    assert has(to).available.decimal == "10.00"


def test_real_money_does_not_move_there(acme: World) -> None:
    given = {"from_wallet": acme.funded("50.00"), "to_wallet": acme.wallet(test=True), "amount": eur("10.00")}
    assert refused("transfers.create_transfer", actor=acme.key, **given) == "TEST_AND_LIVE"


def test_it_is_sent_to_no_provider_that_moves_real_money(acme: World, sandbox: Sandbox) -> None:
    payouts.provider(sandbox)

    def unfit(*, play: bool) -> list[str]:
        routing.forget()
        wanted = routing.Wanted("payout", Money.parse("1.00", "EUR"), play=play)
        return [each.unfit for each in routing.route(wanted, now=clock.now()).considered]

    assert (unfit(play=True), unfit(play=False)) == ([""], [""])
    Provider.objects.update(adapter="a bank's")
    assert (unfit(play=True), unfit(play=False)) == (["moves real money"], [""])
    routing.forget()
    wallet = acme.wallet(test=True)
    done("transfers.post_pay_in", actor=acme.test_key, wallet=wallet, amount=eur("50.00"))
    given = {"kind": "bank_account", "name": "Bo Lind", "currency": "EUR", "details": {"iban": payouts.IBAN}}
    to = done("accounts.create_recipient", tenant=acme.test_tenant, **given)["recipient"]
    asked = {"wallet": wallet, "recipient": to, "amount": eur("10.00")}
    assert refused("transfers.create_payout", actor=acme.test_key, **asked) == "NO_ROUTE"


def test_a_real_deposit_is_never_a_test_environments(acme: World, sandbox: Sandbox) -> None:
    payouts.provider(sandbox, currencies=["EUR"])
    send(event("deposit.received", id="sbd_1", amount="25.00", currency="EUR", reference="rent"))
    followed()
    Provider.objects.update(adapter="a bank's")
    given = {"deposit": Deposit.objects.get().pk, "wallet": acme.wallet(test=True), "reason": "they called"}
    assert refused("transfers.assign_deposit", **given) == "REAL_MONEY"


@pytest.mark.parametrize(("test", "status"), [(True, "processing"), (False, "pending_approval")])
def test_it_waits_for_nobody_where_real_money_does(
    acme: World, sandbox: Sandbox, test: bool, status: str
) -> None:
    call_command("loaddata", "approval_policies", verbosity=0)
    payouts.provider(sandbox)
    wallet = acme.wallet(test=True) if test else acme.funded("50000.00")
    key = acme.test_key if test else acme.key
    if test:
        done("transfers.post_pay_in", actor=key, wallet=wallet, amount=eur("50000.00"))
    given = {"kind": "bank_account", "name": "Bo Lind", "currency": "EUR", "details": {"iban": payouts.IBAN}}
    tenant = acme.test_tenant if test else acme.tenant
    to = done("accounts.create_recipient", tenant=tenant, **given)["recipient"]
    asked = {"wallet": wallet, "recipient": to, "amount": eur("20000.00")}
    assert done("transfers.create_payout", actor=key, **asked)["status"] == status
