"""Workers share endpoints: each has one for itself, until its lease ends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from apps.core import clock
from apps.operations import sequencer
from apps.webhooks.client import Sent
from apps.webhooks.dispatch.desk import Desk, Done, Work
from apps.webhooks.dispatch.dispatcher import Dispatcher
from apps.webhooks.dispatch.lines import LEASE, Line
from apps.webhooks.models import Attempt, Delivery, Failure
from apps.webhooks.models import Line as Stored
from tests.support.hooked import Receiver
from tests.support.tenants import World
from tests.support.webhooks import deliver, endpoint, happens, statuses

pytestmark = pytest.mark.usefixtures("ledger_db")

OTHERS = "https://hooks.example.com/in"


def due(desk: Desk, line: Line) -> list[Work]:
    """What a worker would send now."""
    now = clock.now()
    desk.match([line], now)
    return desk.due({line.endpoint: 8}, {line.endpoint: line}, now)


def done(work: Work, failure: Failure = Failure.NONE) -> Done:
    """A message that was sent."""
    sent = Sent(failure, 0.1, status=500 if failure else 200, address="127.0.0.1")
    return Done(work, sent, clock.now(), {}, "http://127.0.0.1/")


class TestTaking:
    def test_two_workers_at_once_never_take_the_same(self, acme: World) -> None:
        for _ in range(20):
            endpoint(acme, OTHERS)
        happens(acme)
        sequencer.sequence()
        taken: list[list[Line]] = []
        together = threading.Barrier(2)

        def take(name: str) -> None:
            together.wait()
            taken.append(Desk(name).take(15, clock.now()))
            connection.close()

        threads = [threading.Thread(target=take, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken.append(Desk("three").take(100, clock.now()))
        found = [line.endpoint for lines in taken for line in lines]
        assert len(found) == len(set(found)) == 20

    def test_nothing_is_taken_for_which_there_is_nothing_to_do(self, acme: World) -> None:
        endpoint(acme, OTHERS, types=["customer.created"])
        sequencer.sequence()
        desk = Desk("one")
        lines = desk.take(10, clock.now())
        for line in lines:
            assert due(desk, line) == []
        desk.give_back(lines)
        assert desk.take(10, clock.now()) == []

    def test_what_one_held_that_died_another_takes_after_the_lease(self, acme: World) -> None:
        endpoint(acme, OTHERS)
        happens(acme)
        sequencer.sequence()
        now = clock.now()
        [first] = Desk("one").take(10, now)
        assert Desk("two").take(10, now + LEASE - timedelta(seconds=1)) == []
        [second] = Desk("two").take(10, now + LEASE)
        assert second.lease == first.lease + 1

    def test_a_lease_is_renewed_while_its_worker_lives(self, acme: World) -> None:
        endpoint(acme, OTHERS)
        happens(acme)
        sequencer.sequence()
        desk, now = Desk("one"), clock.now()
        lines = desk.take(10, now)
        desk.renew(lines, now + LEASE / 2)
        assert Desk("two").take(10, now + LEASE) == []


class TestFencing:
    @contextmanager
    def overtaken(self, acme: World) -> Iterator[tuple[Desk, Work]]:
        """A worker with a message on its way, whose endpoint another has taken meanwhile."""
        endpoint(acme, OTHERS, types=["wallet.created"])
        happens(acme)
        sequencer.sequence()
        desk, now = Desk("one"), clock.now()
        [line] = desk.take(10, now)
        [work] = due(desk, line)
        [_] = Desk("two").take(10, now + LEASE)
        yield desk, work

    def test_a_failure_of_one_that_was_overtaken_does_not_count(self, acme: World) -> None:
        with self.overtaken(acme) as (desk, work):
            desk.record([done(work, Failure.REFUSED)], clock.now())
        assert Delivery.objects.values_list("status", "attempts").get() == ("pending", 0)
        assert Stored.objects.get().failures == 0

    def test_that_it_was_accepted_does(self, acme: World) -> None:
        with self.overtaken(acme) as (desk, work):
            desk.record([done(work)], clock.now())
        assert Delivery.objects.values_list("status", "attempts").get() == ("delivered", 1)

    def test_what_was_accepted_is_not_undone_by_whoever_sent_it_too(self, acme: World) -> None:
        with self.overtaken(acme) as (desk, work):
            desk.record([done(work)], clock.now())
            desk.record([done(replace(work), Failure.TIMEOUT)], clock.now())
        assert Delivery.objects.get().status == "delivered"

    def test_one_that_was_overtaken_knows_when_it_looks(self, acme: World) -> None:
        with self.overtaken(acme) as (desk, work):
            desk.look({work.line.endpoint: work.line}, clock.now())
        assert work.line.is_lost
        assert work.line.room(clock.now()) == 0


class TestLanes:
    def test_a_lane_that_a_crash_has_left_goes_on(self, acme: World, receiver: Receiver) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.created"])
        happens(acme)
        sequencer.sequence()
        desk, now = Desk("one"), clock.now()
        lines = desk.take(10, now)
        desk.match(lines, now)
        desk.give_back(lines)
        Delivery.objects.update(status="queued", next_attempt_at=None)
        happens(acme)
        deliver()
        assert [each[1] for each in statuses(made["endpoint"])] == ["delivered", "delivered"]

    def test_a_rate_is_kept(self, acme: World, receiver: Receiver) -> None:
        endpoint(acme, receiver.url, types=["wallet.created"], per_second=1)
        for _ in range(5):
            happens(acme)
        deliver()
        assert len(receiver.received) <= 2

    def test_so_many_and_no_more_are_on_their_way(self, acme: World) -> None:
        endpoint(acme, OTHERS, types=["wallet.created"], most_at_once=3)
        for _ in range(10):
            happens(acme)
        sequencer.sequence()
        desk, now = Desk("one"), clock.now()
        [line] = desk.take(10, now)
        desk.match([line], now)
        line.window = 64
        works = desk.due({line.endpoint: line.room(now)}, {line.endpoint: line}, now)
        assert len(works) == 3
        for work in works:
            line.begin(work.delivery)
        assert line.room(now) == 0


class TestWritingDown:
    def test_what_the_database_does_not_take_keeps_nothing_else_waiting(self, acme: World) -> None:
        made = endpoint(acme, OTHERS, types=["wallet.created"])
        for _ in range(3):
            happens(acme)
        sequencer.sequence()
        dispatcher, now = Dispatcher("test"), clock.now()
        desk = Desk("test")
        [line] = desk.take(10, now)
        results = [done(work) for work in due(desk, line)]
        results[1] = replace(results[1], sent=replace(results[1].sent, headers={"X": "a\0b"}))
        dispatcher._unwritten = results
        dispatcher._record(now)
        assert [each[1] for each in statuses(made["endpoint"])] == ["delivered"] * 3
        assert Attempt.objects.filter(answer_headers={}).count() == 3
