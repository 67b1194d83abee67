"""Every movement of money is a template's: nothing else makes postings, and the engine knows nothing of the rest."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLAN = "apps.operations.plan"
MAKES = {"Entry", "Posting"}
MAY_MAKE = {
    ("apps/ledger/templates.py", "entry", "Entry"),
    ("apps/ledger/templates.py", "entry", "Posting"),
    ("apps/ledger/services/entries.py", "plan_reversal", "Entry"),
    ("apps/ledger/services/entries.py", "_mirrored", "Posting"),
    ("apps/ledger/poster.py", "_stored", "Posting"),
    ("script/benches/wallets/raw_import.py", "plan_raw_import", "Entry"),
    ("script/benches/wallets/raw_import.py", "plan_raw_import", "Posting"),
}
"""The one way from a template to an entry, the mirror of an entry that a template made, what the posting function says it stored of
either, and what both are measured against."""

ENGINE = "apps.ledger.numscript"


def parsed(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Each file of these folders by its path from the root, as a tree."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """What is imported: from where, what ("" for the module itself), and as what."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((name.name, "", name.asname or name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or ".", name.name, name.asname or name.name) for name in node.names)


def made(tree: ast.Module) -> set[tuple[str, str]]:
    """The functions in which an entry or a posting is made ("" outside of all), and which of them."""
    names: dict[str, str] = {}
    for module, what, alias in imports(tree):
        if module == PLAN and what in MAKES:
            names[alias] = what
        elif f"{module}.{what}".strip(".") == PLAN:
            names |= {f"{alias}.{each}": each for each in MAKES}
    return set(_calls(tree, "", names))


def _calls(node: ast.AST, function: str, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        function = node.name
    if isinstance(node, ast.Call) and (what := names.get(ast.unparse(node.func))):
        yield function, what
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, function, names)


def test_only_templates_and_reversals_make_postings() -> None:
    assert {(path, *each) for path, tree in parsed("apps", "script") for each in made(tree)} == MAY_MAKE


def test_a_posting_made_elsewhere_would_be_found() -> None:
    for text in (
        "from apps.operations.plan import Posting\ndef f():\n  return [Posting(1, 2, 3)]",
        "from apps.operations.plan import Posting as P\ndef f():\n  return P(1, 2, 3)",
        "from apps.operations import plan\ndef f():\n  return plan.Posting(1, 2, 3)",
        "import apps.operations.plan\ndef f():\n  return apps.operations.plan.Posting(1, 2, 3)",
    ):
        assert ("f", "Posting") in made(ast.parse(text))
    assert made(ast.parse("from apps.operations.plan import Entry\nEntry(1)")) == {("", "Entry")}
    assert made(ast.parse("from apps.ledger.numscript.machine import Posting\nPosting(1)")) == set()


def test_the_engine_imports_nothing_of_ours_but_itself() -> None:
    modules = {module for _, tree in parsed("apps/ledger/numscript") for module, _, _ in imports(tree)}
    assert {module for module in modules if module.startswith("apps")} <= {
        module for module in modules if module.startswith(ENGINE)
    }
    assert not any(module.split(".")[0] in ("django", "rest_framework", ".") for module in modules)
