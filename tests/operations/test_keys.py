"""One key, one run: replays, reuse, keys that stay free and keys that are freed."""

from dataclasses import replace

import pytest

from apps.core.actor import Actor
from apps.operations import books
from apps.operations.executor import execute, execute_many
from apps.operations.models import Event, KeyReset, Operation
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
    refused,
    request,
    run,
)

pytestmark = pytest.mark.usefixtures("ledger_db", "test_commands")


@pytest.fixture
def _wallets() -> None:
    opened("mint", floor=None)
    opened("amara")
    opened("bo")
    moved("mint", "amara", "100.00")


@pytest.mark.usefixtures("_wallets")
class TestReplay:
    def test_the_first_answer_comes_again_and_nothing_moves(self) -> None:
        given = movement("amara", "bo", "30.00")
        first = run("ledger.import_entry", key="k", **given)
        events = Event.objects.count()
        with nothing_moved():
            again = run("ledger.import_entry", key="k", **given)
        assert (first.replayed, again.replayed) == (False, True)
        assert (again.status, again.operation_id, again.result) == (
            "accepted",
            first.operation_id,
            first.result,
        )
        assert Event.objects.count() == events
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}

    def test_an_input_that_means_the_same_is_the_same(self) -> None:
        given = movement("amara", "bo", "30.00")
        run("ledger.import_entry", key="k", **given)
        spelled = {**given, "amount": {"currency": "EUR", "amount": "30"}, "description": "", "metadata": {}}
        assert run("ledger.import_entry", key="k", **spelled).replayed

    def test_another_input_is_refused_and_says_where_it_differs(self) -> None:
        given = movement("amara", "bo", "30.00")
        first = run("ledger.import_entry", key="k", **given)
        with nothing_moved():
            other = run("ledger.import_entry", key="k", **{**given, "amount": eur("31.00"), "kind": "fee"})
        assert code(other) == "KEY_REUSED"
        assert other.error is not None
        assert other.error.details["fields"] == ["amount.amount", "kind"]
        assert other.error.details["operation"] == first.operation_id
        assert other.error.details["result"] == first.result

    def test_another_command_is_refused(self) -> None:
        run("ledger.import_entry", key="k", **movement("amara", "bo", "30.00"))
        other = run("ledger.reverse_entry", key="k", entry="je_" + "0" * 26, reason="x")
        assert code(other) == "KEY_REUSED"
        assert other.error is not None
        assert other.error.details["fields"] == ["command"]

    def test_it_needs_the_permission_again(self) -> None:
        given = movement("amara", "bo", "30.00")
        run("ledger.import_entry", key="k", **given)
        assert (
            refused("ledger.import_entry", key="k", actor=Actor.system("nobody", ()), **given)
            == "AUTHORIZATION_FAILED"
        )
        assert run("ledger.import_entry", key="k", **given).replayed

    def test_a_key_twice_in_one_batch_runs_once(self) -> None:
        given = movement("amara", "bo", "30.00")
        first, second, other = execute_many(
            [
                request("ledger.import_entry", key="k", **given),
                request("ledger.import_entry", key="k", **given),
                request("ledger.import_entry", key="k", **{**given, "amount": eur("1.00")}),
            ]
        )
        assert [first.replayed, second.replayed, code(other)] == [False, True, "KEY_REUSED"]
        assert first.operation_id == second.operation_id
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}

    def test_the_same_key_of_another_book_is_another_key(self) -> None:
        done("accounts.create_tenant", name="Acme", slug="acme", base_currency="EUR")
        acme = books.by_slug("acme").pk
        of_acme = Actor("api_key", "key", "key", everyone().permissions, book_id=acme)
        ours, theirs = run("tests.switch", key="k"), run("tests.switch", key="k", actor=of_acme)
        assert (ours.replayed, theirs.replayed) == (False, False)
        runs = Operation.objects.filter(key="k").values_list("book_id", flat=True)
        assert set(runs) == {books.platform_id(), acme}


@pytest.mark.usefixtures("_wallets")
class TestRefusals:
    def test_a_refusal_of_the_ledger_sticks_to_its_key(self) -> None:
        given = movement("amara", "bo", "100.01")
        first = run("ledger.import_entry", key="k", **given)
        moved("mint", "amara", "5.00")
        with nothing_moved():
            again = run("ledger.import_entry", key="k", **given)
        assert (code(first), code(again), again.replayed) == (
            "INSUFFICIENT_BALANCE",
            "INSUFFICIENT_BALANCE",
            True,
        )
        assert again.error is not None
        assert first.error is not None
        assert again.error.as_dict() == first.error.as_dict()
        assert Operation.objects.get(key="k").holds_key

    def test_a_refusal_that_is_not_about_the_callers_accounts_leaves_the_key_free(self) -> None:
        entry = {"book": "platform", "reference": "r", "postings": [["amara", "bo", "100.01", "EUR"]]}
        assert refused("tests.post", key="k", entries=[entry], sticks=False) == "INSUFFICIENT_BALANCE"
        moved("mint", "amara", "5.00")
        assert run("tests.post", key="k", entries=[entry], sticks=False).accepted
        assert balances("amara", "bo") == {"amara": "4.99", "bo": "100.01"}

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"amount": eur("0.00")}, "INPUT_INVALID"),
            ({"book": "nowhere"}, "BOOK_NOT_FOUND"),
        ],
    )
    def test_a_refusal_before_the_ledger_leaves_the_key_free(
        self, change: dict[str, object], expected: str
    ) -> None:
        given = movement("amara", "bo", "30.00")
        assert refused("ledger.import_entry", key="k", **{**given, **change}) == expected
        stored = Operation.objects.get(key="k")
        assert (stored.status, stored.holds_key, stored.refusal["code"]) == ("refused", False, expected)
        assert run("ledger.import_entry", key="k", **given).accepted
        assert balances("amara", "bo") == {"amara": "70.00", "bo": "30.00"}

    def test_a_key_is_freed_by_command_and_the_first_refusal_stays(self) -> None:
        given = movement("amara", "bo", "100.01")
        first = run("ledger.import_entry", key="k", **given)
        moved("mint", "amara", "5.00")
        done("operations.reset_key", operation=first.operation_id, reason="topped up")
        second = run("ledger.import_entry", key="k", **given)
        assert (second.status, second.replayed) == ("accepted", False)
        assert run("ledger.import_entry", key="k", **given).operation_id == second.operation_id
        assert [
            (o.status, o.generation) for o in Operation.objects.filter(key="k").order_by("generation")
        ] == [
            ("refused", 0),
            ("accepted", 1),
        ]
        assert KeyReset.objects.get().reason == "topped up"

    def test_only_a_refusal_that_holds_its_key_is_freed_and_once(self) -> None:
        accepted = run("ledger.import_entry", **movement("amara", "bo", "1.00"))
        free = run("ledger.import_entry", **{**movement("amara", "bo", "1.00"), "book": "nowhere"})
        stuck = run("ledger.import_entry", **movement("amara", "bo", "1000.00"))
        for outcome in (accepted, free):
            assert (
                refused("operations.reset_key", operation=outcome.operation_id, reason="x")
                == "KEY_NOT_RESETTABLE"
            )
        done("operations.reset_key", operation=stuck.operation_id, reason="x")
        assert (
            refused("operations.reset_key", operation=stuck.operation_id, reason="x") == "KEY_NOT_RESETTABLE"
        )


class TestKeysThatAreNone:
    @pytest.mark.parametrize(
        ("key", "expected"),
        [
            ("", "KEY_MISSING"),
            ("k" * 256, "KEY_INVALID"),
            ("k" * 10_240, "KEY_INVALID"),
            ("sch\u00f6n", "KEY_INVALID"),
            ("a\nb", "KEY_INVALID"),
            ("a\x00b", "KEY_INVALID"),
            ("apr_01m7z75h000000000000000000:apply", "KEY_INVALID"),
            ("trf_01m7z75h000000000000000000:complete", "KEY_INVALID"),
            ("rates:x", "KEY_INVALID"),
        ],
    )
    def test_are_refused_without_a_run(self, key: str, expected: str) -> None:
        outcome = execute(replace(request("tests.switch", key=key), origin="api"))
        assert (code(outcome), outcome.operation_id) == (expected, "")
        assert not Operation.objects.exists()

    def test_the_longest_key_works(self) -> None:
        assert run("tests.switch", key="k" * 255).accepted
        assert run("tests.switch", key="k" * 255).replayed
