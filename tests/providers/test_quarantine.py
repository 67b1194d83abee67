"""What people do about messages that nothing could be made of."""

from typing import Any

import pytest

from apps.operations.models import Event
from apps.providers.models import InboundConflict
from tests.support import payouts
from tests.support.door import done, person, refused
from tests.support.inbound import event, followed, send, stored
from tests.support.payouts import pay_out, recipient, status, work
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, world

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture(autouse=True)
def _provider(ledger_db: Any, sandbox: Sandbox) -> None:
    payouts.provider(sandbox)


def quarantined(name: str = "sbe_1") -> str:
    """A message about something that we never sent."""
    send(event(status="completed"), name)
    followed()
    found = next(each for each in stored() if each.reference == name)
    assert found.status == "quarantined"
    return str(found.pk)


class TestAcknowledging:
    def test_keeps_what_was_wrong_and_why_it_does_not_matter(self) -> None:
        message, ann = quarantined(), person("ann@example.com", "operator")
        done("providers.acknowledge_message", actor=ann, message=message, reason="A test of theirs.")
        [found] = stored()
        assert found.status == "acknowledged"
        assert found.why.endswith("po_1. Acknowledged: A test of theirs.")
        assert refused("providers.acknowledge_message", message=message, reason="x") == "NOT_QUARANTINED"

    def test_needs_the_permission(self) -> None:
        message, bob = quarantined(), person("bob@example.com", "viewer")
        given = {"message": message, "reason": "x"}
        assert refused("providers.acknowledge_message", actor=bob, **given) == "AUTHORIZATION_FAILED"

    def test_a_conflict(self) -> None:
        send(event("order.completed"))
        send(event("order.failed"))
        conflict = str(InboundConflict.objects.get().pk)
        given = {"conflict": conflict, "reason": "They sent a draft."}
        done("providers.acknowledge_conflict", **given)
        found = InboundConflict.objects.get()
        assert (found.status, found.why) == ("acknowledged", "They sent a draft.")
        assert refused("providers.acknowledge_conflict", **given) == "NOT_QUARANTINED"

    def test_what_is_not_there(self) -> None:
        message = quarantined()
        given = {"reason": "x"}
        unknown = message[:-4] + "0000"
        assert refused("providers.acknowledge_message", message=unknown, **given) == "MESSAGE_NOT_FOUND"
        conflict = unknown.replace("inb_", "inc_")
        assert refused("providers.acknowledge_conflict", conflict=conflict, **given) == "MESSAGE_NOT_FOUND"


class TestAgain:
    def test_is_followed_from_the_beginning_and_told_of_again(self) -> None:
        message = quarantined()
        done("providers.redrive_message", message=message)
        [found] = stored()
        assert (found.status, found.tries, found.why) == ("received", 0, "")
        assert followed() == 1
        [found] = stored()
        assert (found.status, found.tries, found.lease) == ("quarantined", 1, 2)
        assert Event.objects.filter(type="alert.raised", subject=message).count() == 2

    def test_all_of_a_provider_but_what_is_not_proven(self) -> None:
        for number in range(3):
            quarantined(f"sbe_{number}")
        send(event(), secret="other")
        result = done("providers.redrive_quarantined", provider="sandbox-bank")
        assert result["messages"] == 3
        assert sorted(each.status for each in stored()) == ["quarantined", *["received"] * 3]
        assert refused("providers.redrive_quarantined", provider="nobody") == "PROVIDER_UNKNOWN"

    def test_what_was_not_proven_once_the_secret_is_right(self, sandbox: Sandbox) -> None:
        acme: World = world("acme")
        payouts.provider(sandbox, webhook_secret="mistyped")
        made = pay_out(acme, acme.funded("100.00"), recipient(acme))
        work()
        [order] = sandbox.truth()["order"]
        assert send(event("order.processing", reference=order["reference"], status="processing")) == 401
        [message] = stored()
        assert refused("providers.redrive_message", message=message.pk) == "MESSAGE_UNPROVEN"
        payouts.provider(sandbox)
        done("providers.redrive_message", message=message.pk)
        followed()
        [message] = stored()
        assert (message.verified, message.reference, message.status) == (True, "sbe_1", "processed")
        assert status(made["transfer"]) in {"provider_processing", "completed"}

    def test_what_came_again_meanwhile_is_not_followed_twice(self, sandbox: Sandbox) -> None:
        payouts.provider(sandbox, webhook_secret="mistyped")
        assert send(event()) == 401
        payouts.provider(sandbox)
        assert send(event()) == 202
        unproven = next(each for each in stored() if not each.verified)
        assert refused("providers.redrive_message", message=unproven.pk) == "NOT_QUARANTINED"

    def test_what_was_followed_is_not_followed_again(self) -> None:
        message = quarantined()
        done("providers.redrive_message", message=message)
        assert refused("providers.redrive_message", message=message) == "NOT_QUARANTINED"
