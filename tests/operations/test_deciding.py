"""Who may say what of a request: steps in sequence, yeses taken back, many at once, nobody there."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.accounts.people import actor_of
from apps.core import clock
from apps.core.actor import Actor
from apps.operations import deciding
from apps.operations.executor import execute
from apps.operations.models import ApprovalRequest, Decision, Event, Operation
from apps.operations.services import eligibility
from apps.operations.services.approvals import approved_but_not_applied
from tests.operations.decisions import STEPS, asked, lent, picked, says, status, undo
from tests.support.door import balance, code, done, everyone, person, run
from tests.support.policies import agrees, policy
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("ledger_db", "amara")


class TestWhoMayDecide:
    """The table: for each person and each way of asking, what the door answers."""

    @pytest.mark.parametrize(
        ("in_sequence", "who", "answer"),
        [
            (False, ["approver"], None),
            (False, ["compliance"], None),
            (False, ["approver", "compliance"], None),
            (False, ["finance"], "AUTHORIZATION_FAILED"),
            (False, ["admin"], "AUTHORIZATION_FAILED"),
            (False, ["viewer"], "AUTHORIZATION_FAILED"),
            (False, ["operator"], "AUTHORIZATION_FAILED"),
            (True, ["approver"], None),
            (True, ["compliance"], "APPROVAL_NOT_OPEN"),
            (True, ["approver", "compliance"], None),
            (True, ["finance"], "AUTHORIZATION_FAILED"),
        ],
    )
    @pytest.mark.parametrize("how", ["approve", "reject"])
    def test_by_role(
        self, maker: Actor, in_sequence: bool, who: list[str], answer: str | None, how: str
    ) -> None:
        policy("ledger.post_correction", steps=STEPS, in_sequence=in_sequence)
        request = asked(maker)
        assert says(person("x@example.com", *who), request, how) == answer
        assert Decision.objects.count() == (answer is None)

    def test_a_key_and_a_part_of_the_system_never(self, maker: Actor) -> None:
        policy("ledger.post_correction")
        request = asked(maker)
        key = Actor(
            "api_key", "key_1", "key", frozenset({"operations.decide"}), roles=frozenset({"approver"})
        )
        assert [says(key, request), code(agrees(everyone(), request))] == ["AUTHORIZATION_FAILED"] * 2

    def test_who_made_a_key_never_about_what_it_asks_for(self, maker: Actor) -> None:
        policy("ledger.post_correction")
        root, other = (person(f"{name}@example.com", "admin", "approver") for name in ("root", "other"))
        scopes = {"name": "erp", "scopes": ["platform:write"]}
        made = done("accounts.create_operator_key", actor=root, **scopes)["api_key"]
        for key in (made, done("accounts.rotate_api_key", actor=other, api_key=made)["api_key"]):
            asks = Actor("api_key", key, "erp", frozenset({"ledger.post_correction"}))
            request = asked(asks)
            assert says(root, request) == "APPROVAL_BY_MAKER"
            assert says(other, request) == (None if key == made else "APPROVAL_BY_MAKER")

    def test_a_step_opens_when_the_one_before_is_done(self, maker: Actor) -> None:
        policy("ledger.post_correction", steps=STEPS, in_sequence=True)
        request = asked(maker)
        ines, carl = person("ines@example.com", "approver"), person("carl@example.com", "compliance")
        assert [says(carl, request), says(ines, request)] == ["APPROVAL_NOT_OPEN", None]
        assert says(person("jon@example.com", "approver"), request) == "APPROVAL_NOT_OPEN"
        assert (status(request), says(carl, request), status(request)) == ("pending", None, "applied")
        assert balance("amara") == "112.30"

    def test_who_has_both_roles_counts_once(self, maker: Actor) -> None:
        policy("ledger.post_correction", steps=STEPS)
        request = asked(maker)
        both = person("bea@example.com", "approver", "compliance")
        assert [says(both, request), says(both, request)] == [None, "APPROVAL_TWICE"]
        assert status(request) == "pending"
        assert says(person("ines@example.com", "approver"), request) is None
        assert status(request) == "applied"

    def test_a_no_is_taken_from_who_is_not_waited_for_any_more(self, maker: Actor) -> None:
        policy("ledger.post_correction", steps=STEPS)
        request = asked(maker)
        ines, jon = (person(f"{name}@example.com", "approver") for name in ("ines", "jon"))
        assert [says(ines, request), says(jon, request), says(jon, request, "reject")] == [
            None,
            "APPROVAL_NOT_OPEN",
            None,
        ]
        assert status(request) == "rejected"

    def test_of_several_policies_every_role_is_asked(self, maker: Actor) -> None:
        policy("ledger.post_correction", people=2, name="two approvers")
        policy("ledger.post_correction", role="compliance", name="and compliance")
        policy("ledger.post_correction", name="one approver")
        found = ApprovalRequest.objects.get(pk=asked(maker))
        assert found.steps == [{"role": "approver", "people": 2}, {"role": "compliance", "people": 1}]
        assert [each["policy"] for each in found.policies] == [
            "two approvers",
            "and compliance",
            "one approver",
        ]

    def test_a_sequence_keeps_its_order_beside_a_larger_policy(self, maker: Actor) -> None:
        policy("ledger.post_correction", steps=STEPS, in_sequence=True, name="in turn")
        policy("ledger.post_correction", role="compliance", people=3, name="many")
        found = ApprovalRequest.objects.get(pk=asked(maker))
        assert (found.steps, found.in_sequence) == ([*STEPS, {"role": "compliance", "people": 2}], True)


class TestTakingBack:
    @pytest.fixture
    def two(self) -> list[Actor]:
        """Two approvers."""
        policy("ledger.post_correction", people=2)
        return [person(f"{name}@example.com", "approver") for name in ("ines", "jon")]

    def test_a_yes_is_gone_and_can_be_said_again(self, maker: Actor, two: list[Actor]) -> None:
        request = asked(maker)
        assert [says(two[0], request), undo(two[0], request), says(two[1], request)] == [None] * 3
        assert status(request) == "pending"
        assert [says(two[0], request), status(request)] == [None, "applied"]
        assert (Decision.objects.count(), balance("amara")) == (3, "112.30")

    def test_only_ones_own_yes_and_only_before_it_ran(self, maker: Actor, two: list[Actor]) -> None:
        request = asked(maker)
        assert undo(two[0], request) == "NOTHING_TO_UNDO"
        says(two[0], request)
        assert [undo(two[1], request), undo(maker, request)] == ["NOTHING_TO_UNDO"] * 2
        says(two[1], request)
        assert [undo(two[0], request), status(request)] == ["NOTHING_TO_UNDO", "applied"]

    def test_the_last_yes_too_while_it_waits_to_run(
        self, maker: Actor, two: list[Actor], settings: Any
    ) -> None:
        settings.APPROVAL_UNDO_SECONDS = 60
        request = asked(maker)
        for each in two:
            says(each, request)
        assert (status(request), balance("amara"), approved_but_not_applied()) == ("approved", "100.00", [])
        assert [undo(two[1], request), status(request)] == [None, "pending"]
        says(two[1], request)
        ApprovalRequest.objects.update(decided_at=clock.now() - timedelta(seconds=61))
        [left] = approved_but_not_applied()
        assert execute(left).accepted
        assert [undo(two[1], request), balance("amara")] == ["NOTHING_TO_UNDO", "112.30"]

    def test_in_sequence_what_was_said_after_it_falls_too(self, maker: Actor) -> None:
        policy("ledger.post_correction", steps=[*STEPS, {"role": "finance", "people": 1}], in_sequence=True)
        request = asked(maker)
        ines, carl = person("ines@example.com", "approver"), person("carl@example.com", "compliance")
        assert [says(ines, request), says(carl, request), undo(ines, request)] == [None] * 3
        assert deciding.standing(ApprovalRequest.objects.get()) == []
        assert [says(carl, request), says(ines, request), says(carl, request)] == [
            "APPROVAL_NOT_OPEN",
            None,
            None,
        ]


class TestWhoHasLeft:
    """A yes counts as long as who said it may say it."""

    @pytest.fixture
    def two(self) -> list[Actor]:
        """Two approvers, both of whom are needed."""
        policy("ledger.post_correction", people=2)
        return [person(f"{name}@example.com", "approver") for name in ("ines", "jon")]

    def test_a_yes_counts_no_more_when_the_role_is_lost(self, maker: Actor, two: list[Actor]) -> None:
        request = asked(maker)
        says(two[0], request)
        User.objects.get(pk=two[0].id).roles.set(Group.objects.filter(name="viewer"))
        assert [says(two[1], request), status(request)] == [None, "pending"]
        assert [says(person("kim@example.com", "approver"), request), status(request)] == [None, "applied"]

    def test_nor_when_it_is_lost_before_it_runs(self, maker: Actor, two: list[Actor], settings: Any) -> None:
        settings.APPROVAL_UNDO_SECONDS = 60
        request = asked(maker)
        for each in two:
            says(each, request)
        User.objects.filter(pk=two[0].id).update(is_active=False)
        ApprovalRequest.objects.update(decided_at=clock.now() - timedelta(seconds=61))
        [left] = approved_but_not_applied()
        assert [code(execute(left)), status(request), balance("amara")] == [
            "APPROVAL_LAPSED",
            "pending",
            "100.00",
        ]
        settings.APPROVAL_UNDO_SECONDS = 0
        assert [says(person("kim@example.com", "approver"), request), status(request)] == [None, "applied"]

    @pytest.mark.parametrize("who", ["ines", "carl"])
    def test_nor_when_either_of_a_person_and_their_delegate_left(
        self, maker: Actor, two: list[Actor], who: str
    ) -> None:
        carl = person("carl@example.com", "compliance")
        lent(two[0], carl)
        request = asked(maker)
        says(carl, request)
        User.objects.filter(email=f"{who}@example.com").update(is_active=False)
        assert [says(two[1], request), status(request)] == [None, "pending"]


class TestMany:
    def test_each_by_itself(self, maker: Actor) -> None:
        policy("ledger.post_correction")
        one, own, over = asked(maker), asked(person("fay@example.com", "finance", "approver")), asked(maker)
        fay = actor_of(User.objects.get(email="fay@example.com"))
        says(fay, over, "reject")
        told = done("operations.decide_many", actor=fay, approves=True, requests=picked(one, own, over))
        assert [each["refused"] and each["refused"]["code"] for each in told["requests"]] == [
            None,
            "APPROVAL_BY_MAKER",
            "APPROVAL_NOT_PENDING",
        ]
        assert (told["decided"], told["refused"]) == (1, 2)
        assert [status(each) for each in (one, own, over)] == ["applied", "pending", "rejected"]
        assert balance("amara") == "112.30"

    def test_a_yes_is_to_what_was_seen(self, maker: Actor) -> None:
        policy("ledger.post_correction")
        request = asked(maker)
        ines = person("ines@example.com", "approver")
        blind = run("operations.decide_many", actor=ines, approves=True, requests=[request])
        assert (code(blind), blind.error and blind.error.field) == ("INPUT_INVALID", "/requests")
        other = f"{request}:{'0' * 64}"
        told = done("operations.decide_many", actor=ines, approves=True, requests=[other])
        assert told["requests"][0]["refused"]["code"] == "APPROVAL_CHANGED"
        done("operations.decide_many", actor=ines, approves=True, requests=picked(request))
        assert status(request) == "applied"

    def test_nor_is_one_yes_to_what_nobody_looked_at(self, maker: Actor) -> None:
        policy("ledger.post_correction")
        request = asked(maker)
        ines = person("ines@example.com", "approver")
        for blind in ({}, {"seen": ""}):
            outcome = run("operations.approve_request", actor=ines, request=request, **blind)
            assert (code(outcome), outcome.error and outcome.error.field) == ("INPUT_INVALID", "/seen")
        assert status(request) == "pending"

    def test_a_no_to_all(self, maker: Actor) -> None:
        policy("ledger.post_correction")
        requests = [asked(maker), asked(maker)]
        done(
            "operations.decide_many",
            actor=person("i@example.com", "approver"),
            approves=False,
            requests=requests,
        )
        assert [status(each) for each in requests] == ["rejected"] * 2

    def test_none_twice(self, maker: Actor) -> None:
        policy("ledger.post_correction")
        request = asked(maker)
        outcome = run("operations.decide_many", actor=maker, approves=True, requests=picked(request, request))
        assert outcome.error
        assert "It stands here twice." in str(outcome.error.details)


class TestNobodyThere:
    def test_is_told_once_and_heals_when_somebody_comes(self, maker: Actor) -> None:
        policy("ledger.post_correction", steps=STEPS)
        request = asked(maker)
        assert ApprovalRequest.objects.get().nobody_eligible
        assert [eligibility.look_again(clock.now()) for _ in range(2)] == [0, 0]
        person("ines@example.com", "approver")
        assert eligibility.look_again(clock.now()) == 0
        carl = person("carl@example.com", "compliance")
        assert [eligibility.look_again(clock.now()) for _ in range(2)] == [1, 0]
        assert not ApprovalRequest.objects.get().nobody_eligible
        User.objects.filter(pk=carl.id).update(is_active=False)
        assert eligibility.look_again(clock.now() + timedelta(minutes=1)) == 1
        assert ApprovalRequest.objects.get().nobody_eligible
        told = Event.objects.filter(subject=request, type__startswith="alert.").order_by("ordinal")
        assert [each.type for each in told] == ["alert.raised", "alert.resolved", "alert.raised"]

    def test_who_has_agreed_is_not_missed(self, maker: Actor) -> None:
        policy("ledger.post_correction", people=2)
        ines, _jon = (person(f"{name}@example.com", "approver") for name in ("ines", "jon"))
        request = asked(maker)
        says(ines, request)
        assert eligibility.look_again(clock.now()) == 0

    def test_who_has_agreed_and_left_is(self, maker: Actor) -> None:
        policy("ledger.post_correction", people=2)
        ines, _jon = (person(f"{name}@example.com", "approver") for name in ("ines", "jon"))
        says(ines, asked(maker))
        User.objects.filter(pk=ines.id).update(is_active=False)
        assert eligibility.look_again(clock.now()) == 1


class TestAtOnce:
    def test_two_who_decide_about_the_same_at_once_make_it_run_once(self, maker: Actor) -> None:
        policy("ledger.post_correction", people=2)
        two = [person(f"{name}@example.com", "approver") for name in ("ines", "jon")]
        request = asked(maker)
        answers = at_once(
            *[
                partial(run, "operations.decide_many", actor=each, approves=True, requests=picked(request))
                for each in two
            ]
        )
        assert [code(each) for each in answers] == [None, None]
        assert (status(request), balance("amara")) == ("applied", "112.30")
        assert Operation.objects.filter(key=f"{request}:apply").count() == 1

    def test_a_person_and_their_delegate_at_once_count_once(self, maker: Actor) -> None:
        policy("ledger.post_correction", people=2)
        ines, carl = person("ines@example.com", "approver"), person("carl@example.com", "compliance")
        lent(ines, carl)
        request = asked(maker)
        answers = at_once(*[partial(agrees, each, request) for each in (ines, carl)])
        assert sorted(str(code(each)) for each in answers) == ["APPROVAL_TWICE", "None"]
        assert status(request) == "pending"

    def test_taking_back_and_the_last_yes_at_once_agree(self, maker: Actor) -> None:
        policy("ledger.post_correction", people=2)
        ines, jon = (person(f"{name}@example.com", "approver") for name in ("ines", "jon"))
        request = asked(maker)
        says(ines, request)
        taken, said = at_once(partial(undo, ines, request), partial(says, jon, request))
        assert (taken, said, status(request), balance("amara")) in [
            (None, None, "pending", "100.00"),
            ("NOTHING_TO_UNDO", None, "applied", "112.30"),
        ]


def test_the_database_holds_one_say_a_person(maker: Actor) -> None:
    policy("ledger.post_correction", people=2)
    request = asked(maker)
    says(person("ines@example.com", "approver"), request)
    again = Decision.objects.get()
    again.pk, again.actor_id = None, "usr_other"
    again.id = Decision._meta.pk.get_default()
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save(force_insert=True)
