"""Commands that wait for other people: who decides, what exactly they approve, and that it happens once."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command

from apps.accounts.models import User
from apps.core.actor import Actor
from apps.ledger.models import JournalEntry
from apps.operations import facts
from apps.operations.executor import execute, preview
from apps.operations.models import ApprovalPolicy, ApprovalRequest, Decision, Event, Operation
from apps.operations.plan import Request
from apps.operations.run import Outcome
from apps.operations.services.approvals import approved_but_not_applied
from tests.support import commands
from tests.support.door import (
    balances,
    code,
    eur,
    everyone,
    moved,
    nothing_moved,
    opened,
    person,
    request,
    run,
)
from tests.support.policies import agrees, no_policies, policy

pytestmark = pytest.mark.usefixtures("ledger_db", "test_commands", "_two_approvers_above_a_thousand")


@pytest.fixture
def _two_approvers_above_a_thousand(ledger_db: Any) -> None:
    above = {"fact": "amount", "op": "gte", "value": "1000"}
    policy("tests.pay", above, people=2, name="large payments")
    opened("mint", floor=None)
    opened("amara")
    opened("bo")
    moved("mint", "amara", "5000.00")


@pytest.fixture
def maker() -> Actor:
    """Who asks; an admin who may approve as well, but not this."""
    return as_person("maker@example.com", "admin", "approver")


@pytest.fixture
def approvers() -> list[Actor]:
    """Two who may decide."""
    return [as_person(f"{name}@example.com", "approver") for name in ("ines", "jon")]


def as_person(email: str, *roles: str) -> Actor:
    """A person who, in tests, may also run the test commands."""
    made = person(email, *roles)
    return Actor(
        "user", made.id, made.label, made.permissions | {"tests.pay", "tests.note"}, roles=made.roles
    )


@pytest.fixture(autouse=True)
def _makers_keep_their_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is applied runs as its maker is now; here they may run the test commands too, while active."""
    from apps.accounts import people as accounts
    from apps.operations import people

    def actor(kind: str, actor_id: str) -> Actor:
        found = accounts.find_actor(kind, actor_id) if kind == "user" else everyone()
        return Actor(kind, actor_id, found.label, found.permissions | granted, roles=found.roles)  # type: ignore[arg-type]

    granted = {"tests.pay", "tests.note"}
    monkeypatch.setattr(people, "_registered", [people.People(actor, accounts.deciders)])


def pay(amount: str, *, key: str = "pay", actor: Actor | None = None) -> Outcome:
    """Pay Bo out of Amara's wallet."""
    return run("tests.pay", key=key, actor=actor, source="amara", destination="bo", amount=eur(amount))


def decide(verb: str, outcome: Outcome, actor: Actor) -> Outcome:
    """Approve or reject the request behind an outcome."""
    if verb == "approve":
        return agrees(actor, outcome.approval_request_id)
    return run("operations.reject_request", actor=actor, request=outcome.approval_request_id)


def approve(outcome: Outcome, *actors: Actor) -> list[str | None]:
    """Approve by each; what each was answered."""
    return [code(decide("approve", outcome, actor)) for actor in actors]


def standing(outcome: Outcome) -> ApprovalRequest:
    """The request behind an outcome, as it is now."""
    return ApprovalRequest.objects.get(pk=outcome.approval_request_id)


def test_below_the_threshold_it_runs_at_once(maker: Actor) -> None:
    assert pay("999.99", actor=maker).accepted
    assert balances("amara", "bo") == {"amara": "4000.01", "bo": "999.99"}
    assert not ApprovalRequest.objects.exists()


def test_at_the_threshold_it_waits_and_nothing_moves(maker: Actor, approvers: list[Actor]) -> None:
    with nothing_moved():
        asked = pay("1000.00", actor=maker)
    waiting = standing(asked)
    assert (asked.status, asked.result["approvers_needed"]) == ("pending_approval", 2)
    assert (waiting.status, waiting.maker_id, waiting.nobody_eligible) == ("pending", maker.id, False)
    assert waiting.facts["amount"] == "1000.00"
    assert waiting.preview["entries"][0]["postings"] == [
        {"source": "amara", "destination": "bo", "amount": {"amount": "1000.00", "currency": "EUR"}}
    ]


def test_two_people_make_it_run_once(maker: Actor, approvers: list[Actor]) -> None:
    asked = pay("1000.00", actor=maker)
    with nothing_moved():
        assert approve(asked, approvers[0]) == [None]
        assert standing(asked).status == "pending"
    assert approve(asked, approvers[1]) == [None]
    assert standing(asked).status == "applied"
    assert balances("amara", "bo") == {"amara": "4000.00", "bo": "1000.00"}
    applied = Operation.objects.get(key=f"{asked.approval_request_id}:apply")
    assert (applied.status, applied.origin, applied.actor_id) == ("accepted", "approval", maker.id)
    assert applied.approval_request_id == asked.approval_request_id


def test_replaying_the_first_key_returns_the_request_before_and_after(
    maker: Actor, approvers: list[Actor]
) -> None:
    asked = pay("1000.00", actor=maker)
    before = pay("1000.00", actor=maker)
    approve(asked, *approvers)
    with nothing_moved():
        after = pay("1000.00", actor=maker)
    for again in (before, after):
        assert (again.replayed, again.status) == (True, "pending_approval")
        assert (again.result, again.approval_request_id) == (asked.result, asked.approval_request_id)
    assert ApprovalRequest.objects.count() == 1


def test_nobody_approves_their_own(maker: Actor, approvers: list[Actor]) -> None:
    asked = pay("1000.00", actor=maker)
    assert approve(asked, maker) == ["APPROVAL_BY_MAKER"]
    assert not Decision.objects.exists()


def test_nobody_decides_twice(maker: Actor, approvers: list[Actor]) -> None:
    asked = pay("1000.00", actor=maker)
    assert approve(asked, approvers[0], approvers[0]) == [None, "APPROVAL_TWICE"]
    assert code(decide("reject", asked, approvers[0])) == "APPROVAL_TWICE"
    assert standing(asked).status == "pending"


def test_only_people_with_the_role_decide(maker: Actor, approvers: list[Actor]) -> None:
    asked = pay("1000.00", actor=maker)
    admin, robot = as_person("root@example.com", "admin"), everyone()
    assert approve(asked, admin, robot, as_person("vi@example.com", "viewer")) == ["AUTHORIZATION_FAILED"] * 3
    assert not Decision.objects.exists()


def test_one_no_ends_it(maker: Actor, approvers: list[Actor]) -> None:
    asked = pay("1000.00", actor=maker)
    with nothing_moved():
        assert approve(asked, approvers[0]) == [None]
        assert code(decide("reject", asked, approvers[1])) is None
        assert approve(asked, as_person("kim@example.com", "approver")) == ["APPROVAL_NOT_PENDING"]
    assert standing(asked).status == "rejected"
    assert Event.objects.filter(type="approval.rejected", subject=asked.approval_request_id).count() == 1


def test_of_two_policies_the_stricter_rules(maker: Actor, approvers: list[Actor]) -> None:
    policy("tests.pay", name="all payments")
    assert pay("10.00", key="small", actor=maker).result["approvers_needed"] == 1
    assert pay("1000.00", key="large", actor=maker).result["approvers_needed"] == 2
    no_policies()
    assert pay("1000.00", key="free", actor=maker).accepted


class TestWhenThePlanChanged:
    @pytest.fixture(autouse=True)
    def _fee_that_rises(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(commands, "FEES", {"fee": "0.10"})

    def test_it_goes_back_to_the_approvers(self, maker: Actor, approvers: list[Actor]) -> None:
        asked = pay("1000.00", actor=maker)
        approved = bytes(standing(asked).approved_hash)
        commands.FEES["fee"] = "0.20"
        with nothing_moved():
            approve(asked, *approvers)
        again = standing(asked)
        assert again.status == "pending"
        assert bytes(again.approved_hash) != approved
        refusal = Operation.objects.get(key=f"{asked.approval_request_id}:apply")
        assert (refusal.refusal["code"], refusal.holds_key) == ("APPROVAL_STALE", False)

    def test_and_the_same_people_may_approve_what_it_is_now(
        self, maker: Actor, approvers: list[Actor]
    ) -> None:
        asked = pay("1000.00", actor=maker)
        commands.FEES["fee"] = "0.20"
        approve(asked, *approvers)
        assert approve(asked, *approvers) == [None, None]
        assert standing(asked).status == "applied"
        assert balances("amara", "bo") == {"amara": "4000.00", "bo": "1000.00"}
        assert Decision.objects.count() == 4

    def test_old_yeses_do_not_come_back_with_the_old_hash(self, maker: Actor, approvers: list[Actor]) -> None:
        asked = pay("1000.00", actor=maker)
        commands.FEES["fee"] = "0.20"
        approve(asked, *approvers)
        before = Operation.objects.count()
        assert approve(asked, approvers[0]) == [None]
        commands.FEES["fee"] = "0.10"
        assert approve(asked, approvers[1]) == [None]
        assert (standing(asked).round, standing(asked).status) == (2, "pending")
        assert approve(asked, approvers[0]) == [None]
        assert standing(asked).status == "pending"
        assert approve(asked, approvers[1]) == [None]
        assert standing(asked).status == "applied"
        assert Operation.objects.count() > before

    def test_policies_are_asked_again_and_only_for_more(self, maker: Actor, approvers: list[Actor]) -> None:
        asked = pay("1000.00", actor=maker)
        policy("tests.pay", role="compliance", name="and compliance")
        commands.FEES["fee"] = "0.20"
        approve(asked, *approvers)
        again = standing(asked)
        assert again.steps == [{"role": "approver", "people": 2}, {"role": "compliance", "people": 1}]
        assert (again.approvers_needed, [each["policy"] for each in again.policies]) == (
            3,
            ["large payments", "and compliance"],
        )
        assert approve(asked, *approvers) == [None, None]
        assert standing(asked).status == "pending"
        assert approve(asked, as_person("carl@example.com", "compliance")) == [None]
        assert standing(asked).status == "applied"

    def test_balances_times_and_new_ids_change_nothing(self, maker: Actor, approvers: list[Actor]) -> None:
        asked = pay("1000.00", actor=maker)
        moved("mint", "amara", "0.01")
        approve(asked, *approvers)
        assert balances("amara", "bo") == {"amara": "4000.01", "bo": "1000.00"}


class TestApplying:
    def test_a_refusal_of_the_ledger_ends_the_request(self, maker: Actor, approvers: list[Actor]) -> None:
        asked = pay("5000.00", actor=maker)
        moved("amara", "mint", "0.01")
        with nothing_moved():
            approve(asked, *approvers)
        assert standing(asked).status == "refused"
        assert approved_but_not_applied() == []

    def test_what_a_crash_left_approved_is_applied_later_and_once(
        self, maker: Actor, approvers: list[Actor], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = pay("1000.00", actor=maker)
        with monkeypatch.context() as crash, nothing_moved():
            crash.setattr("apps.operations.services.approvals.application_of", lambda request: None)
            crash.setattr("apps.operations.executor.execute_many", _only_the_first(crash))
            approve(asked, approvers[0])
            with pytest.raises(KeyboardInterrupt):
                decide("approve", asked, approvers[1])
        assert standing(asked).status == "approved"
        [left] = approved_but_not_applied()
        assert execute(left).accepted
        assert approved_but_not_applied() == []
        with nothing_moved():
            assert execute(left).replayed
        assert standing(asked).status == "applied"
        assert balances("amara", "bo") == {"amara": "4000.00", "bo": "1000.00"}

    def test_without_approval_nobody_applies(self, maker: Actor, approvers: list[Actor]) -> None:
        asked = pay("1000.00", actor=maker)
        given = {"source": "amara", "destination": "bo", "amount": eur("1000.00")}
        forged = Request("tests.pay", given, "forged", maker, approval_request_id=asked.approval_request_id)
        with nothing_moved():
            assert code(execute(forged)) == "APPROVAL_MISSING"
            decide("reject", asked, approvers[0])
            assert code(execute(forged)) == "APPROVAL_MISSING"
            unknown = Request("tests.pay", given, "unknown", maker, approval_request_id="apr_" + "0" * 26)
            assert code(execute(unknown)) == "NOT_FOUND"

    def test_what_was_applied_is_not_applied_under_another_key(
        self, maker: Actor, approvers: list[Actor]
    ) -> None:
        asked = pay("1000.00", actor=maker)
        approve(asked, *approvers)
        given = {"source": "amara", "destination": "bo", "amount": eur("1000.00")}
        twice = Request("tests.pay", given, "twice", maker, approval_request_id=asked.approval_request_id)
        with nothing_moved():
            assert code(execute(twice)) == "APPROVAL_MISSING"

    def test_an_approval_is_of_one_input(
        self, maker: Actor, approvers: list[Actor], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = pay("1000.00", actor=maker)
        ApprovalRequest.objects.filter(pk=asked.approval_request_id).update(status="approved")
        given = {"source": "amara", "destination": "bo", "amount": eur("2000.00")}
        other = Request("tests.pay", given, "other", maker, approval_request_id=asked.approval_request_id)
        with nothing_moved():
            assert code(execute(other)) == "APPROVAL_STALE"

    def test_a_maker_who_lost_the_right_ends_the_request(
        self, maker: Actor, approvers: list[Actor], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from apps.accounts import people as accounts
        from apps.operations import people

        asked = pay("1000.00", actor=maker)
        monkeypatch.setattr(people, "_registered", [people.People(accounts.find_actor, accounts.deciders)])
        with nothing_moved():
            approve(asked, *approvers)
        assert standing(asked).status == "refused"
        assert approved_but_not_applied() == []

    def test_a_maker_who_left_holds_nobody_else_up(
        self, maker: Actor, approvers: list[Actor], settings: Any
    ) -> None:
        settings.APPROVAL_UNDO_SECONDS = 60
        leaver = as_person("lea@example.com", "admin")
        gone, kept = pay("1000.00", key="gone", actor=leaver), pay("1500.00", key="kept", actor=maker)
        assert approve(gone, *approvers) + approve(kept, *approvers) == [None] * 4
        settings.APPROVAL_UNDO_SECONDS = 0
        User.objects.filter(pk=leaver.id).update(is_active=False)
        for left in approved_but_not_applied():
            execute(left)
        assert (standing(gone).status, standing(kept).status) == ("refused", "applied")
        assert balances("amara", "bo") == {"amara": "3500.00", "bo": "1500.00"}

    def test_the_last_yes_for_a_maker_who_left_ends_the_request(
        self, maker: Actor, approvers: list[Actor]
    ) -> None:
        asked = pay("1000.00", actor=maker)
        User.objects.filter(pk=maker.id).update(is_active=False)
        with nothing_moved():
            assert approve(asked, *approvers) == [None, None]
        assert standing(asked).status == "refused"


def _only_the_first(crash: pytest.MonkeyPatch) -> Any:
    """The process dies when it turns to what follows."""
    from apps.operations import executor

    original, calls = executor.execute_many, []

    def execute_many(requests: Any) -> Any:
        calls.append(requests)
        if requests == [None]:
            raise KeyboardInterrupt
        return original(requests)

    return execute_many


class TestNobodyEligible:
    def test_is_seen_in_the_request_and_raises_an_alert(self, maker: Actor) -> None:
        asked = pay("1000.00", actor=maker)
        assert standing(asked).nobody_eligible
        alert = Event.objects.get(type="alert.raised")
        assert (alert.subject, alert.data["reason"]) == (asked.approval_request_id, "no eligible approver")

    def test_the_maker_is_not_counted_and_one_of_two_is_not_enough(self, maker: Actor) -> None:
        as_person("ines@example.com", "approver")
        assert standing(pay("1000.00", actor=maker)).nobody_eligible

    def test_a_role_that_may_not_decide_is_nobody(self, maker: Actor) -> None:
        no_policies()
        policy("tests.pay", role="viewer")
        as_person("vi@example.com", "viewer")
        assert standing(pay("1000.00", actor=maker)).nobody_eligible


class TestHandlers:
    """A handler writes by itself, so it must not have run while it waits."""

    @pytest.fixture(autouse=True)
    def _policy(self, ledger_db: Any) -> None:
        policy("tests.note", name="notes")

    def test_it_has_not_run_while_it_waits(self, maker: Actor, approvers: list[Actor]) -> None:
        asked = run("tests.note", actor=maker, name="Acme")
        assert asked.status == "pending_approval"
        assert self.notes() == 0
        approve(asked, approvers[0])
        assert self.notes() == 1
        assert standing(asked).status == "applied"

    def test_a_no_leaves_nothing_behind(self, maker: Actor, approvers: list[Actor]) -> None:
        asked = run("tests.note", actor=maker, name="Acme")
        decide("reject", asked, approvers[0])
        assert self.notes() == 0

    def test_a_preview_says_who_will_be_asked(self, maker: Actor) -> None:
        shown = preview(request("tests.note", actor=maker, name="Acme"))
        assert (shown["approval"]["policy"], shown["approval"]["approvers_needed"]) == ("notes", 1)
        assert self.notes() == 0

    @staticmethod
    def notes() -> int:
        """How many the handler has made."""
        from apps.accounts.models import Tenant

        return Tenant.objects.filter(name="Acme").count()


class TestThePolicyThatShips:
    @pytest.fixture(autouse=True)
    def _policies(self, ledger_db: Any) -> None:
        call_command("loaddata", "approval_policies", verbosity=0)

    GIVEN = {
        "book": "platform",
        "account": "amara",
        "direction": "debit",
        "amount": eur("5.00"),
        "reason": "counted again",
        "related_type": "ticket",
        "related_id": "7",
        "effective_at": "2026-01-31T10:00:00+01:00",
    }

    def test_names_commands_that_tell_facts(self) -> None:
        assert ApprovalPolicy.objects.filter(status="active").count() == 8 + 1
        for shipped in ApprovalPolicy.objects.exclude(name="large payments"):
            told = facts.told_by(facts.governable()[shipped.command])
            assert {each["fact"] for block in shipped.blocks for each in block} <= told, shipped

    def test_lets_two_approve_a_persons_correction(self, approvers: list[Actor]) -> None:
        finance = as_person("fin@example.com", "finance")
        with nothing_moved():
            asked = run("ledger.post_correction", actor=finance, **self.GIVEN)
            assert asked.status == "pending_approval"
        assert approve(asked, *approvers) == [None, None]
        assert balances("amara", "suspense:corrections") == {
            "amara": "4995.00",
            "suspense:corrections": "5.00",
        }
        assert JournalEntry.objects.get(kind="correction").effective_at == datetime(
            2026, 1, 31, 9, tzinfo=UTC
        )

    def test_does_not_hold_up_the_system(self) -> None:
        assert run("ledger.post_correction", **self.GIVEN).accepted
