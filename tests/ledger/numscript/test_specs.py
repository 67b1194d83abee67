"""Programs with their expected results: the examples of the language where they are, our templates always."""

import json
import os
import re
from pathlib import Path

import pytest
from django.conf import settings

from apps.ledger import templates
from apps.ledger.numscript import syntax
from apps.ledger.numscript.inputs import Unreadable
from apps.ledger.numscript.specs import SUFFIX, Case, Verdict, run_folder
from apps.ledger.numscript.static import static_problems

SAMPLES = Path(os.environ.get("COUNTINGHOUSE_DATA_SAMPLES") or settings.BASE_DIR.parent / "shared" / "data")
EXAMPLES = SAMPLES / "numscript"
NAMES = sorted(path.stem for path in templates.FOLDER.glob("*.num"))
MOVING = "send [COIN 10] (\n  source = @a\n  destination = @b\n)\n"
BALANCES = [{"account": "a", "asset": "COIN", "amount": 15}]
POSTING = {"source": "a", "destination": "b", "amount": 10, "asset": "COIN"}


def named(path: Path) -> str:
    return path.stem


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason=f"the examples of the language are not at {EXAMPLES}")
def test_the_examples_of_the_language_do_what_they_promise() -> None:
    cases = list(run_folder(EXAMPLES))
    assert [case for case in cases if case.verdict is not Verdict.PASSED] == []
    assert len({case.program for case in cases}) == len(list(EXAMPLES.glob("*.num"))) > 0


def test_there_are_templates() -> None:
    assert len(NAMES) > 30


def test_the_templates_do_what_their_examples_promise() -> None:
    cases = list(run_folder(templates.FOLDER))
    assert [case for case in cases if case.verdict is not Verdict.PASSED] == []
    assert sorted({case.program.removesuffix(".num") for case in cases}) == NAMES


@pytest.mark.parametrize("name", NAMES)
class TestATemplate:
    def test_says_what_it_is_for(self, name: str) -> None:
        summary = templates.find(name).summary
        assert re.fullmatch(r"[A-Z].{10,}\.", summary), summary

    def test_is_static_and_uses_all_of_its_variables(self, name: str) -> None:
        program = templates.find(name).program
        assert (program.warnings, static_problems(program.tree)) == ([], [])
        assert all(declaration.origin is None for declaration in program.tree.declarations)

    def test_has_an_example_that_posts(self, name: str) -> None:
        specs = json.loads((templates.FOLDER / f"{name}.num{SUFFIX}").read_text())
        assert all(case["it"] and case["expect.postings"] for case in specs["testCases"])
        given = set().union(*(case["variables"] for case in specs["testCases"]))
        assert given == {parameter.name for parameter in templates.find(name).program.parameters}

    def test_moves_no_fixed_amount(self, name: str) -> None:
        program = templates.find(name).program
        assert not any(
            isinstance(statement, syntax.Send) and isinstance(statement.sent, syntax.Amount)
            for statement in program.tree.statements
        )


class TestTheRunner:
    """Of the specs, on wrong ones."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "it.num").write_text(MOVING)
        return tmp_path

    def ran(self, folder: Path, **case: object) -> Case:
        """One case with balances."""
        return self.read(folder, {"balances": BALANCES, "testCases": [{"it": "moves", **case}]})

    def read(self, folder: Path, specs: object) -> Case:
        (folder / f"it.num{SUFFIX}").write_text(json.dumps(specs))
        [case] = run_folder(folder)
        return case

    @pytest.mark.parametrize(
        ("field", "right", "wrong"),
        [
            ("postings", [POSTING], []),
            ("postings", [POSTING], [POSTING | {"amount": 9}]),
            ("postings", [POSTING], [POSTING, POSTING]),
            ("movements", {"a": {"b": {"COIN": 10}}}, {"a": {"b": {"COIN": 9}}}),
            ("endBalances", {"a": {"COIN": 5}, "b": {"COIN": 10}}, {"b": {"COIN": 10}}),
            ("endBalances.include", {"b": {"COIN": 10}}, {"b": {"COIN": 11}}),
            ("txMetadata", {}, {"k": "v"}),
            ("metadata", {}, {"a": {"k": "v"}}),
        ],
    )
    def test_tells_right_from_wrong(self, folder: Path, field: str, right: object, wrong: object) -> None:
        assert self.ran(folder, **{f"expect.{field}": right}).verdict is Verdict.PASSED
        case = self.ran(folder, **{f"expect.{field}": wrong})
        assert (case.verdict, case.reason.split()[0]) == (Verdict.FAILED, f"expect.{field}")

    def test_compares_metadata_with_and_without_types(self, folder: Path) -> None:
        (folder / "it.num").write_text('set_tx_meta("k", 3)\nset_account_meta(@a, "k", [COIN 3])')
        for expected in ("3", {"type": "number", "value": "3"}):
            given = {"expect.txMetadata": {"k": expected}, "expect.metadata": {"a": {"k": "COIN 3"}}}
            assert self.ran(folder, **given).verdict is Verdict.PASSED
        assert self.ran(folder, **{"expect.txMetadata": {"k": "4"}}).verdict is Verdict.FAILED

    def test_expects_errors_to_come(self, folder: Path) -> None:
        missing, negative = {"expect.error.missingFunds": True}, {"expect.error.negativeAmount": True}
        assert "MISSING_FUNDS was expected, but it ran" in self.ran(folder, **missing).reason
        assert self.ran(folder, balances={"a": {"COIN": 9}}, **missing).verdict is Verdict.PASSED
        assert "MISSING_FUNDS" in self.ran(folder, balances={"a": {"COIN": 9}}, **negative).reason
        assert "MISSING_FUNDS" in self.ran(folder, balances={"a": {"COIN": 9}}).reason

    def test_fails_what_it_does_not_know(self, folder: Path) -> None:
        case = self.ran(folder, **{"expect.weather": "fine"})
        assert (case.verdict, case.reason) == (Verdict.FAILED, "expect.weather is unknown here")

    def test_lets_a_case_go_before_its_file(self, folder: Path) -> None:
        (folder / "it.num").write_text("vars { monetary $m string $s }\nset_tx_meta($s, $m)")
        specs = {
            "variables": {"m": "A 1", "s": "k"},
            "testCases": [{"variables": {"m": "A 2"}, "expect.txMetadata": {"k": "A 2"}}],
        }
        assert self.read(folder, specs).verdict is Verdict.PASSED

    def test_skips_what_needs_more_than_there_is(self, folder: Path) -> None:
        assert self.ran(folder, skip=True) == Case("it.num", "moves", Verdict.SKIPPED, "it says so")
        flagged = self.read(folder, {"featureFlags": ["experimental-oneof"], "testCases": [{}]})
        assert (flagged.verdict, flagged.reason) == (Verdict.SKIPPED, "needs experimental-oneof")
        (folder / "it.num").write_text(MOVING.replace("@a", "oneof { @a }"))
        assert self.ran(folder).verdict is Verdict.SKIPPED
        (folder / f"it.num{SUFFIX}").unlink()
        assert [case.reason for case in run_folder(folder)] == [f"there is no it.num{SUFFIX}"]

    def test_runs_what_needs_a_flag_that_is_always_on(self, folder: Path) -> None:
        flags = ["experimental-account-interpolation", "experimental-overdraft-function"]
        case = self.read(folder, {"featureFlags": flags, "testCases": [{"balances": BALANCES}]})
        assert case.verdict is Verdict.PASSED

    @pytest.mark.parametrize(
        "specs",
        [[], {}, None, 5, {"testCases": {}}, {"testCases": [None]}, {"testCases": [], "featureFlags": "x"}],
    )
    def test_refuses_a_file_of_another_shape(self, folder: Path, specs: object) -> None:
        with pytest.raises(Unreadable, match="an object with testCases, a list of objects"):
            self.read(folder, specs)

    @pytest.mark.parametrize(
        "case",
        [
            {"balances": 5},
            {"balances": [{"account": "a"}]},
            {"balances": [{"account": [], "asset": "A", "amount": 1}]},
            {"balances": {"a": {"COIN": "15"}}},
            {"balances": {"a": {"COIN": True}}},
            {"balances": {"a": {"COIN": 10**4_000}}},
            {"variables": [1]},
            {"metadata": "x"},
            {"metadata": {"a": 5}},
            {"expect.endBalances": 5},
        ],
        ids=lambda case: repr(case)[:50] if len(json.dumps(case)) < 100 else "a large number",
    )
    def test_fails_a_case_of_another_shape(self, folder: Path, case: dict[str, object]) -> None:
        failed = self.ran(folder, **case)
        assert failed.verdict is Verdict.FAILED
        assert failed.reason

    def test_refuses_what_cannot_be_read(
        self, folder: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        (folder / f"it.num{SUFFIX}").write_text("[" * 100_000)
        with pytest.raises(Unreadable, match="cannot be read"):
            list(run_folder(folder))
        with pytest.raises(Unreadable, match=r"no folder with \*\.num files"):
            list(run_folder(tmp_path_factory.mktemp("empty")))
        (folder / "it.num").write_bytes(b"\xff")
        assert "cannot be read" in self.ran(folder).reason
