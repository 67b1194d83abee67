"""What the documentation says of the templates."""

from pathlib import Path

from apps.ledger.templates import all_templates

DOCS = Path(__file__).parents[2] / "docs" / "ledger.md"


def test_the_documentation_lists_every_template_as_its_file_begins() -> None:
    section = DOCS.read_text(encoding="utf-8").partition("\n## Posting templates\n")[2].partition("\n## ")[0]
    listed = [line for line in section.splitlines() if line.startswith("| `")]
    wanted = [f"| `{each.name}` | {each.summary} |" for each in all_templates().values()]
    assert [row for row in wanted if row not in listed] == []
    assert [row for row in listed if row not in wanted] == [], "these templates are gone"
