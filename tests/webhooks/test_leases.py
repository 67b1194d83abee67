"""Workers share endpoints: each has one for itself, until its lease ends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from uuid import UUID

import pytest
from django.db import connection

from apps.core import clock
from apps.operations import sequencer
from apps.webhooks.client import Sent
from apps.webhooks.dispatch.desk import Desk, Done, Work
from apps.webhooks.dispatch.dispatcher import Dispatcher
from apps.webhooks.dispatch.lines import LEASE, RENEW_SECONDS, Line
from apps.webhooks.models import Attempt, Delivery, Failure
from apps.webhooks.models import Line as Stored
from tests.support.hooked import Receiver
from tests.support.tenants import World, world
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


class TestClocks:
    """A worker's machine says what it will: only the database's clock counts."""

    @pytest.fixture(params=[timedelta(hours=1), timedelta(hours=-1)], ids=["ahead", "behind"])
    def wrong(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """The clock of this machine is an hour off."""
        off: timedelta = request.param

        class Wrong(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.now(tz) + off

        with monkeypatch.context() as patched:
            patched.setattr(clock, "datetime", Wrong)
            yield

    def test_what_a_dead_one_held_is_free_after_the_lease(
        self, acme: World, wrong: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        endpoint(acme, OTHERS)
        happens(acme)
        sequencer.sequence()
        right = datetime.now(UTC)
        dispatcher = Dispatcher("wrong")
        assert dispatcher._turn()
        self.held_for_a_lease_from(right)
        [line] = dispatcher._lines.values()
        line.renewed_at -= RENEW_SECONDS + 1
        dispatcher._look_at = 0
        dispatcher._turn()
        self.held_for_a_lease_from(right)
        assert Desk("two").take(10, right + LEASE / 2) == []
        assert len(Desk("two").take(10, right + LEASE + timedelta(seconds=5))) == 1

    def held_for_a_lease_from(self, instant: datetime) -> None:
        until = Stored.objects.get().leased_until
        assert until is not None
        assert LEASE <= until - instant <= LEASE + timedelta(seconds=5)

    def test_what_another_holds_is_not_taken(self, acme: World, wrong: None) -> None:
        endpoint(acme, OTHERS)
        happens(acme)
        sequencer.sequence()
        [line] = Desk("living").take(10, datetime.now(UTC))
        dispatcher = Dispatcher("wrong")
        assert dispatcher._turn() == []
        assert dispatcher._lines == {}
        assert Stored.objects.get().lease == line.lease

    def test_receivers_are_told_the_right_time(self, acme: World, receiver: Receiver, wrong: None) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.created"])
        wallet = happens(acme)
        deliver()
        assert receiver.subjects == [wallet]
        sent_at = int(receiver.received[0].headers["webhook-timestamp"])
        assert abs(sent_at - datetime.now(UTC).timestamp()) < 10
        attempt = Attempt.objects.get(endpoint=made["endpoint"])
        assert abs(attempt.began_at - datetime.now(UTC)) < timedelta(seconds=10)


class TestSharing:
    """What one worker has on its way is shared."""

    @pytest.fixture
    def two(self, acme: World, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
        """The books of a tenant with six endpoints and of one with one; a worker sends at most eight messages at once."""
        monkeypatch.setattr("apps.webhooks.dispatch.dispatcher.ON_THE_WAY", 8)
        monkeypatch.setattr("apps.webhooks.dispatch.dispatcher.OF_A_BOOK", 2)
        bloom = world("bloom")
        for each, endpoints in ((acme, 6), (bloom, 1)):
            for _ in range(endpoints):
                endpoint(each, OTHERS, types=["wallet.created"])
            for _ in range(3):
                happens(each)
        sequencer.sequence()
        return acme.test_book.pk, bloom.test_book.pk

    def test_no_tenant_has_more_than_its_share(self, two: tuple[int, int]) -> None:
        dispatcher = Dispatcher("one")
        begun: list[Work] = []
        for _ in range(3):
            works = dispatcher._turn()
            for work in works:
                work.line.begin(work.delivery)
                work.line.window = 8
            begun += works
        assert len(dispatcher._lines) == 7
        books = [each.line.book for each in begun]
        assert (books.count(two[0]), books.count(two[1])) == (2, 2)

    def test_what_was_answered_leaves_room_for_those_who_were_not_served(self, two: tuple[int, int]) -> None:
        dispatcher = Dispatcher("one")
        served: list[UUID] = []
        for _ in range(3):
            works = [each for each in dispatcher._turn() if each.line.book == two[0]]
            assert len(works) == 2
            for work in works:
                work.line.begin(work.delivery)
                work.line.note(work.delivery, Sent(Failure.NONE, 0.1, status=200), clock.now())
            served += [each.line.endpoint for each in works]
        assert len(set(served)) == 6

    def test_the_slow_have_at_most_half(self, two: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("apps.webhooks.dispatch.dispatcher.OF_A_BOOK", 8)
        dispatcher = Dispatcher("one")
        assert len(dispatcher._turn()) == 7
        for line in dispatcher._lines.values():
            line.is_slow = line.book == two[0]
            line.is_awake = True
        slow = [each for each in dispatcher._turn() if each.line.is_slow]
        assert len(slow) == 4


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
