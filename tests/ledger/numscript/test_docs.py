"""docs/numscript.md is true: its programs compile, its figures hold, and no kind of error is left out."""

import re

from django.conf import settings

from apps.ledger import templates
from apps.ledger.numscript import checker, parser, values
from apps.ledger.numscript.errors import Kind
from apps.ledger.numscript.inputs import amounts_in, balances_of
from apps.ledger.numscript.program import Program, problems_of

PAGE = (settings.BASE_DIR / "docs" / "numscript.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```numscript\n(.*?)```", PAGE, re.DOTALL)


def test_its_programs_are_right() -> None:
    assert len(PROGRAMS) >= 4
    assert [problem for program in PROGRAMS for problem in problems_of(program)] == []


def test_its_first_is_a_template() -> None:
    assert PROGRAMS[0] == templates.find("pay_in_with_fee").text


def test_its_snippets_are_sources_and_destinations() -> None:
    sources = cells("Sources")
    destinations = [cell for cell in cells("Destinations") if cell != "kept"]
    assert (len(sources), len(destinations)) == (7, 3)
    for source in sources:
        assert problems_of(f"send [EUR/2 1] ( source = {source} destination = @b )") == []
    for destination in destinations:
        assert problems_of(f"send [EUR/2 1] ( source = @a destination = {destination} )") == []


def cells(chapter: str) -> list[str]:
    """What stands as code in the first column of a chapter's table."""
    text = re.search(rf"^## {chapter}\n(.*?)^## ", PAGE, re.DOTALL | re.MULTILINE)[1]
    rows = re.findall(r"^\| (`.*?`(?:, `.*?`)*)", text, re.MULTILINE)
    return [code for row in rows for code in re.findall(r"`(.*?)`", row)]


def test_every_kind_of_error_has_a_row() -> None:
    table = re.search(r"^## What can be wrong\n(.*?)^## ", PAGE, re.DOTALL | re.MULTILINE)[1]
    firsts = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    listed = [kind for first in firsts for kind in re.findall(r"`([A-Z_]+)`", first)]
    assert sorted(listed) == sorted(Kind)


def test_its_limits_are_those_of_the_engine() -> None:
    for figure in (
        f"{parser.LONGEST:,} characters",
        f"{checker.DEEPEST} deep",
        f"{parser.MOST_SHARES} shares",
        f"{values.LONGEST_NAME}\ncharacters",
        f"{values.LONGEST_PORTION} digits above and below",
        f"{values.LONGEST_NUMBER:,} digits",
    ):
        assert figure in PAGE


def test_a_third_of_eleven_is_as_it_says() -> None:
    program = Program("send [A 11] ( source = @a destination = { 1/3 to @b 1/3 to @c 1/3 to @d } )")
    postings = program.run({}, balance_of=balances_of(amounts_in({"a": {"A": 11}}))).postings
    assert [posting.amount for posting in postings] == [4, 4, 3]
