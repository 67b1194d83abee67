"""What people must hear of is told once, wherever a worker has died."""

import threading
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from apps.core import clock
from apps.operations import sequencer
from apps.operations.models import Event
from apps.webhooks.client import Sent
from apps.webhooks.dispatch.desk import Desk, Done
from apps.webhooks.dispatch.dispatcher import Dispatcher
from apps.webhooks.dispatch.lines import LEASE
from apps.webhooks.models import Delivery, Endpoint, Failure, Line, Trouble
from tests.support.door import done
from tests.support.payouts import later
from tests.support.tenants import World
from tests.support.webhooks import deliver, endpoint, happens

pytestmark = pytest.mark.usefixtures("ledger_db")

OTHERS = "https://hooks.example.com/in"
DEAD = LEASE.total_seconds() + 1
"""Seconds after which it is known that a worker has died."""


@pytest.fixture
def made(acme: World) -> str:
    """An endpoint with two messages, the last attempt at each of which is due."""
    found = str(endpoint(acme, OTHERS, types=["wallet.created"])["endpoint"])
    due(acme)
    due(acme)
    return found


def due(acme: World) -> None:
    """One more message whose last attempt is due."""
    happens(acme)
    sequencer.sequence()
    now = clock.now()
    desk = Desk("before")
    [line] = desk.take(1, now)
    desk.match([line], now)
    desk.give_back([line])
    Delivery.objects.filter(status="pending").update(attempts=4)


def dies_after_writing_down(*statuses: int, failing_since: datetime | None = None) -> None:
    """A worker writes down what came of its messages, and dies before it tells anybody."""
    desk, now = Desk("killed"), clock.now()
    [line] = desk.take(1, now)
    if failing_since:
        line.failures, line.failing_since = 20, failing_since
    works = desk.due({line.endpoint: len(statuses)}, {line.endpoint: line}, now)
    results = [
        Done(work, Sent(Failure.REFUSED, 0.1, status=status, address="127.0.0.1"), now, {}, OTHERS)
        for work, status in zip(works, statuses, strict=True)
    ]
    for each in results:
        line.note(each.work.delivery, each.sent, now)
    desk.record(results, now)


def alarms() -> list[str]:
    """What people were alarmed of."""
    found = Event.objects.filter(type="alert.raised").order_by("ordinal")
    return [each.data["reason"] for each in found]


def test_an_alarm_survives_the_worker_that_was_to_tell_it(made: str) -> None:
    dies_after_writing_down(500)
    assert Delivery.objects.filter(status="failed").count() == 1
    assert (alarms(), Line.objects.get().trouble) == ([], Trouble.FAILED)
    deliver()
    assert alarms() == []  # the endpoint is another's, who may live
    for _ in range(2):
        with later(seconds=DEAD):
            deliver()
        assert alarms() == ["webhooks failed"]
    assert (Line.objects.get().trouble, Line.objects.get().troubled_at) == ("", None)


def test_many_that_fail_in_an_hour_are_one_alarm(acme: World, made: str) -> None:
    dies_after_writing_down(500, 500)
    with later(seconds=DEAD):
        deliver()
        due(acme)
        dies_after_writing_down(500)
    with later(minutes=59):
        deliver()
        assert alarms() == ["webhooks failed"]
    with later(minutes=61):
        due(acme)
        dies_after_writing_down(500)
    for _ in range(2):
        with later(minutes=62):
            deliver()
        assert alarms() == ["webhooks failed"] * 2


def test_the_end_of_one_that_is_gone_survives_as_well(made: str) -> None:
    dies_after_writing_down(500, 410)
    for _ in range(2):
        with later(seconds=DEAD):
            deliver()
        assert alarms() == ["webhook endpoint disabled"]
    found = Endpoint.objects.get(pk=made)
    assert (found.status, found.why_disabled) == ("disabled", "gone")
    assert Event.objects.filter(type="webhook_endpoint.disabled").count() == 1


def test_and_that_of_one_that_failed_for_a_day(made: str) -> None:
    with later(hours=25):
        dies_after_writing_down(500, failing_since=Delivery.objects.first().created_at)  # type: ignore[union-attr]
    assert alarms() == []
    with later(hours=25, seconds=DEAD):
        deliver()
    assert alarms() == ["webhook endpoint disabled"]
    assert Endpoint.objects.get(pk=made).why_disabled == "failing"


def test_two_workers_tell_it_once(made: str) -> None:
    dies_after_writing_down(500)
    together = threading.Barrier(2)

    def tell(name: str) -> None:
        dispatcher = Dispatcher(name)
        together.wait()
        with later(seconds=DEAD):
            dispatcher._tell(clock.now())
        connection.close()

    threads = [threading.Thread(target=tell, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert alarms() == ["webhooks failed"]


def test_what_one_says_that_was_overtaken_alarms_nobody(made: str) -> None:
    desk, now = Desk("overtaken"), clock.now()
    [line] = desk.take(1, now)
    [work] = desk.due({line.endpoint: 1}, {line.endpoint: line}, now)
    [_] = Desk("other").take(1, now + LEASE)
    for status in (500, 410):
        desk.record([Done(work, Sent(Failure.REFUSED, 0.1, status=status), now, {}, OTHERS)], now)
    assert Line.objects.get().trouble == ""


def test_an_alarm_does_not_swallow_that_it_is_gone_by_now(made: str) -> None:
    dies_after_writing_down(500)
    Line.objects.update(trouble=Trouble.GONE)
    done("webhooks.raise_alarm", endpoint=made)
    assert Line.objects.get().trouble == Trouble.GONE
    with later(seconds=DEAD):
        deliver()
    assert alarms() == ["webhooks failed", "webhook endpoint disabled"]


@pytest.mark.parametrize("change", ["update", "disable_and_enable"])
def test_who_has_changed_it_meanwhile_is_not_disabled(acme: World, made: str, change: str) -> None:
    dies_after_writing_down(410)
    given: dict[str, Any] = {"endpoint": made}
    if change == "update":
        done("webhooks.update_endpoint", **given, types=["customer.created"])
    else:
        done("webhooks.disable_endpoint", **given, reason="x")
        done("webhooks.enable_endpoint", **given)
    Delivery.objects.update(status="delivered", next_attempt_at=None)
    with later(seconds=DEAD):
        Dispatcher("other")._tell(clock.now())
    assert Endpoint.objects.get(pk=made).status == "enabled"
    assert (alarms(), Line.objects.get().trouble) == ([], "")
