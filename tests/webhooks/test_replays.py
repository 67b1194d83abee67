"""Large replays: the policy that ships lets somebody else agree to what would send more than 1,000 messages again."""

import pytest
from django.core.management import call_command

from apps.operations import sequencer
from apps.operations.executor import execute_many
from apps.operations.models import ApprovalRequest, EventPosition
from apps.webhooks.models import Replay
from tests.support.door import person, request, run
from tests.support.receiver import Receiver
from tests.support.tenants import World
from tests.support.webhooks import endpoint, happens

MOST = 1_000
"""Messages that one person may have sent again."""


@pytest.mark.usefixtures("ledger_db")
def test_more_than_a_thousand_wait_for_an_approver(acme: World, receiver: Receiver) -> None:
    call_command("loaddata", "approval_policies", verbosity=0)
    wallet = happens(acme)
    sequencer.sequence()
    made = endpoint(acme, receiver.url, types=["wallet.updated"])["endpoint"]
    named = (
        request("accounts.update_wallet", actor=acme.test_key, wallet=wallet, name=str(number))
        for number in range(MOST + 1)
    )
    assert all(outcome.accepted for outcome in execute_many(named))
    sequencer.sequence()
    places = EventPosition.objects.filter(book=acme.test_book, event__type="wallet.updated")
    first, last = places.order_by("position")[0].position, places.order_by("-position")[0].position
    given = {"endpoint": made, "what": "missing", "reason": "they lost it", "through": last}
    operator = person("op@example.com", "operator")

    asked = run("webhooks.replay_range", actor=operator, after=first - 1, **given)
    assert asked.status == "pending_approval"
    assert ApprovalRequest.objects.get().facts["deliveries"] == MOST + 1
    assert not Replay.objects.exists()

    begun = run("webhooks.replay_range", actor=operator, after=first, **given).or_raise()
    assert (begun.accepted, begun.result["deliveries"]) == (True, MOST)
