"""What the one door promises to whoever passes it."""

import json
from typing import Any

import pytest
from django.db import connection, transaction

from apps.accounts.models import Tenant, User
from apps.core.actor import Actor
from apps.operations import combiner, inputs, registry
from apps.operations.errors import CommandUnknown, InsideTransaction, PermissionDenied
from apps.operations.executor import execute, execute_many, preview
from apps.operations.models import Event, Operation
from apps.operations.plan import Request
from tests.support.commands import COMMANDS
from tests.support.door import (
    balances,
    code,
    done,
    eur,
    everyone,
    moved,
    movement,
    nothing_moved,
    opened,
    person,
    refused,
    request,
    rows,
    run,
    tenant,
)
from tests.support.policies import policy

pytestmark = pytest.mark.usefixtures("ledger_db", "test_commands")


@pytest.fixture
def _wallets() -> None:
    opened("mint", floor=None)
    opened("amara")
    opened("bo")
    moved("mint", "amara", "100.00")


def count_of_everything() -> dict[str, int]:
    """How many rows each of our tables has."""
    tables = [
        t
        for t in connection.introspection.table_names()
        if t.startswith(("operations_", "ledger_", "accounts_"))
    ]
    return {table: rows(f'SELECT count(*) FROM "{table}"')[0][0] for table in tables}


class TestPermission:
    def test_is_asked_of_the_actor_alone(self) -> None:
        nobody = Actor.system("nobody", {"tests.other"})
        assert refused("tests.switch", key="k", actor=nobody) == "AUTHORIZATION_FAILED"
        denied = Operation.objects.get(key="k")
        assert (denied.status, denied.holds_key, denied.actor_label) == ("refused", False, "nobody")
        assert denied.refusal["details"] == {"permission": "tests.switch"}
        assert run("tests.switch", key="k", actor=Actor.system("somebody", {"tests.switch"})).accepted

    def test_comes_before_the_input(self) -> None:
        assert (
            refused("tests.rename", actor=Actor.system("nobody", ()), nonsense=True) == "AUTHORIZATION_FAILED"
        )

    def test_of_a_role_is_what_its_people_may(self) -> None:
        viewer, operator = person("vi@example.com", "viewer"), person("olu@example.com", "operator")
        given = {"book": "platform", "address": "a", "currency": "EUR", "gl_code": "2130", "side": "credit"}
        assert refused("ledger.open_account", actor=viewer, **given) == "AUTHORIZATION_FAILED"
        assert done("ledger.open_account", actor=operator, **given)["address"] == "a"


class TestOperation:
    def test_tells_who_did_what_from_where_and_when(self) -> None:
        run("tests.switch", key="k", currency="USD")
        operation = Operation.objects.get(key="k")
        assert (operation.command, operation.version, operation.status) == ("tests.switch", 1, "accepted")
        assert (operation.actor_kind, operation.actor_id, operation.actor_label) == (
            "system",
            "system:test",
            "test",
        )
        assert operation.input == {"currency": "USD", "provider": "acme"}
        assert (operation.result, operation.refusal, operation.origin) == ({"ran": True}, None, "internal")

    def test_hides_secrets_and_encrypts_what_is_personal(self) -> None:
        run("tests.register", key="k", email="ada@example.com", pin="1234", city="Bonn")
        stored = Operation.objects.get(key="k")
        assert stored.input["pin"] == inputs.REDACTED
        assert stored.input["city"] == "Bonn"
        assert "ada" not in json.dumps(stored.input)
        assert inputs.readable(registry.find("tests.register"), stored.input)["email"] == "ada@example.com"

    def test_knows_a_replay_with_another_secret_but_not_with_other_personal_data(self) -> None:
        given = {"email": "ada@example.com", "pin": "1234", "city": "Bonn"}
        run("tests.register", key="k", **given)
        assert run("tests.register", key="k", **{**given, "pin": "9999"}).replayed
        other = run("tests.register", key="k", **{**given, "email": "eve@example.com"})
        assert other.error is not None
        assert other.error.details["fields"] == ["email"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"email": "ada@example.com", "pin": "1234"},
            {"email": "ada@example.com", "pin": ["1234"], "city": "Bonn"},
            {"email": "ada@", "pin": "1234", "city": "Bonn"},
            {"email": "ada@example.com", "pni": "1234", "city": "Bonn"},
            ["ada@example.com", "1234"],
        ],
        ids=["missing", "of another type", "not valid", "misspelt", "no object"],
    )
    def test_hides_them_in_a_wrong_input_too(self, wrong: Any) -> None:
        assert code(execute(Request("tests.register", wrong, "k", everyone()))) == "INPUT_INVALID"
        # Ids and hashes are random, and may have any letters in them.
        [(kept,)] = rows(
            "SELECT (to_jsonb(o) - 'id' - 'input_hash')::text FROM operations_operation o WHERE key = 'k'"
        )
        assert "1234" not in kept
        assert "ada" not in kept

    def test_of_a_real_user_holds_no_password(self) -> None:
        person("ada@example.com", "viewer")
        [(kept,)] = rows("SELECT string_agg(o::text, '') FROM operations_operation o")
        assert "correct horse" not in kept
        assert User.objects.get(email="ada@example.com").check_password("correct horse battery staple")


@pytest.mark.usefixtures("_wallets")
class TestPreview:
    def test_of_a_plan_writes_nothing(self) -> None:
        before = count_of_everything()
        shown = preview(request("ledger.import_entry", **movement("amara", "bo", "30.00")))
        assert shown["entries"][0]["postings"] == [
            {"source": "amara", "destination": "bo", "amount": {"amount": "30.00", "currency": "EUR"}}
        ]
        assert shown["approval"] is None
        assert count_of_everything() == before

    def test_of_a_handler_writes_nothing(self) -> None:
        before = count_of_everything()
        shown = preview(request("tests.note", name="Acme"))
        assert shown["result"]["tenant"].startswith("ten_")
        assert count_of_everything() == before

    def test_says_who_would_be_asked(self) -> None:
        policy("tests.pay", people=3, name="all payments")
        shown = preview(request("tests.pay", source="amara", destination="bo", amount=eur("1.00")))
        assert shown["approval"] == {
            "policy": "all payments",
            "approvers_needed": 3,
            "steps": [{"role": "approver", "people": 3}],
            "in_sequence": False,
        }

    def test_refuses_as_the_run_would(self) -> None:
        before = count_of_everything()
        with pytest.raises(PermissionDenied):
            preview(request("tests.switch", actor=Actor.system("nobody", ())))
        with pytest.raises(CommandUnknown):
            preview(request("tests.nothing"))
        assert count_of_everything() == before

    def test_leaves_the_key_free(self) -> None:
        preview(request("tests.switch", key="k"))
        assert not run("tests.switch", key="k").replayed


class TestInsideATransaction:
    def test_it_raises(self) -> None:
        for call in (execute, combiner.execute, preview):
            with transaction.atomic(), pytest.raises(InsideTransaction):
                call(request("tests.switch", key="k"))
        assert not Operation.objects.filter(key="k").exists()
        assert combiner.execute(request("tests.switch", key="k")).accepted


@pytest.mark.usefixtures("_wallets")
class TestBatch:
    def test_outcomes_stand_in_the_order_of_the_requests(self) -> None:
        amounts = ["10.00", "1000.00", "20.00", "0.00", "70.00", "0.01"]
        outcomes = execute_many(
            [request("ledger.import_entry", **movement("amara", "bo", a)) for a in amounts]
        )
        assert [code(outcome) for outcome in outcomes] == [
            None,
            "INSUFFICIENT_BALANCE",
            None,
            "INPUT_INVALID",
            None,
            "INSUFFICIENT_BALANCE",
        ]
        assert [outcome.result["entry"][:3] for outcome in outcomes if outcome.accepted] == ["je_"] * 3
        assert balances("amara", "bo") == {"amara": "0.00", "bo": "100.00"}

    def test_many_more_than_fit_one_transaction_are_run_all(self) -> None:
        outcomes = execute_many(
            [request("ledger.import_entry", **movement("mint", "bo", "0.01")) for _ in range(1_203)]
        )
        assert all(outcome.accepted for outcome in outcomes)
        assert len({outcome.operation_id for outcome in outcomes}) == 1_203
        assert balances("bo") == {"bo": "12.03"}

    def test_no_command_overtakes_a_handler(self) -> None:
        freeze = {
            "book": "platform",
            "account": "amara",
            "currency": "EUR",
            "direction": "out",
            "reason": "x",
        }
        outcomes = execute_many(
            [
                request("ledger.import_entry", **movement("amara", "bo", "10.00")),
                request("ledger.freeze_account", **freeze),
                request("ledger.import_entry", **movement("amara", "bo", "10.00")),
            ]
        )
        assert [code(outcome) for outcome in outcomes] == [None, None, "ACCOUNT_FROZEN"]
        assert balances("bo") == {"bo": "10.00"}

    def test_commands_on_one_target_follow_each_other(self) -> None:
        acme = tenant("acme")
        outcomes = execute_many(
            [request("tests.rename", tenant=acme, name=name) for name in ("One", "Two", "Three")]
        )
        assert [outcome.result["was"] for outcome in outcomes] == ["Acme", "One", "Two"]
        assert Tenant.objects.get(pk=acme).name == "Three"

    def test_a_target_that_is_not_there_is_refused(self) -> None:
        assert refused("tests.rename", tenant="ten_" + "0" * 26, name="x") == "NOT_FOUND"

    def test_an_integrity_error_of_one_runs_each_alone(self) -> None:
        given = {"book": "platform", "currency": "EUR", "gl_code": "2130", "side": "credit"}
        outcomes = execute_many(
            [request("ledger.open_account", address=address, **given) for address in ("new", "new", "newer")]
        )
        assert [code(outcome) for outcome in outcomes] == [None, "ACCOUNT_EXISTS", None]

    def test_none_is_none(self) -> None:
        assert execute_many([]) == []

    def test_a_defect_is_raised_and_nothing_of_its_batch_stands(self) -> None:
        with nothing_moved(), pytest.raises(RuntimeError, match="a defect"):
            execute_many(
                [request("ledger.import_entry", **movement("amara", "bo", "1.00")), request("tests.break")]
            )
        assert code(run("tests.switch")) is None


@pytest.mark.usefixtures("_wallets")
class TestStatements:
    def test_are_planned_once_for_a_connection(self) -> None:
        """Planning them anew each time costs as much again as running them; Django would have it so."""
        for _ in range(7):
            moved("amara", "bo", "1.00")
        for statement in ("operations_claim", "ledger_post", "INTO operations_event"):
            found = "SELECT sum(generic_plans) FROM pg_prepared_statements WHERE strpos(statement, %s) > 0"
            assert rows(found, statement)[0][0], statement


@pytest.mark.usefixtures("_wallets")
class TestPlans:
    def test_balances_after_stand_in_the_result_and_in_the_events(self) -> None:
        outcome = run("tests.pay", source="amara", destination="bo", amount=eur("30.00"))
        assert outcome.result["after"] == eur("30.00")
        assert Event.objects.get(type="tests.paid").data == {"after": eur("30.00")}

    def test_balances_after_are_of_their_own_entry_in_a_batch(self) -> None:
        outcomes = execute_many(
            [request("tests.pay", source="amara", destination="bo", amount=eur("10.00")) for _ in range(3)]
        )
        assert [outcome.result["after"] for outcome in outcomes] == [eur("10.00"), eur("20.00"), eur("30.00")]

    def test_balances_after_of_a_debit_account_are_as_people_read_them(self) -> None:
        opened("bank", side="debit", floor=None)
        given = {
            "book": "platform",
            "account": "bank",
            "direction": "debit",
            "amount": eur("5.00"),
            "reason": "x",
        }
        result = done("ledger.post_correction", **given, related_type="t", related_id="1")
        assert result["balances"] == {"bank": eur("5.00"), "suspense:corrections": eur("5.00")}

    def test_entries_of_several_books_stand_together(self) -> None:
        tenant("acme")
        opened("due:platform", book="acme", floor=None)
        opened("wallet", book="acme")
        entries = [
            {"book": "platform", "reference": "r", "postings": [["amara", "bo", "30.00", "EUR"]]},
            {"book": "acme", "reference": "r", "postings": [["due:platform", "wallet", "30.00", "EUR"]]},
        ]
        assert run("tests.post", entries=entries).accepted
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}
        assert balances("wallet", book="acme") == {"wallet": "30.00"}
        assert len(rows("SELECT DISTINCT group_id FROM ledger_entry WHERE group_id IS NOT NULL")) == 1

    def test_entries_of_several_books_are_refused_together(self) -> None:
        tenant("acme")
        opened("wallet", book="acme")
        opened("poor", book="acme")
        entries = [
            {"book": "platform", "reference": "r", "postings": [["amara", "bo", "30.00", "EUR"]]},
            {"book": "acme", "reference": "r", "postings": [["poor", "wallet", "30.00", "EUR"]]},
        ]
        outcome = run("tests.post", entries=entries)
        assert code(outcome) == "INSUFFICIENT_BALANCE"
        assert outcome.error is not None
        assert outcome.error.details["source"] == "poor"
        assert balances("amara", "bo") == {"amara": "100.00", "bo": "0.00"}

    def test_a_reference_that_stands_is_refused_with_the_entry_that_has_it(self) -> None:
        given = movement("amara", "bo", "1.00")
        first = run("ledger.import_entry", **given)
        with nothing_moved():
            again = run("ledger.import_entry", **given)
        assert code(again) == "DUPLICATE_TRANSACTION"
        assert again.error is not None
        assert again.error.details["standing"] == first.result["entry"]

    def test_a_reference_twice_in_a_batch_is_posted_once(self) -> None:
        given = movement("amara", "bo", "1.00")
        first, again = execute_many([request("ledger.import_entry", **given) for _ in range(2)])
        assert (code(first), code(again)) == (None, "DUPLICATE_TRANSACTION")
        assert again.error is not None
        assert again.error.details["standing"] == first.result["entry"]
        assert balances("bo") == {"bo": "1.00"}

    @pytest.mark.parametrize(
        ("amount", "sticks", "expected", "name", "events"),
        [
            ("100.00", True, None, "paid", ["tests.spent"]),
            ("100.01", True, "INSUFFICIENT_BALANCE", "failed", ["tests.not_spent"]),
            ("100.01", False, "INSUFFICIENT_BALANCE", "Acme", []),
        ],
    )
    def test_what_is_written_follows_from_what_the_ledger_said(
        self, amount: str, sticks: bool, expected: str | None, name: str, events: list[str]
    ) -> None:
        """A refusal that leaves the key free leaves everything as it was."""
        acme = tenant("acme")
        assert code(run("tests.spend", tenant=acme, amount=eur(amount), sticks=sticks)) == expected
        assert Tenant.objects.get(pk=acme).name == name
        assert Tenant.objects.filter(name="receipt").count() == (expected is None)
        assert (
            list(Event.objects.filter(subject=acme, type__startswith="tests.").values_list("type", flat=True))
            == events
        )

    def test_a_row_that_is_not_as_it_was_read_is_a_conflict(self) -> None:
        acme = tenant("acme")
        done("tests.rename", tenant=acme, name="Bloom")
        outcome = run("tests.rename_unlocked", key="k", tenant=acme, name="Cove")
        assert outcome.error is not None
        assert (outcome.error.code, outcome.error.transient) == ("CONFLICT", True)
        assert Tenant.objects.get(pk=acme).name == "Bloom"
        done("tests.rename", tenant=acme, name="Acme")
        assert run("tests.rename_unlocked", key="k", tenant=acme, name="Cove").accepted

    def test_the_door_acts_as_the_applications_role(self) -> None:
        seen: list[str] = []

        def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            result = execute(sql, params, many, context)
            if sql.startswith("SELECT") and "accounts_tenant" in sql:
                seen.append(rows("SELECT current_user")[0][0])
            return result

        acme = tenant("acme")
        with connection.execute_wrapper(look):
            run("tests.rename", tenant=acme, name="Acme II")
        assert seen == ["countinghouse_app"]


def test_every_test_command_fits_its_function() -> None:
    from apps.operations.checks import _check

    assert [message for command in COMMANDS for message in _check(command)] == []
