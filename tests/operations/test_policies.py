"""Policies: drafted, activated by two people, replaced and retired; the facts that they see; what they would have held."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.utils import ProgrammingError

from apps.core import clock
from apps.core.actor import Actor
from apps.operations import facts, simulation
from apps.operations.models import ApprovalPolicy, ApprovalRequest, Operation
from apps.operations.registry import all_commands, find
from tests.operations.decisions import CORRECTION, asked, says
from tests.support.door import code, done, eur, everyone, moved, opened, person, run
from tests.support.policies import no_policies, policy
from tests.support.tenants import World, world

pytestmark = pytest.mark.usefixtures("ledger_db")

LARGE = {"fact": "amount_usd", "op": "gte", "value": "10000"}
NIGHT = [{"fact": "hour", "op": "gte", "value": "22"}, {"fact": "origin", "op": "in", "value": "api, cli"}]
CONTENT = {
    "governs": "ledger.post_correction",
    "blocks": [[LARGE], NIGHT],
    "steps": [{"role": "approver", "people": 2}, {"role": "compliance", "people": 1}],
    "in_sequence": True,
    "reason": "so they want it",
}


@pytest.fixture
def admin(ledger_db: Any) -> Actor:
    """Who changes policies."""
    return person("root@example.com", "admin")


@pytest.fixture
def ines(ledger_db: Any) -> Actor:
    """Who agrees to changes of policies, among other things."""
    return person("ines@example.com", "approver")


def drafted(admin: Actor, name: str = "Large", **more: Any) -> str:
    """A draft; its id."""
    return str(done("operations.draft_policy", actor=admin, name=name, **{**CONTENT, **more})["policy"])


def activated(admin: Actor, ines: Actor, draft: str) -> None:
    """Let a draft hold, with a second person."""
    outcome = run("operations.activate_policy", actor=admin, policy=draft, reason="decided on Monday")
    assert outcome.approval_request_id
    assert says(ines, outcome.approval_request_id) is None


def statuses(name: str = "Large") -> dict[int, str]:
    """Every version of a policy."""
    return dict(ApprovalPolicy.objects.filter(name=name).values_list("version", "status"))


class TestLife:
    def test_a_draft_holds_nothing_and_says_what_was_typed(self, admin: Actor) -> None:
        found = ApprovalPolicy.objects.get(pk=drafted(admin))
        assert (found.version, found.status, found.drafted_by) == (1, "draft", "root@example.com")
        assert found.blocks == [
            [{"fact": "amount_usd", "op": "gte", "value": "10000"}],
            [
                {"fact": "hour", "op": "gte", "value": 22},
                {"fact": "origin", "op": "in", "value": ["api", "cli"]},
            ],
        ]

    def test_two_people_activate_it(self, admin: Actor, ines: Actor) -> None:
        draft = drafted(admin, blocks=[])
        outcome = run("operations.activate_policy", actor=admin, policy=draft, reason="decided")
        assert (outcome.status, statuses()) == ("pending_approval", {1: "draft"})
        request = str(outcome.approval_request_id)
        assert says(admin, request) == "APPROVAL_BY_MAKER"
        assert says(ines, request) is None
        assert statuses() == {1: "active"}
        opened("amara")
        found = ApprovalRequest.objects.get(pk=asked(person("fin@example.com", "finance")))
        assert (found.approvers_needed, found.in_sequence) == (3, True)
        assert found.policies == [{"policy": "Large", "version": 1}]

    def test_nobody_can_retire_that_two_are_needed(self, admin: Actor, ines: Actor) -> None:
        no_policies()
        draft = drafted(admin)
        assert run("operations.activate_policy", actor=admin, policy=draft, reason="x").approval_request_id
        activated(admin, ines, drafted(admin, "Other"))
        other = ApprovalPolicy.objects.get(name="Other").pk
        assert run("operations.retire_policy", actor=admin, policy=other, reason="x").approval_request_id

    def test_another_version_replaces_it_and_requests_keep_theirs(self, admin: Actor, ines: Actor) -> None:
        activated(admin, ines, drafted(admin, blocks=[]))
        opened("amara")
        fin = person("fin@example.com", "finance")
        before = asked(fin)
        steps = [{"role": "approver", "people": 1}]
        activated(admin, ines, drafted(admin, blocks=[], steps=steps, in_sequence=False))
        assert statuses() == {1: "retired", 2: "active"}
        kept = ApprovalRequest.objects.get(pk=before)
        assert (kept.policies, kept.approvers_needed) == ([{"policy": "Large", "version": 1}], 3)
        assert ApprovalRequest.objects.get(pk=asked(fin)).steps == steps

    def test_a_draft_that_changed_since_goes_back_to_the_approvers(self, admin: Actor, ines: Actor) -> None:
        draft = drafted(admin)
        request = str(
            run("operations.activate_policy", actor=admin, policy=draft, reason="x").approval_request_id
        )
        done("operations.change_policy", actor=admin, policy=draft, **{**CONTENT, "blocks": []})
        says(ines, request)
        assert (ApprovalRequest.objects.get(pk=request).status, statuses()) == ("pending", {1: "draft"})
        assert says(ines, request) is None
        assert statuses() == {1: "active"}

    def test_only_drafts_change(self, admin: Actor, ines: Actor) -> None:
        draft = drafted(admin)
        assert code(run("operations.draft_policy", actor=admin, name="Large", **CONTENT)) == (
            "POLICY_DRAFT_EXISTS"
        )
        assert code(run("operations.retire_policy", actor=admin, policy=draft, reason="x")) == (
            "POLICY_NOT_ACTIVE"
        )
        activated(admin, ines, draft)
        for name, more in (("change", CONTENT), ("discard", {"reason": "x"}), ("activate", {"reason": "x"})):
            assert code(run(f"operations.{name}_policy", actor=admin, policy=draft, **more)) == (
                "POLICY_NOT_DRAFT"
            )
        other = {**CONTENT, "governs": "ledger.reverse_entry"}
        assert code(run("operations.draft_policy", actor=admin, name="Large", **other)) == (
            "POLICY_OTHER_COMMAND"
        )
        done("operations.discard_policy", actor=admin, policy=drafted(admin), reason="not now")
        assert statuses() == {1: "active", 2: "discarded"}

    @pytest.mark.parametrize("column", ["blocks = '[]'", "steps = '[]'", "name = 'x'", "in_sequence = false"])
    def test_the_database_keeps_what_was_active(self, admin: Actor, ines: Actor, column: str) -> None:
        activated(admin, ines, drafted(admin))
        with connection.cursor() as cursor, pytest.raises(ProgrammingError, match="POLICY_STANDS"):
            cursor.execute(f"UPDATE operations_approvalpolicy SET {column}")

    def test_who_may(self, ines: Actor) -> None:
        assert code(run("operations.draft_policy", actor=ines, name="x", **CONTENT)) == "AUTHORIZATION_FAILED"
        done("operations.draft_policy", actor=person("carl@example.com", "compliance"), name="x", **CONTENT)


@pytest.mark.parametrize(
    ("changed", "pointer", "says_so"),
    [
        ({"governs": "accounts.create_wallet"}, ["governs"], "is none of"),
        ({"blocks": [[{**LARGE, "fact": "colour"}]]}, ["blocks", "0", "0", "fact"], "is none of"),
        ({"blocks": [[LARGE, {**LARGE, "fact": "proof"}]]}, ["blocks", "0", "1", "op"], "eq, ne, in"),
        (
            {"blocks": [[LARGE], [{"fact": "proof", "op": "eq", "value": "none"}]]},
            ["blocks", "1", "0", "fact"],
            "does not tell this; it tells",
        ),
        ({"blocks": [[{**LARGE, "op": "eq"}]]}, ["blocks", "0", "0", "op"], "one can ask: gte, lte"),
        ({"blocks": [[{**LARGE, "op": "like"}]]}, ["blocks", "0", "0", "op"], "is none of"),
        ({"blocks": [[{**LARGE, "value": "much"}]]}, ["blocks", "0", "0", "value"], "must be a number"),
        ({"blocks": [[{**LARGE, "value": "1e5"}]]}, ["blocks", "0", "0", "value"], "must be a number"),
        ({"blocks": [[{**LARGE, "value": True}]]}, ["blocks", "0", "0", "value"], "must be one value"),
        (
            {"blocks": [[{"fact": "hour", "op": "lte", "value": "5.5"}]]},
            ["blocks", "0", "0", "value"],
            "whole number",
        ),
        ({"blocks": [[]]}, ["blocks", "0"], "at least 1"),
        ({"steps": []}, ["steps"], "at least 1"),
        ({"steps": [{"role": "viewer", "people": 1}]}, ["steps", "0", "role"], "is none of"),
        ({"steps": [{"role": "approver", "people": 0}]}, ["steps", "0", "people"], "greater than"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(
    admin: Actor, changed: dict[str, Any], pointer: list[str], says_so: str
) -> None:
    outcome = run("operations.draft_policy", actor=admin, name="x", **{**CONTENT, **changed})
    assert outcome.error
    assert outcome.error.code == "INPUT_INVALID"
    told = outcome.error.details["fields"]
    for name in pointer:
        told = told[int(name)] if isinstance(told, list) else told[name]
    assert says_so in str(told)


class TestFacts:
    @pytest.fixture
    def acme(self, ledger_db: Any) -> World:
        return world("acme")

    def test_are_kept_of_what_passed_and_of_what_waits(self, acme: World) -> None:
        wallet = acme.funded("1.00")
        kept = Operation.objects.get(command="transfers.post_pay_in").facts["transfers.post_pay_in"]
        assert (kept["kind"], kept["currency"], kept["amount"], kept["tenant"], kept["test"]) == (
            "pay_in",
            "EUR",
            "1.00",
            acme.tenant,
            False,
        )
        assert (kept["amount_usd"], kept["origin"], kept["hour"]) == (None, "internal", clock.now().hour)
        policy("transfers.post_pay_in")
        given = {"wallet": wallet, "amount": eur("2.00"), "from_account": "bank:ing"}
        outcome = run("transfers.post_pay_in", **given)
        waits = Operation.objects.get(pk=outcome.operation_id)
        assert waits.facts["transfers.post_pay_in"] == ApprovalRequest.objects.get().facts
        assert waits.facts["transfers.post_pay_in"]["amount"] == "2.00"

    def test_are_what_commands_say_that_they_tell(self, acme: World) -> None:
        acme.funded("1.00")
        opened("amara")
        done("ledger.post_correction", **CORRECTION)
        seen = set()
        for operation in Operation.objects.exclude(facts=None):
            for name, told in operation.facts.items():
                seen.add(name)
                assert told.keys() <= facts.told_by(facts.governable()[name]), name
        assert seen == {"ledger.post_correction", "transfers.post_pay_in"}

    def test_every_command_that_can_be_held_tells_known_facts(self) -> None:
        for command in all_commands():
            assert facts.told_by(command) <= facts.known().keys()
            assert not command.tells or command.name in facts.governable()


class TestSimulation:
    @pytest.fixture(autouse=True)
    def _asked(self, ledger_db: Any) -> None:
        opened("mint", floor=None)
        opened("amara")
        moved("mint", "amara", "100.00")
        for amount in ("1.00", "2.00", "3.00"):
            done("ledger.post_correction", **{**CORRECTION, "amount": eur(amount)})

    @staticmethod
    def would(*conditions: dict[str, Any], **more: Any) -> simulation.Simulation:
        """What a draft would have done."""
        made = policy("ledger.post_correction", *conditions, status="draft", name="Draft", **more)
        return simulation.simulate(made, clock.now())

    def test_says_what_it_would_have_held_and_passed(self) -> None:
        person("ines@example.com", "approver")
        found = self.would({"fact": "amount", "op": "gte", "value": "2.00"})
        assert (found.held, found.passed, found.without, found.asked, found.complete) == (2, 1, 0, 3, True)
        amounts = [each.facts["ledger.post_correction"]["amount"] for each in found.examples_held]
        assert amounts == ["3.00", "2.00"]

    def test_and_what_nobody_could_have_agreed_to(self) -> None:
        found = self.would({"fact": "amount", "op": "lte", "value": "1.00"})
        assert (found.held, found.passed, found.without) == (0, 2, 1)
        assert len(found.examples_without) == 1

    def test_the_maker_is_not_counted(self) -> None:
        fay = person("fay@example.com", "finance", "approver")
        done("ledger.post_correction", actor=fay, **CORRECTION)
        found = self.would()
        assert (found.held, found.without) == (3, 1)
        [example] = found.examples_without
        assert example.actor_id == fay.id

    def test_nor_who_is_behind_a_key(self) -> None:
        fay = person("fay@example.com", "approver")
        made = done(
            "accounts.create_operator_key",
            actor=replace(everyone(), kind="user", id=fay.id),
            name="ops",
            scopes=["platform:read"],
        )
        may = frozenset({find("ledger.post_correction").permission})
        done("ledger.post_correction", actor=Actor("api_key", made["api_key"], "ops", may), **CORRECTION)
        found = self.would()
        assert (found.held, found.without) == (3, 1)

    def test_what_was_held_then_counts_once_and_what_was_refused_not_at_all(self) -> None:
        ines = person("ines@example.com", "approver")
        fin = person("fin@example.com", "finance")
        policy("ledger.post_correction")
        says(ines, asked(fin))
        code(run("ledger.post_correction", **{**CORRECTION, "account": "nobody"}))
        assert self.would().asked == 4

    def test_only_the_last_ninety_days(self) -> None:
        made = policy("ledger.post_correction", status="draft", name="Draft")
        assert simulation.simulate(made, clock.now() + timedelta(days=91)).asked == 0
        assert simulation.simulate(made, clock.now() + timedelta(days=89)).asked == 3

    def test_walks_along_an_index(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'operations_operation'")
            assert any("(command, id)" in definition for (definition,) in cursor.fetchall())

    def test_payouts_are_known_by_who_asks_for_their_approval(self) -> None:
        made = policy("transfers.open_sending", status="draft", name="Payouts")
        assert "transfers.create_payout" in simulation._asking(made.command)
        assert simulation.simulate(made, clock.now()).asked == 0


def test_what_ships_is_loaded_once(ledger_db: Any) -> None:
    call_command("setup", "--no-demo", verbosity=0)
    assert ApprovalPolicy.objects.filter(status="active").count() == 8
    no_policies()
    call_command("setup", "--no-demo", verbosity=0)
    assert not ApprovalPolicy.objects.filter(status="active").exists()
