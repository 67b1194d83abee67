"""What the documentation says of the templates."""

from pathlib import Path

from apps.ledger.templates import all_templates

DOCS = Path(__file__).parents[2] / "docs" / "ledger.md"


def test_the_documentation_lists_every_template_as_its_file_begins() -> None:
    listed = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert [
        row
        for row in (f"| `{each.name}` | {each.summary} |" for each in all_templates().values())
        if row not in listed
    ] == []
