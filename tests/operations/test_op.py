"""`manage.py op`: every command from the shell."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.operations import registry
from apps.operations.models import Operation
from tests.support.door import balances, moved, movement, nothing_moved, opened, person

pytestmark = pytest.mark.usefixtures("ledger_db")


def op(*arguments: str) -> Any:
    """What the command prints, as JSON."""
    return json.loads(printed(*arguments))


def printed(*arguments: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("op", *arguments, stdout=out)
    return out.getvalue()


def failing(*arguments: str) -> str:
    """Why the command fails."""
    with pytest.raises(CommandError) as caught:
        printed(*arguments)
    return str(caught.value)


@pytest.fixture
def _wallets() -> None:
    opened("mint", floor=None)
    opened("amara")
    moved("mint", "amara", "100.00")
    person("fin@example.com", "finance")


def correction(amount: str = "5.00") -> str:
    """The input of a correction, as JSON."""
    return json.dumps(
        {
            "book": "platform",
            "account": "amara",
            "direction": "credit",
            "amount": {"amount": amount, "currency": "EUR"},
            "reason": "counted again",
            "related_type": "ticket",
            "related_id": "7",
        }
    )


def test_lists_every_command_with_its_fields() -> None:
    lines = printed("--list")
    for command in registry.all_commands():
        if "cli" in command.surfaces:
            assert command.name in lines
    assert "related_id" in lines
    assert printed() == lines


@pytest.mark.usefixtures("_wallets")
class TestRun:
    def test_runs_as_a_person_and_prints_the_key(self) -> None:
        answer = op("ledger.post_correction", "--as", "fin@example.com", "--data", correction())
        assert (answer["status"], answer["replayed"]) == ("accepted", False)
        operation = Operation.objects.get(key=answer["key"])
        assert (operation.pk, operation.origin, operation.actor_label) == (
            answer["operation"],
            "cli",
            "fin@example.com",
        )
        assert balances("amara") == {"amara": "105.00"}

    def test_a_key_given_twice_runs_once(self) -> None:
        arguments = (
            "ledger.post_correction",
            "--as",
            "FIN@example.com",
            "--key",
            "k",
            "--data",
            correction(),
        )
        first = op(*arguments)
        with nothing_moved():
            again = op(*arguments)
        assert again == {**first, "replayed": True}

    def test_an_alias_works(self) -> None:
        assert op("postCorrection", "--as", "fin@example.com", "--data", correction())["status"] == "accepted"

    def test_a_preview_moves_nothing(self) -> None:
        with nothing_moved():
            shown = op(
                "ledger.post_correction", "--as", "fin@example.com", "--preview", "--data", correction()
            )
        assert shown["entries"][0]["postings"][0]["destination"] == "amara"
        assert not Operation.objects.filter(command="ledger.post_correction").exists()

    def test_a_refusal_prints_the_error_and_fails(self) -> None:
        with nothing_moved():
            why = failing("ledger.post_correction", "--as", "fin@example.com", "--data", correction("0"))
        assert why.startswith("INPUT_INVALID: ")

    def test_a_number_is_taken_digit_by_digit(self) -> None:
        data = correction().replace('"5.00"', "5.10")
        assert op("ledger.post_correction", "--as", "fin@example.com", "--data", data)["status"] == "accepted"
        assert balances("amara") == {"amara": "105.10"}


@pytest.mark.usefixtures("_wallets")
class TestWrong:
    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["nothing"], "COMMAND_UNKNOWN"),
            (["ledger.post_correction", "--as", "nobody@example.com", "--data", "{}"], "USER_NOT_FOUND"),
            (["ledger.post_correction", "--as", "nobody", "--data", "{}"], "USER_NOT_FOUND"),
            (["ledger.post_correction", "--data", "{}"], "AUTHORIZATION_FAILED"),
            (["ledger.import_entry", "--as", "fin@example.com", "--data", "{}"], "AUTHORIZATION_FAILED"),
            (["ledger.post_correction", "--as", "fin@example.com", "--data", "[]"], "INPUT_INVALID"),
            (["ledger.post_correction", "--as", "fin@example.com", "--data", "null"], "INPUT_INVALID"),
            (
                ["ledger.post_correction", "--as", "fin@example.com", "--key", "", "--data", "{}"],
                "KEY_MISSING",
            ),
            (
                ["ledger.post_correction", "--as", "fin@example.com", "--key", "x" * 300, "--data", "{}"],
                "KEY_INVALID",
            ),
            (
                ["ledger.post_correction", "--as", "fin@example.com", "--preview", "--data", "{}"],
                "INPUT_INVALID",
            ),
        ],
    )
    def test_is_said_with_its_code(self, arguments: list[str], expected: str) -> None:
        with nothing_moved():
            assert failing(*arguments).startswith(f"{expected}: ")

    def test_a_command_of_nobody_is_told_how_to_be_somebodys(self) -> None:
        assert failing("ledger.post_correction", "--data", "{}").endswith("Say with --as who runs it.")

    @pytest.mark.parametrize("data", ["", "{", "{'a': 1}", "nope", '{"a": }', "\x00"])
    def test_json_is_said_where_it_is_wrong(self, data: str) -> None:
        why = failing("ledger.post_correction", "--as", "fin@example.com", "--data", data)
        assert why.startswith("--data is no JSON: ")

    @pytest.mark.parametrize(
        "data", ['{"\\ud800": 1}', '{"\\u0000": 1}', '{"book": "\\ud800"}', '{"a": NaN}', "[" * 100_000]
    )
    def test_json_that_cannot_be_kept_is_a_plain_refusal(self, data: str) -> None:
        why = failing("ledger.post_correction", "--as", "fin@example.com", "--data", data)
        assert why.startswith(("INPUT_INVALID: ", "--data is no JSON: "))
        why.encode()


def test_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    opened("mint", floor=None)
    opened("amara")
    monkeypatch.setattr("sys.stdin", StringIO("[]"))
    assert failing("ledger.import_entry", "--data", "-").startswith("AUTHORIZATION_FAILED: ")
    assert movement("mint", "amara", "1.00")["kind"] == "internal"
