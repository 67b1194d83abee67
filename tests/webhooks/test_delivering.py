"""Messages as receivers get them: once, signed, each object's in order, whatever receivers and workers do."""

import json
from typing import Any

import pytest
from standardwebhooks import Webhook

from apps.operations import sequencer
from apps.operations.models import Event
from apps.webhooks.dispatch import dispatcher
from apps.webhooks.models import Attempt, Delivery, Endpoint, Line, Replay
from tests.support.door import done, rows
from tests.support.hooked import Answer, Receiver
from tests.support.payouts import later
from tests.support.tenants import World, world
from tests.support.webhooks import deliver, delivering, endpoint, happens, statuses

pytestmark = pytest.mark.usefixtures("ledger_db")

RUNGS = (70, 340, 1_000, 4_000)
"""Seconds after the attempt before, by which each is due."""


def changes(acme: World, wallet: str, name: str) -> None:
    done("accounts.update_wallet", actor=acme.test_key, wallet=wallet, name=name)


class TestMessages:
    def test_what_happens_is_told_signed_and_once(self, acme: World, receiver: Receiver) -> None:
        made = endpoint(acme, receiver.url, headers={"Authorization": "Bearer hush"})
        wallet = happens(acme)
        deliver()
        told = [json.loads(each.body) for each in receiver.received]
        [created] = [each for each in told if each["type"] == "wallet.created"]
        event = Event.objects.get(pk=created["id"])
        assert (created["subject"], event.subject, created["data"]) == (wallet, wallet, event.data)
        for each in receiver.received:
            Webhook(made["secret"]).verify(each.body, each.headers)
            assert each.headers["authorization"] == "Bearer hush"
            assert len(each.headers["webhook-signature"].split()) == 2
        assert "hush" not in str(list(Attempt.objects.values_list("request_headers", flat=True)))
        before = len(receiver.received)
        deliver()
        assert len(receiver.received) == before

    def test_nothing_is_told_of_what_was_before(self, acme: World, receiver: Receiver) -> None:
        happens(acme)
        deliver()
        endpoint(acme, receiver.url, types=["wallet.*"])
        deliver()
        assert receiver.received == []

    def test_an_endpoint_is_told_of_its_own_tenant_alone(self, acme: World, receiver: Receiver) -> None:
        bloom = world("bloom")
        endpoint(acme, receiver.url)
        happens(bloom)
        acme.wallet()
        wallet = happens(acme)
        deliver()
        assert set(receiver.subjects) <= {wallet, Endpoint.objects.get().pk}

    def test_each_endpoint_is_told_of_its_types(self, acme: World, receiver: Receiver) -> None:
        first = endpoint(acme, receiver.url, types=["wallet.updated"])
        second = endpoint(acme, receiver.url, types=["wallet.*"])
        changes(acme, happens(acme), "a")
        deliver()
        assert [each[0] for each in statuses(first["endpoint"])] == ["wallet.updated"]
        assert [each[0] for each in statuses(second["endpoint"])] == ["wallet.created", "wallet.updated"]

    def test_both_secrets_verify_during_a_rotation_and_one_after(
        self, acme: World, receiver: Receiver
    ) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.created"])
        again = done(
            "webhooks.rotate_secret", actor=acme.test_key, endpoint=made["endpoint"], overlap_hours=1
        )
        happens(acme)
        deliver()
        for secret in (made["secret"], again["secret"]):
            Webhook(secret).verify(receiver.received[0].body, receiver.received[0].headers)
        with later(hours=2):
            happens(acme)
            deliver()
        signatures = receiver.received[1].headers["webhook-signature"].split()
        assert [each.partition(",")[0] for each in signatures] == ["v1", "v1a"]

    def test_a_test_right_after_a_rotation_is_signed_anew(
        self, acme: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dispatcher, "LOOK_SECONDS", 3600)
        made = endpoint(acme, receiver.url, types=["wallet.created"])
        given = {"actor": acme.test_key, "endpoint": made["endpoint"]}
        with delivering():
            done("webhooks.send_test", **given)
            receiver.wait_for(1)
            again = done("webhooks.rotate_secret", **given)
            done("webhooks.send_test", **given)
            receiver.wait_for(2)
        for secret in (made["secret"], again["secret"]):
            Webhook(secret).verify(receiver.received[1].body, receiver.received[1].headers)


class TestFailing:
    def test_a_failed_message_holds_back_its_own_object_alone(self, acme: World, receiver: Receiver) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.*"], most_at_once=1)
        first = happens(acme)
        changes(acme, first, "a")
        second = happens(acme)
        receiver.answer(500)
        deliver()
        assert receiver.subjects == [first, second]
        with later(seconds=RUNGS[0]):
            deliver()
        assert receiver.subjects == [first, second, first, first]
        assert statuses(made["endpoint"]) == [
            ("wallet.created", "delivered", 2),
            ("wallet.updated", "delivered", 1),
            ("wallet.created", "delivered", 1),
        ]
        assert Attempt.objects.count() == 4

    def test_after_five_attempts_it_has_failed_people_are_told_and_the_lane_goes_on(
        self, acme: World, receiver: Receiver
    ) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.*"])
        wallet = happens(acme)
        changes(acme, wallet, "a")
        receiver.answer(*[500] * 5)
        passed = 0
        deliver()
        for rung in (*RUNGS, 20):
            passed += rung
            with later(seconds=passed):
                deliver()
        assert statuses(made["endpoint"]) == [
            ("wallet.created", "failed", 5),
            ("wallet.updated", "delivered", 1),
        ]
        [alarm] = Event.objects.filter(type="alert.raised")
        assert alarm.subject == made["endpoint"]
        assert [each.number for each in Attempt.objects.order_by("id")] == [1, 2, 3, 4, 5, 1]

    def test_an_endpoint_that_asks_for_time_gets_it(self, acme: World, receiver: Receiver) -> None:
        endpoint(acme, receiver.url, types=["wallet.created"])
        happens(acme)
        receiver.answer(429, headers={"Retry-After": "600"})
        deliver()
        for seconds, came in ((70, 1), (599, 1), (670, 2)):
            with later(seconds=seconds):
                deliver()
            assert len(receiver.received) == came

    def test_one_that_is_gone_is_disabled_and_its_owner_told(self, acme: World, receiver: Receiver) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.created"])
        happens(acme)
        receiver.always = Answer(410)
        deliver()
        found = Endpoint.objects.get(pk=made["endpoint"])
        assert (found.status, found.why_disabled) == ("disabled", "gone")
        assert Event.objects.filter(type="webhook_endpoint.disabled", subject=found.pk).count() == 1

    def test_after_a_day_in_which_all_failed_it_is_disabled(self, acme: World, receiver: Receiver) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.created"])
        receiver.always = Answer(503)
        for hours in (0, 4, 8, 12, 16, 20, 23):
            with later(hours=hours):
                for _ in range(3):
                    happens(acme)
                deliver()
        assert Endpoint.objects.get(pk=made["endpoint"]).status == "enabled"
        with later(hours=24, minutes=1):
            happens(acme)
            deliver()
        found = Endpoint.objects.get(pk=made["endpoint"])
        assert (found.status, found.why_disabled) == ("disabled", "failing")

    def test_enabled_again_it_has_another_day(self, acme: World, receiver: Receiver) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.created"])
        receiver.always = Answer(410)
        happens(acme)
        deliver()
        for seconds in (100, 500, 2_000):
            with later(seconds=seconds):
                assert Endpoint.objects.get(pk=made["endpoint"]).status == "disabled"
                done("webhooks.enable_endpoint", actor=acme.test_key, endpoint=made["endpoint"])
                before = len(receiver.received)
                deliver()
                assert len(receiver.received) > before
        assert Event.objects.filter(type="webhook_endpoint.disabled").count() == 4

    def test_enabled_again_it_is_told_all_that_it_missed_in_order(
        self, acme: World, receiver: Receiver
    ) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.*"])
        wallet = happens(acme)
        for name in "abc":
            changes(acme, wallet, name)
        receiver.always = Answer(500)
        passed = 0
        deliver()
        for rung in RUNGS:
            passed += rung
            with later(seconds=passed):
                deliver()
        assert statuses(made["endpoint"])[0][1] == "failed"
        before = len(receiver.received)
        with later(seconds=passed):
            done("webhooks.disable_endpoint", actor=acme.test_key, endpoint=made["endpoint"], reason="work")
            changes(acme, wallet, "d")
            done("webhooks.enable_endpoint", actor=acme.test_key, endpoint=made["endpoint"])
            receiver.always = Answer(200)
            deliver()
        told = [json.loads(each.body)["sequence"] for each in receiver.received[before:]]
        assert told == [1, 2, 3, 4, 5]
        assert {each[1] for each in statuses(made["endpoint"])} == {"delivered"}

    def test_what_somebody_waits_for_is_sent_though_it_is_left_in_peace(
        self, acme: World, receiver: Receiver
    ) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.created"])
        receiver.always = Answer(500)
        for _ in range(10):
            happens(acme)
        deliver()
        told = done("webhooks.send_test", actor=acme.test_key, endpoint=made["endpoint"])
        before = len(receiver.received)
        deliver()
        assert receiver.ids[before:] == [told["message"]]

    def test_one_success_begins_the_day_anew(self, acme: World, receiver: Receiver) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.created"])
        receiver.answer(503, 200)
        receiver.always = Answer(503)
        for hours in (0, 12, 25):
            with later(hours=hours):
                happens(acme)
                deliver()
        assert Endpoint.objects.get(pk=made["endpoint"]).status == "enabled"

    def test_after_failures_in_a_row_it_is_left_in_peace(self, acme: World, receiver: Receiver) -> None:
        endpoint(acme, receiver.url, types=["wallet.created"])
        receiver.always = Answer(500)
        for _ in range(20):
            happens(acme)
        deliver()
        assert 5 <= len(receiver.received) <= 6
        assert Line.objects.get().paused_until is not None
        receiver.always = Answer(200)
        with later(seconds=20):
            deliver()
        assert Delivery.objects.filter(status="delivered").count() == 20 - len(set(receiver.ids[:5]))


class TestByHand:
    def test_a_test_is_sent_signed(self, acme: World, receiver: Receiver) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.created"])
        told = done("webhooks.send_test", actor=acme.test_key, endpoint=made["endpoint"])
        deliver()
        [came] = receiver.received
        Webhook(made["secret"]).verify(came.body, came.headers)
        assert (came.headers["webhook-id"], json.loads(came.body)["type"]) == (
            told["message"],
            "webhook.test",
        )

    def test_what_is_written_by_hand_is_sent_as_it_is_written(self, acme: World, receiver: Receiver) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.created"])
        done("webhooks.send_raw", endpoint=made["endpoint"], body='{"a" : 1}')
        deliver()
        assert receiver.received[0].body == b'{"a" : 1}'

    def test_a_delivered_message_is_sent_again_under_its_id(self, acme: World, receiver: Receiver) -> None:
        endpoint(acme, receiver.url, types=["wallet.created"])
        happens(acme)
        deliver()
        delivery = Delivery.objects.get()
        done("webhooks.retry_delivery", actor=acme.test_key, delivery=delivery.pk)
        deliver()
        first, second = receiver.received
        assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
        again = Delivery.objects.get()
        assert (again.status, again.runs, again.delivered_at) == ("delivered", 1, delivery.delivered_at)

    @pytest.mark.parametrize(("what", "times"), [("missing", 1), ("failed", 1), ("all", 3)])
    def test_a_range_is_sent_again(self, acme: World, receiver: Receiver, what: str, times: int) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.*"], most_at_once=1)
        wallets = [happens(acme) for _ in range(3)]
        deliver()
        Delivery.objects.filter(subject=wallets[1]).update(status="failed", delivered_at=None)
        before = len(receiver.received)
        told = done(
            "webhooks.replay_range",
            actor=acme.test_key,
            endpoint=made["endpoint"],
            after=0,
            what=what,
            reason="lost",
        )
        assert told["deliveries"] == times
        deliver()
        assert receiver.subjects[before:] == (wallets if what == "all" else [wallets[1]])

    def test_a_replay_leaves_to_the_feed_what_was_not_told_yet(self, acme: World, receiver: Receiver) -> None:
        made = endpoint(acme, receiver.url, types=["wallet.*"], most_at_once=1)
        wallet = happens(acme)
        deliver()
        done("webhooks.disable_endpoint", actor=acme.test_key, endpoint=made["endpoint"], reason="work")
        for name in "abc":
            changes(acme, wallet, name)
        sequencer.sequence()
        done("webhooks.enable_endpoint", actor=acme.test_key, endpoint=made["endpoint"])
        done("webhooks.replay_range", actor=acme.test_key, endpoint=made["endpoint"], after=0, reason="all")
        deliver()
        told = [json.loads(each.body)["sequence"] for each in receiver.received]
        assert told == [1, 2, 3, 4]
        assert Replay.objects.get().ended_at is not None
        assert {each[1] for each in statuses(made["endpoint"])} == {"delivered"}


class TestEvidence:
    def test_each_attempt_is_kept_and_never_changed(self, acme: World, receiver: Receiver) -> None:
        endpoint(acme, receiver.url, types=["wallet.created"])
        happens(acme)
        receiver.answer(500, body=b"no", headers={"X-Why": "tired"})
        deliver()
        [attempt] = Attempt.objects.all()
        assert (attempt.answered, bytes(attempt.answer), attempt.failure) == (500, b"no", "refused")
        assert attempt.answer_headers["X-Why"] == "tired"
        assert attempt.request_headers["webhook-id"] == receiver.ids[0]
        assert (attempt.address, attempt.worker) == ("127.0.0.1", "test")
        with pytest.raises(Exception, match="APPEND_ONLY"):
            rows("UPDATE webhooks_attempt SET answered = 200 RETURNING 1")

    def test_the_database_lets_no_delivery_leave_its_book(self, acme: World, receiver: Receiver) -> None:
        bloom = world("bloom")
        endpoint(acme, receiver.url, types=["wallet.created"])
        happens(acme)
        deliver()
        with pytest.raises(Exception, match=r"webhook_delivery_(of_endpoint|in_feed)"):
            rows("UPDATE webhooks_delivery SET book_id = %s RETURNING 1", bloom.test_book.pk)


def test_types_are_matched_by_name_or_kind() -> None:
    cases: list[tuple[list[str], str, bool]] = [
        ([], "a.b", True),
        (["a.b"], "a.b", True),
        (["a.b"], "a.bc", False),
        (["a.*"], "a.b.c", True),
        (["a.*"], "ab.c", False),
        (["a_.*"], "ab.c", False),
        (["x.y", "a.*"], "a.c", True),
    ]
    for types, name, wanted in cases:
        found: list[tuple[Any, ...]] = rows("SELECT webhooks_wants(%s::jsonb, %s)", json.dumps(types), name)
        assert found == [(wanted,)], (types, name)
