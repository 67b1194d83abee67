"""What moves a wallet's money at once can be held for other people, and runs as it was asked for once they agree."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.utils import ProgrammingError

from apps.core import clock
from apps.operations import isolation
from apps.operations.facts import told_by
from apps.operations.isolation import Circle
from apps.operations.models import ApprovalPolicy, ApprovalRequest, Event, Operation
from apps.operations.registry import find
from apps.transfers.tasks import release_reserves
from tests.rates.making import loaded
from tests.support import payouts
from tests.support.books import assert_balanced
from tests.support.door import done, eur, person, run
from tests.support.payouts import later, pay_out, recipient
from tests.support.policies import agrees, policy
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, available, world

pytestmark = pytest.mark.usefixtures("ledger_db")


def inputs(wallet: str, other: str) -> dict[str, dict[str, Any]]:
    """Each command that takes 40.00 out of what a wallet has available."""
    return {
        "transfers.create_transfer": {"from_wallet": wallet, "to_wallet": other, "amount": eur("40.00")},
        "transfers.place_hold": {"wallet": wallet, "amount": eur("40.00"), "reason": "card"},
        "transfers.hold_in_escrow": {"wallet": wallet, "amount": eur("40.00")},
        "transfers.hold_rolling_reserve": {
            "wallet": wallet,
            "amount": eur("40.00"),
            "days": 30,
            "reason": "new",
        },
        "ledger.place_hold": {
            "book": "acme",
            "account": f"wallet:{wallet}:available",
            "held_account": f"wallet:{wallet}:held",
            "amount": eur("40.00"),
            "reason": "court order",
        },
    }


@pytest.mark.parametrize("command", inputs("", ""))
def test_it_waits_and_then_runs_as_it_was_asked_for(acme: World, command: str) -> None:
    wallet = acme.funded("100.00")
    data = inputs(wallet, acme.wallet())[command]
    policy(
        command,
        {"fact": "amount", "op": "gte", "value": "40"},
        {"fact": "tenant", "op": "eq", "value": acme.tenant},
    )
    fin, ann = person("fin@example.com", "finance", "operator"), person("ann@example.com", "approver")
    small = run(command, actor=fin, **{**data, "amount": eur("39.99")}).or_raise()
    assert (small.accepted, available(wallet)) == (True, "60.01")
    outcome = run(command, actor=fin, **{**data, "amount": eur("40.00")}).or_raise()
    assert (outcome.status, available(wallet)) == ("pending_approval", "60.01")
    agrees(ann, outcome.approval_request_id).or_raise()
    assert ApprovalRequest.objects.get(pk=outcome.approval_request_id).status == "applied"
    assert available(wallet) == "20.01"
    kept = Operation.objects.filter(command=command, origin="internal").values_list("facts", flat=True)
    assert [each[command].keys() for each in kept] == [told_by(find(command))] * 2
    assert_balanced()


def test_a_tenants_program_is_held_as_well_and_nobody_there_is_our_alarm(acme: World) -> None:
    wallet, other = acme.funded("100.00"), acme.wallet()
    policy("transfers.create_transfer", {"fact": "actor_kind", "op": "eq", "value": "api_key"})
    given = inputs(wallet, other)["transfers.create_transfer"]
    outcome = run("transfers.create_transfer", actor=acme.key, **given)
    assert (outcome.status, available(wallet)) == ("pending_approval", "100.00")
    alarm = Event.objects.get(type="alert.raised")
    assert (alarm.subject, alarm.book.slug) == (outcome.approval_request_id, "platform")
    assert alarm.operation_id == outcome.operation_id
    with isolation.bound(Circle(acme.book.pk, frozenset())):
        assert not Event.objects.filter(subject=outcome.approval_request_id).exists()
        assert ApprovalRequest.objects.get().nobody_eligible


def test_so_it_is_where_only_the_sending_waits(acme: World, sandbox: Sandbox) -> None:
    payouts.provider(sandbox)
    policy("transfers.open_sending")
    made = pay_out(acme, acme.funded("100.00"), recipient(acme), actor=acme.key)
    alarm = Event.objects.get(type="alert.raised")
    assert (alarm.subject, alarm.book.slug) == (made["approval_request"], "platform")
    assert Event.objects.get(type="transfer.awaiting_approval").book_id == acme.book.pk


def test_a_release_by_itself_is_asked_for_once_and_runs_when_it_is_agreed_to(acme: World) -> None:
    wallet = acme.funded("100.00")
    done("transfers.hold_rolling_reserve", wallet=wallet, amount=eur("40.00"), days=1, reason="new")
    policy("transfers.release_rolling_reserve")
    ann = person("ann@example.com", "approver")
    for days in (2, 3, 4):
        with later(days=days):
            release_reserves()
    [asked] = ApprovalRequest.objects.all()
    assert available(wallet) == "60.00"
    agrees(ann, asked.pk).or_raise()
    assert available(wallet) == "100.00"


class TestTenantAndCurrency:
    """Of what is posted in several books or currencies."""

    def told(self, command: str) -> Any:
        """The facts of the latest run."""
        return Operation.objects.filter(command=command).latest("id").facts[command]

    def test_between_tenants_it_is_the_one_that_pays(self, acme: World) -> None:
        bloom = world("bloom")
        wallet, other = acme.funded("100.00"), bloom.wallet()
        data = {"from_wallet": wallet, "to_wallet": other, "amount": eur("40.00")}
        made = done("transfers.create_transfer", actor=acme.key, **data)
        assert self.told("transfers.create_transfer")["tenant"] == acme.tenant
        done("transfers.reverse_transfer", transfer=made["transfer"], reason="twice")
        assert self.told("transfers.reverse_transfer")["tenant"] == bloom.tenant

    def test_of_a_conversion_it_is_what_the_wallet_pays(self, acme: World) -> None:
        loaded({(clock.now().date() - timedelta(days=1)).isoformat(): {"USD": "1.0500"}})
        euros, dollars = acme.funded("100.00"), acme.wallet("USD")
        sold, bought = eur("100.00"), {"amount": "110.00", "currency": "USD"}
        done("transfers.book_conversion", from_wallet=euros, to_wallet=dollars, sold=sold, bought=bought)
        told = self.told("transfers.book_conversion")
        assert (told["currency"], told["amount"], told["amount_usd"]) == ("EUR", "100.00", "110.00")

    def test_play_money_is_told_whoever_pays(self, acme: World) -> None:
        wallet, other = acme.wallet(test=True), acme.wallet(test=True)
        done("ledger.open_account", book=acme.test_book.slug, address="bank:ing", currency="EUR")
        done("transfers.post_pay_in", wallet=wallet, amount=eur("5.00"), from_account="bank:ing")
        done("transfers.create_transfer", from_wallet=wallet, to_wallet=other, amount=eur("5.00"))
        told = self.told("transfers.create_transfer")
        assert (told["tenant"], told["test"]) == (acme.test_tenant, True)


def test_tenants_do_not_read_policies(acme: World) -> None:
    policy("transfers.create_transfer")
    circle = Circle(acme.book.pk, frozenset())
    with pytest.raises(ProgrammingError, match="permission denied"), isolation.bound(circle):
        list(ApprovalPolicy.objects.all())
