"""What the code looks like: small files, small functions, no floats near money, pictures that are true."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import Model

from apps.accounts.models import Tenant
from apps.core.fields import PrefixedIdField
from apps.operations.models import ApprovalRequest
from apps.transfers.models import Transfer

ROOT = Path(__file__).parents[2]
APPS = ROOT / "apps"
LONGEST_FILE, LONGEST_FUNCTION = 500, 60

COUNTS_SECONDS = {
    "operations/combiner.py",
    "operations/sequencer.py",
    "ledger/verify/report.py",
    "ledger/management/commands/verify_ledger.py",
}
"""Where a float is a duration or a share of a progress bar, never money."""


def written() -> list[Path]:
    """The files that people write."""
    return [path for path in sorted(APPS.rglob("*.py")) if "migrations" not in path.parts]


def parsed(path: Path) -> ast.Module:
    """The file as a tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def floats(tree: ast.AST) -> list[int]:
    """The lines on which a float is written or made."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float | complex))
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float")
        or (isinstance(node, ast.Attribute) and node.attr == "FloatField")
    ]


@pytest.mark.parametrize(
    "app", ["core", "operations", "ledger", "rates", "providers/formats", "payouts/files"]
)
def test_no_float_is_near_money(app: str) -> None:
    found = {
        str(path.relative_to(APPS)): floats(parsed(path))
        for path in written()
        if path.is_relative_to(APPS / app)
    }
    assert {name: lines for name, lines in found.items() if lines and name not in COUNTS_SECONDS} == {}


def test_floats_are_found() -> None:
    assert floats(ast.parse("rate = 0.1")) == [1]
    assert floats(ast.parse("float(amount)")) == [1]
    assert floats(ast.parse("models.FloatField()")) == [1]
    assert floats(ast.parse("amount = 10 // 3")) == []


def test_no_file_is_called_utils() -> None:
    assert [
        path
        for path in APPS.rglob("*")
        if re.search(r"(^|_)(utils?|helpers?|common|misc)(\.|$|_)", path.name)
    ] == []


def test_files_are_short() -> None:
    long = {
        str(path.relative_to(APPS)): count
        for path in written()
        if (count := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_functions_are_short() -> None:
    long = {
        f"{path.relative_to(APPS)}:{function.name}": length
        for path in written()
        for function in functions(parsed(path))
        if (length := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(APPS))
        for path in written()
        if path.read_text().strip()
        and path.name not in ("apps.py", "__init__.py")
        and not ast.get_docstring(parsed(path))
    ]
    assert silent == []


def transitions(model: type[Model]) -> list[str]:
    """The state diagram of a model, line by line, from its machine."""
    field = model._meta.get_field("status")
    found = sorted(
        (str(transition.source), str(transition.target), transition.name)
        for transition in field.get_all_transitions(model)  # type: ignore[union-attr]
    )
    return [
        f"    [*] --> {field.get_default()}",
        *(f"    {source} --> {target}: {name}" for source, target, name in found),
    ]


@pytest.mark.parametrize("model", [ApprovalRequest, Tenant, Transfer])
def test_the_picture_of_a_life_is_true(model: type[Model]) -> None:
    readme = (APPS / model._meta.app_label / "README.md").read_text()
    [picture] = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", readme, re.DOTALL)
    assert sorted(picture.rstrip().splitlines()) == sorted(transitions(model)), "\n".join(
        ["It should be:", *transitions(model)]
    )


def test_a_prefix_names_one_kind() -> None:
    """What has an id is found by how it begins."""
    prefixes = [
        model._meta.pk.prefix for model in apps.get_models() if isinstance(model._meta.pk, PrefixedIdField)
    ]
    assert sorted(prefixes) == sorted(set(prefixes))
