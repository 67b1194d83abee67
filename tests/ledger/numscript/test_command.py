"""`manage.py numscript` from end to end, right and wrong."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.ledger import templates
from apps.ledger.numscript.specs import SUFFIX

PROGRAM = """vars { monetary $amount account $to }
send $amount (
  source = { @a @world }
  destination = { 1/10 to @fees remaining to $to }
)
set_tx_meta("for", $to)
set_account_meta($to, "last", $amount)
"""
GIVEN = {"amount": "USD/2 100", "to": "b"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pay.num"
    path.write_text(PROGRAM)
    return path


def answer(*arguments: Any) -> str:
    """What the command writes."""
    out = StringIO()
    call_command("numscript", *map(str, arguments), stdout=out, stderr=out)
    return out.getvalue()


def complaint(*arguments: Any) -> str:
    """What the command fails with."""
    with pytest.raises(CommandError) as failed:
        answer(*arguments)
    return str(failed.value)


class TestRun:
    def test_shows_what_would_be_posted(self, file: Path) -> None:
        balances = json.dumps({"a": {"USD/2": 60}})
        assert answer("run", file, "--vars", json.dumps(GIVEN), "--balances", balances).splitlines() == [
            "USD/2 10  a -> fees",
            "USD/2 50  a -> b",
            "USD/2 40  world -> b",
            "transaction  for = b",
            "@b  last = USD/2 100",
        ]

    def test_answers_with_one_line_of_json(self, file: Path) -> None:
        balances = json.dumps([{"account": "a", "asset": "USD/2", "amount": 100}])
        [line] = answer(
            "run", file, "--vars", json.dumps(GIVEN), "--balances", balances, "--json"
        ).splitlines()
        assert json.loads(line) == {
            "postings": [
                {"source": "a", "destination": "fees", "amount": 10, "asset": "USD/2"},
                {"source": "a", "destination": "b", "amount": 90, "asset": "USD/2"},
            ],
            "txMeta": {"for": "b"},
            "accountsMeta": {"b": {"last": "USD/2 100"}},
        }

    def test_knows_metadata(self, file: Path) -> None:
        file.write_text('vars { number $n = meta(@a, "k") } set_tx_meta("n", $n + 1)')
        assert "n = 8" in answer("run", file, "--metadata", '{"a": {"k": "7"}}')

    def test_says_that_nothing_is_posted(self, file: Path) -> None:
        file.write_text("")
        assert answer("run", file) == "It posts nothing.\n"

    def test_fails_with_the_place(self, file: Path) -> None:
        assert complaint("run", file) == (
            f"{file}:1:8: MISSING_VARIABLE: $amount is missing; give it as a monetary."
        )
        file.write_text("send [USD/2 5] (\n  source = @a\n  destination = @b\n)")
        assert complaint("run", file).startswith(f"{file}:2:12: MISSING_FUNDS: 5 USD/2 are needed here")
        file.write_text("send")
        assert complaint("run", file).startswith(f"{file}:1:5: SYNTAX: ")

    @pytest.mark.parametrize(
        ("option", "given", "says"),
        [
            ("--vars", "{", "--vars is no JSON"),
            ("--vars", "[" * 100_000, "--vars is no JSON"),
            ("--vars", "9" * 5_000, "--vars is no JSON"),
            ("--vars", "[]", "Variables are an object"),
            ("--vars", "null", "Variables are an object"),
            ("--vars", '"amount"', "Variables are an object"),
            ("--vars", '["amount", "to"]', "Variables are an object"),
            ("--vars", '{"amount": NaN, "to": "b"}', "a monetary is given as a text"),
            ("--balances", "x", "--balances is no JSON"),
            ("--balances", "null", "Balances are"),
            ("--balances", "[1]", "Balances are"),
            ("--balances", '{"a": 5}', "Balances are"),
            ("--balances", '{"a": {"USD/2": 1.5}}', "1.5 is no amount"),
            ("--balances", '{"a": {"USD/2": NaN}}', "nan is no amount"),
            ("--balances", '[{"account": {}, "asset": "A", "amount": 1}]', "are texts"),
            ("--metadata", "[]", "Metadata are"),
            ("--metadata", '{"a": "k"}', "Metadata are"),
        ],
        ids=lambda given: given[:20],
    )
    def test_refuses_input_of_another_shape(self, file: Path, option: str, given: str, says: str) -> None:
        arguments = {"--vars": json.dumps(GIVEN), option: given}
        assert says in complaint("run", file, *[part for pair in arguments.items() for part in pair])

    def test_refuses_a_file_that_cannot_be_read(self, tmp_path: Path) -> None:
        assert "cannot be read" in complaint("run", tmp_path / "none.num")
        (tmp_path / "bytes.num").write_bytes(b"\xff\xfe")
        assert "cannot be read" in complaint("run", tmp_path / "bytes.num")
        assert "cannot be read" in complaint("check", tmp_path)

    def test_needs_to_be_told_what_to_do(self) -> None:
        assert "required" in complaint()
        assert "required" in complaint("run")
        assert "invalid choice" in complaint("post")


class TestCheck:
    def test_finds_nothing_wrong(self, file: Path) -> None:
        assert answer("check", file) == "Nothing is wrong.\n"
        assert answer("check", *templates.FOLDER.glob("*.num")) == "Nothing is wrong.\n"

    def test_names_all_that_is_wrong_in_all_files(self, file: Path, tmp_path: Path) -> None:
        other = tmp_path / "other.num"
        other.write_text("vars { number $n }\nburn()\nsend $x ( source = @a destination = @b )")
        file.write_text("send [A 1]")
        out = StringIO()
        with pytest.raises(CommandError, match=r"^3 wrong\.$"):
            call_command("numscript", "check", str(other), str(file), stdout=out)
        assert [line.rsplit("/", 1)[1].split(": ")[:2] for line in out.getvalue().splitlines()] == [
            ["other.num:1:8", "warning"],
            ["other.num:2:1", "UNKNOWN_FUNCTION"],
            ["other.num:3:6", "UNKNOWN_VARIABLE"],
            ["pay.num:1:11", "SYNTAX"],
        ]

    def test_lets_warnings_pass(self, file: Path) -> None:
        file.write_text("vars { number $n }")
        assert answer("check", file) == (
            f"{file}:1:8: warning: UNUSED_VARIABLE: $n is never used.\nNothing is wrong.\n"
        )


class TestSpec:
    @pytest.fixture
    def folder(self, file: Path) -> Path:
        posted = [{"source": "world", "destination": "fees", "amount": 1, "asset": "A"}]
        cases = [
            {"it": "runs", "variables": {"amount": "A 1", "to": "b"}, "expect.postings": posted},
            {"it": "is skipped", "skip": True},
        ]
        file.with_name(f"pay.num{SUFFIX}").write_text(json.dumps({"testCases": cases}))
        return file.parent

    def test_ends_with_the_counts(self, folder: Path) -> None:
        assert answer("spec", folder).splitlines() == [
            "passed pay.num runs",
            "skipped pay.num is skipped: it says so",
            "1 passed, 0 failed, 1 skipped",
        ]
        [line] = answer("spec", folder, "--json").splitlines()
        assert json.loads(line) == {"passed": 1, "failed": 0, "skipped": 1}

    def test_fails_where_a_case_does(self, folder: Path) -> None:
        (folder / "pay.num").write_text("")
        out, err = StringIO(), StringIO()
        with pytest.raises(CommandError, match=r"^1 failed\.$"):
            call_command("numscript", "spec", str(folder), "--json", stdout=out, stderr=err)
        assert json.loads(out.getvalue()) == {"passed": 0, "failed": 1, "skipped": 1}
        assert err.getvalue().startswith("pay.num runs: expect.postings is [{")

    def test_refuses_what_is_no_folder_of_programs(self, folder: Path, tmp_path: Path) -> None:
        assert "is no folder with *.num files" in complaint("spec", tmp_path / "none")
        assert "is no folder" in complaint("spec", folder / "pay.num")
        (folder / f"pay.num{SUFFIX}").write_text("{")
        assert "cannot be read" in complaint("spec", folder)
