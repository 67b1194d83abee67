"""Somebody has seen that a message failed, and nothing is to be done: it needs nobody any more, until it fails again."""

import threading
from dataclasses import asdict
from typing import Any

import pytest
from django.db import IntegrityError, connection

from apps.core import clock
from apps.operations.models import Event, Operation
from apps.operations.run import Outcome
from apps.webhooks.models import Delivery
from apps.webhooks.queries.missing import missing_of
from tests.support.door import code, done, person, refused, run
from tests.support.hooked import Receiver
from tests.support.tenants import World
from tests.support.webhooks import deliver, endpoint, happens

pytestmark = pytest.mark.usefixtures("ledger_db")

ACKNOWLEDGE = "webhooks.acknowledge_deliveries"


@pytest.fixture
def failed(acme: World, receiver: Receiver) -> list[str]:
    """Two deliveries that have failed for good, beside one that was accepted."""
    endpoint(acme, receiver.url, types=["wallet.created"])
    for _ in range(3):
        happens(acme)
    deliver()
    found = [str(each.pk) for each in Delivery.objects.order_by("position")]
    fail(found[:2])
    return found


def fail(deliveries: list[str]) -> None:
    """As a worker writes it down after the fifth attempt."""
    Delivery.objects.filter(pk__in=deliveries).update(
        status="failed", attempts=5, next_attempt_at=None, is_urgent=False, failure="refused",
        delivered_at=None, ended_at=clock.now(),
    )  # fmt: skip


def acknowledged() -> list[str]:
    """Those that somebody has acknowledged."""
    return list(
        Delivery.objects.filter(acknowledged_in__isnull=False)
        .order_by("position")
        .values_list("pk", flat=True)
    )


def test_it_is_kept_who_has_said_so_and_why_and_nobody_is_told(failed: list[str]) -> None:
    events = Event.objects.count()
    ada = person("ada@example.com", "operator")
    told = done(ACKNOWLEDGE, actor=ada, deliveries=failed[:2], reason="The shop was closed.")
    assert told == {"deliveries": sorted(failed[:2]), "reason": "The shop was closed."}
    assert acknowledged() == failed[:2]
    [operation] = {each.acknowledged_in for each in Delivery.objects.filter(pk__in=failed[:2])}
    assert (operation.actor_id, operation.input["reason"]) == (ada.id, "The shop was closed.")
    assert Event.objects.exclude(type__startswith="user.").count() == events


def test_only_what_has_failed_and_each_once(failed: list[str]) -> None:
    first, second, accepted = failed
    given: dict[str, Any] = {"reason": "seen"}
    assert refused(ACKNOWLEDGE, deliveries=[first, accepted], **given) == "WEBHOOK_DELIVERY_NOT_FAILED"
    assert acknowledged() == []
    done(ACKNOWLEDGE, deliveries=[first, first], **given)
    assert refused(ACKNOWLEDGE, deliveries=[second, first], **given) == "WEBHOOK_DELIVERY_ACKNOWLEDGED"
    assert acknowledged() == [first]
    for wrong in ({"reason": ""}, {"reason": "x" * 501}, {"deliveries": []}, {"deliveries": [second] * 501}):
        assert refused(ACKNOWLEDGE, **{"deliveries": [second], **given, **wrong}) == "INPUT_INVALID"


def test_the_same_key_runs_once(failed: list[str]) -> None:
    given: dict[str, Any] = {"deliveries": failed[:1], "reason": "seen", "key": "k-1"}
    done(ACKNOWLEDGE, **given)
    again = run(ACKNOWLEDGE, **given)
    assert (again.replayed, acknowledged()) == (True, failed[:1])
    assert Operation.objects.filter(command=ACKNOWLEDGE).count() == 1


def test_of_two_people_at_once_one_is_first(failed: list[str]) -> None:
    together, outcomes = threading.Barrier(2), list[Outcome]()

    def acknowledge(reason: str) -> None:
        together.wait()
        outcomes.append(run(ACKNOWLEDGE, deliveries=failed[:2], reason=reason))
        connection.close()

    threads = [threading.Thread(target=acknowledge, args=(reason,)) for reason in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(code(each)) for each in outcomes) == ["None", "WEBHOOK_DELIVERY_ACKNOWLEDGED"]


def test_who_may_send_again_may_say_so(failed: list[str]) -> None:
    viewer, operator = person("vi@example.com", "viewer"), person("op@example.com", "operator")
    for name in (ACKNOWLEDGE, "webhooks.retry_deliveries"):
        given = {"deliveries": failed[:1], **({"reason": "seen"} if name == ACKNOWLEDGE else {})}
        assert refused(name, actor=viewer, **given) == "AUTHORIZATION_FAILED"
        done(name, actor=operator, **given)


@pytest.mark.parametrize("way", ["retry", "retry_many", "replay", "enable"])
def test_sent_again_it_counts_anew(acme: World, failed: list[str], way: str) -> None:
    done(ACKNOWLEDGE, deliveries=failed[:2], reason="seen")
    made = str(Delivery.objects.get(pk=failed[0]).endpoint_id)
    if way == "retry":
        done("webhooks.retry_delivery", actor=acme.test_key, delivery=failed[0])
    elif way == "retry_many":
        done("webhooks.retry_deliveries", actor=acme.test_key, deliveries=failed[:1])
    elif way == "replay":
        done("webhooks.replay_range", actor=acme.test_key, endpoint=made, after=0, what="failed", reason="x")
    else:
        done("webhooks.disable_endpoint", endpoint=made, reason="x")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE webhooks_line SET failing_since = now() - interval '1 hour', failures = 9")
        done("webhooks.enable_endpoint", endpoint=made)
    if way in {"replay", "enable"}:
        deliver()
        assert acknowledged() == []
    else:
        assert acknowledged() == failed[1:2]
    deliver()
    assert Delivery.objects.get(pk=failed[0]).status == "delivered"
    fail(failed[:1])
    done(ACKNOWLEDGE, deliveries=failed[:1], reason="seen again")


def test_for_the_tenant_nothing_changes(acme: World, failed: list[str]) -> None:
    before = [asdict(each) for each in missing_of(acme.test_book.pk, 0, 10)]
    assert len(before[0]["events"]) == 2
    done(ACKNOWLEDGE, deliveries=failed[:2], reason="seen")
    assert [asdict(each) for each in missing_of(acme.test_book.pk, 0, 10)] == before


def test_the_database_knows_none_that_has_not_failed(failed: list[str]) -> None:
    done(ACKNOWLEDGE, deliveries=failed[:1], reason="seen")
    with pytest.raises(IntegrityError, match="webhook_delivery_acknowledged_if_failed"):
        Delivery.objects.filter(pk=failed[0]).update(status="delivered")
