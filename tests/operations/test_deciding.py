"""Who may say what of a request: steps in sequence, people who stand in, yeses taken back, many at once, nobody there."""

from datetime import datetime, timedelta
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
from apps.operations.models import ApprovalRequest, Decision, Delegation, Event, Operation
from apps.operations.services import eligibility
from apps.operations.services.approvals import approved_but_not_applied
from tests.support.door import balance, code, done, eur, everyone, moved, opened, person, run
from tests.support.policies import agrees, policy, seen
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("ledger_db")

STEPS = [{"role": "approver", "people": 1}, {"role": "compliance", "people": 1}]
CORRECTION = {
    "book": "platform",
    "account": "amara",
    "direction": "credit",
    "amount": eur("12.30"),
    "reason": "fee twice",
    "related_type": "ticket",
    "related_id": "T-1",
}


@pytest.fixture(autouse=True)
def _amara(ledger_db: Any) -> None:
    opened("mint", floor=None)
    opened("amara")
    moved("mint", "amara", "100.00")


@pytest.fixture
def maker(ledger_db: Any) -> Actor:
    """Who asks, and might approve as well, but never this."""
    return person("maker@example.com", "finance", "approver")


def asked(maker: Actor, **more: Any) -> str:
    """A correction that waits; its request."""
    outcome = run("ledger.post_correction", actor=maker, **{**CORRECTION, **more})
    assert outcome.approval_request_id, outcome
    return outcome.approval_request_id


def says(who: Actor, request: str, how: str = "approve") -> str | None:
    """What somebody is answered who decides."""
    if how == "approve":
        return code(agrees(who, request))
    return code(run("operations.reject_request", actor=who, request=request))


def picked(*requests: str) -> list[str]:
    """Requests as they are ticked for a yes."""
    return [f"{request}:{seen(request)}" for request in requests]


def undo(who: Actor, request: str) -> str | None:
    """What somebody is answered who takes their yes back."""
    return code(run("operations.undo_decision", actor=who, request=request, reason="mistaken"))


def lent(giver: Actor, taker: Actor, *, role: str = "approver", until: datetime | None = None) -> str:
    """A delegation, until tomorrow unless it is said; its id."""
    until = until or clock.now() + timedelta(days=1)
    made = done(
        "operations.delegate",
        actor=giver,
        delegate=taker.id,
        role=role,
        until=until.isoformat(),
        reason="on holiday",
    )
    return str(made["delegation"])


def status(request: str) -> str:
    """How a request stands."""
    return str(ApprovalRequest.objects.get(pk=request).status)


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


class TestStandingIn:
    @pytest.fixture(autouse=True)
    def _two_approvers(self, ledger_db: Any) -> None:
        policy("ledger.post_correction", people=2)

    @pytest.fixture
    def ines(self) -> Actor:
        """Who has the role and lends it."""
        return person("ines@example.com", "approver")

    @pytest.fixture
    def carl(self) -> Actor:
        """Who may decide, but not as an approver."""
        return person("carl@example.com", "compliance")

    def test_a_delegate_has_the_role(self, maker: Actor, ines: Actor, carl: Actor) -> None:
        request = asked(maker)
        assert says(carl, request) == "AUTHORIZATION_FAILED"
        lent(ines, carl)
        assert says(carl, request) is None
        given = Decision.objects.get()
        assert (given.actor_id, given.for_id, given.for_label) == (carl.id, ines.id, "ines@example.com")

    def test_until_the_moment_and_not_at_it(self, maker: Actor, ines: Actor, carl: Actor) -> None:
        until = clock.now() + timedelta(hours=1)
        lent(ines, carl, until=until)
        assert len(deciding.stands_in_for(carl.id, until - timedelta(microseconds=1))) == 1
        assert deciding.stands_in_for(carl.id, until) == ()

    def test_not_when_it_was_withdrawn(self, maker: Actor, ines: Actor, carl: Actor) -> None:
        made = lent(ines, carl)
        done("operations.withdraw_delegation", actor=ines, delegation=made, reason="back")
        assert says(carl, asked(maker)) == "AUTHORIZATION_FAILED"
        again = run("operations.withdraw_delegation", actor=ines, delegation=made, reason="back")
        assert code(again) == "DELEGATION_OVER"

    def test_not_when_who_lent_it_has_lost_it(self, maker: Actor, ines: Actor, carl: Actor) -> None:
        lent(ines, carl)
        User.objects.get(pk=ines.id).roles.set(Group.objects.filter(name="viewer"))
        assert says(carl, asked(maker)) == "AUTHORIZATION_FAILED"

    def test_never_about_what_the_delegate_asked_for(self, ines: Actor) -> None:
        fay = person("fay@example.com", "finance", "compliance")
        lent(ines, fay)
        assert says(fay, asked(fay)) == "APPROVAL_BY_MAKER"

    def test_nor_about_what_the_one_who_lent_it_asked_for(self, maker: Actor, carl: Actor) -> None:
        lent(maker, carl)
        assert says(carl, asked(maker)) == "APPROVAL_BY_MAKER"

    @pytest.mark.parametrize("first", ["ines", "carl"])
    def test_of_the_two_one_counts(self, maker: Actor, ines: Actor, carl: Actor, first: str) -> None:
        lent(ines, carl)
        request = asked(maker)
        one, other = (ines, carl) if first == "ines" else (carl, ines)
        assert [says(one, request), says(other, request)] == [None, "APPROVAL_TWICE"]
        assert status(request) == "pending"

    def test_an_approver_who_stands_in_counts_once_too(self, maker: Actor, ines: Actor) -> None:
        jon = person("jon@example.com", "approver")
        lent(ines, jon)
        request = asked(maker)
        assert [says(jon, request), says(jon, request)] == [None, "APPROVAL_TWICE"]
        assert Decision.objects.get().for_id == jon.id
        assert says(ines, request) is None
        assert status(request) == "applied"

    @pytest.mark.parametrize(
        ("giver", "taker", "until", "field"),
        [
            (["approver"], ["operator"], 1, "/delegate"),
            (["approver"], [], 1, "/delegate"),
            (["compliance"], ["approver"], 1, "/role"),
            (["approver"], ["compliance"], 91, "/until"),
            (["approver"], ["compliance"], -1, "/until"),
        ],
    )
    def test_who_lends_has_it_and_who_gets_it_may_decide(
        self, giver: list[str], taker: list[str], until: int, field: str
    ) -> None:
        one = person("one@example.com", *giver)
        other = person("other@example.com", *(taker or ["viewer"]))
        outcome = run(
            "operations.delegate",
            actor=one,
            delegate=other.id,
            role="approver",
            until=(clock.now() + timedelta(days=until)).isoformat(),
            reason="away",
        )
        assert outcome.error
        assert (outcome.error.code, outcome.error.field) == ("DELEGATION_UNFIT", field)

    def test_only_an_admin_lends_for_others(self, ines: Actor, carl: Actor) -> None:
        given = {
            "delegate": carl.id,
            "delegator": ines.id,
            "role": "approver",
            "until": (clock.now() + timedelta(days=1)).isoformat(),
            "reason": "ill",
        }
        assert code(run("operations.delegate", actor=carl, **given)) == "AUTHORIZATION_FAILED"
        root = person("root@example.com", "admin")
        done("operations.delegate", actor=root, **given)
        made = Delegation.objects.get()
        assert (made.from_id, made.made_by_id, made.made_by_label) == (ines.id, root.id, root.label)

    def test_nobody_gives_themselves_the_say_of_another(self, ines: Actor) -> None:
        root = person("root@example.com", "admin")
        assert self.lent_by(root, ines, root) == "DELEGATION_UNFIT"
        assert not Delegation.objects.exists()

    def test_an_admin_gives_nobody_a_say_about_what_they_ask_for(self, ines: Actor, carl: Actor) -> None:
        root = person("root@example.com", "admin")
        assert self.lent_by(root, ines, carl) is None
        assert says(carl, asked(root)) == "APPROVAL_BY_MAKER"
        assert says(carl, asked(person("fin@example.com", "finance"))) is None

    @staticmethod
    def lent_by(admin: Actor, giver: Actor, taker: Actor) -> str | None:
        """What an admin is answered who delegates for another."""
        given = {"delegate": taker.id, "delegator": giver.id, "role": "approver", "reason": "ill"}
        until = (clock.now() + timedelta(days=1)).isoformat()
        return code(run("operations.delegate", actor=admin, until=until, **given))


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
