"""Who executes what: what adapters can pay to at all, and what a rule may ask."""

from typing import Any

import pytest

from apps.core import clock
from apps.core.money import Money
from apps.providers.models import Provider
from apps.providers.queries import routing
from tests.support.door import done, refused, run

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def providers(ledger_db: None) -> None:
    """One of each adapter, the banks that take files first."""
    for place, adapter in enumerate(("bankfile", "ach", "stripe", "sandbox")):
        Provider.objects.create(
            name=adapter,
            title=adapter,
            adapter=adapter,
            priority=place,
            created_at=clock.now(),
            changed_at=clock.now(),
        )
    routing.forget()


def chosen(recipient_kind: str, amount: str = "100.00") -> str:
    """The provider to which a payout would go."""
    facts = {"recipient_kind": recipient_kind, "receives": "", "tenant": None}
    wanted = routing.Wanted("payout", Money.parse(amount, "EUR"), facts=facts)
    found = routing.route(wanted, now=clock.now()).provider
    return found.name if found else ""


def rule(*conditions: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {"name": "Cards", "conditions": [*conditions], "providers": ["stripe"]} | given


@pytest.mark.usefixtures("providers")
class TestRecipients:
    @pytest.mark.parametrize(
        ("kind", "expected"),
        [("bank_account", "bankfile"), ("card", "stripe"), ("crypto_address", "sandbox")],
    )
    def test_are_paid_by_who_can_pay_to_such(self, kind: str, expected: str) -> None:
        assert chosen(kind) == expected

    def test_that_nobody_can_pay_to_have_no_route(self) -> None:
        Provider.objects.filter(adapter="sandbox").delete()
        routing.forget()
        wanted = routing.Wanted(
            "payout", Money.parse("1.00", "EUR"), facts={"recipient_kind": "crypto_address"}
        )
        found = routing.route(wanted, now=clock.now())
        assert (found.provider, found.possible) == (None, False)
        assert {each.unfit for each in found.considered} == {"pays to no crypto_address"}

    def test_may_be_asked_by_a_rule(self) -> None:
        card = {"fact": "recipient_kind", "op": "eq", "value": "card"}
        done("providers.set_routing_rule", **rule(card, providers=["sandbox"]))
        routing.forget()
        assert (chosen("card"), chosen("bank_account")) == ("sandbox", "bankfile")


@pytest.mark.usefixtures("providers")
class TestWrongInput:
    @pytest.mark.parametrize(
        ("condition", "field"),
        [
            ({"fact": "colour", "op": "eq", "value": "red"}, "fact"),
            ({"fact": "currency", "op": "gte", "value": "5"}, "op"),
            ({"fact": "amount", "op": "gte", "value": "5k"}, "value"),
        ],
    )
    def test_of_a_rule_is_refused_where_it_is_wrong(self, condition: dict[str, Any], field: str) -> None:
        outcome = run("providers.set_routing_rule", **rule(condition))
        assert outcome.error
        details: Any = outcome.error.details
        assert [*details["fields"]["conditions"]["0"]] == [field]

    def test_of_a_provider_names_no_kind_that_there_is_not(self) -> None:
        assert refused("providers.set_provider", name="new", title="New", kinds=["payot"]) == "INPUT_INVALID"
