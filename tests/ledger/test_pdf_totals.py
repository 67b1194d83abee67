"""Every report added up again from the words of its own PDF, by where they stand on the page."""

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apps.ledger import reports
from apps.ledger.reports.tree import tree
from apps.operations import books
from tests.ledger.bookkeeping import Leg, open_account, post
from tests.ledger.reporting import SmallBook, at, sealed, written
from tests.ledger.test_renderers import needs_pdftotext

pytestmark = [pytest.mark.usefixtures("ledger_db"), needs_pdftotext]

AMOUNT = re.compile(r"-?\d{1,3}(,\d{3})*\.\d{2}")
PERIOD: dict[str, Any] = {"since": date(2026, 2, 1), "through": date(2026, 2, 28)}
DAY: dict[str, Any] = {"through": date(2026, 2, 28)}
CLOSING = ("Closing balance", "Held less owed", "Surplus", "Shortfall", "Result of the period")

Sums = dict[int, Decimal]


@dataclass
class Line:
    """A row of a page: its words, and its amounts by where they end, which is the column."""

    words: str = ""
    amounts: Sums = field(default_factory=dict)


@dataclass
class Block:
    """What adds up to one total."""

    total: Line
    lines: list[Line]

    def sums(self) -> Sums:
        """The lines, column by column."""
        found: defaultdict[int, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            for column, amount in line.amounts.items():
                found[column] += amount
        return found


@dataclass
class Part:
    """A section: its blocks, and what stands before and after them."""

    blocks: list[Block] = field(default_factory=list)
    opening: Sums = field(default_factory=dict)
    closing: Line = field(default_factory=Line)


@pytest.fixture
def small(ledger_db: Any) -> SmallBook:
    """Two months in which there is something of everything that a report tells apart."""
    small = SmallBook(books.find(books.platform_id()))
    small.january()
    small.february()
    due_to, due_from = open_account(small.book, "due_to:south"), open_account(small.book, "due_from:south")
    suspense = open_account(small.book, "suspense:deposits")
    post(Leg(small.available, due_to, 40_00), effective_at=at(2, 12))
    post(Leg(due_from, small.available, 15_00), effective_at=at(2, 13))
    post(Leg(small.provider, suspense, 1_234_56), effective_at=at(2, 14))
    small.move(small.costs, small.bank, 1_11, 2, 15)
    sealed()
    return small


def columns(found: list[tuple[float, Decimal]], edges: list[float]) -> Sums:
    """Amounts by the edge at which they end; those of one column end at almost the same, and columns far apart."""
    amounts: Sums = {}
    for end, amount in found:
        if not any(abs(edge - end) < 10 for edge in edges):
            edges.append(end)
        amounts[round(next(edge for edge in edges if abs(edge - end) < 10))] = amount
    return amounts


def rows(pdf: Path) -> Iterator[Line]:
    """The rows of every page from the top; what wraps within a cell is a row without an amount."""
    told = subprocess.run(["pdftotext", "-tsv", str(pdf), "-"], capture_output=True, text=True, check=True)
    words = [line.split("\t") for line in told.stdout.splitlines()[1:]]
    placed: defaultdict[tuple[int, int], list[tuple[float, float, str]]] = defaultdict(list)
    for _level, page, *_, left, top, width, _height, _conf, text in words:
        if not text.startswith("###"):
            placed[int(page), round(float(top))].append((float(left), float(left) + float(width), text))
    edges: list[float] = []
    for _, row in sorted(placed.items()):
        row.sort()
        money = [(end, text) for _, end, text in row if AMOUNT.fullmatch(text)]
        yield Line(
            " ".join(text for _, _, text in row if not AMOUNT.fullmatch(text)),
            columns([(end, Decimal(text.replace(",", ""))) for end, text in money], edges),
        )


def parts(pdf: Path) -> list[Part]:
    """The euros of a report, taken apart: subtotals of headings are left out, and notes below a closing."""
    headings = {code for code in tree().below if code}
    found, lines, part = [], [], Part()
    for line in rows(pdf):
        if re.match(r"(Report|Page) ", line.words) or not line.amounts:
            if "EUR" in line.words or re.search(r"Amount|Balance|In all", line.words):
                lines = []
            continue
        if line.words.split(" ")[0] in headings:
            continue
        if "Opening balance" in line.words:
            part, lines = Part(opening=line.amounts), []
        elif line.words.startswith(("Total", "Movements", "Due from other books less")):
            part.blocks.append(Block(line, lines))
            lines = []
        elif any(words in line.words for words in CLOSING):
            part.closing = line
            found.append(part)
            part, lines = Part(), []
        else:
            lines.append(line)
    return [*found, part] if part.blocks else found


def nets(part: Part) -> Decimal:
    """What a movement in two columns comes to, whichever side is the normal one."""
    [block] = part.blocks
    up, down = (block.total.amounts.get(column, Decimal()) for column in sorted(block.total.amounts)[:2])
    return abs(up - down)


ASKED: dict[str, dict[str, Any]] = {
    "trial_balance": PERIOD,
    "balance_sheet": DAY,
    "income_statement": PERIOD,
    "general_ledger": PERIOD,
    "account_statement": PERIOD | {"account": "wallet:amara:available", "currency": "EUR"},
    "wallet_statement": PERIOD | {"account": "wallet:amara", "currency": "EUR"},
    "alm": DAY,
    "safeguarding": DAY,
}


@pytest.mark.parametrize("name", reports.REPORTS)
def test_every_report_is_added_up_again_from_the_text_of_its_pdf(
    small: SmallBook, tmp_path: Path, name: str
) -> None:
    written(name, "pdf", tmp_path, **ASKED[name])
    found = parts(tmp_path / f"{name}.pdf")
    assert found, "nothing was read"
    for part in found:
        for block in part.blocks:
            sums = block.sums()
            for column, total in block.total.amounts.items():
                assert total == sums.get(column, Decimal()), (block.total.words, column)
    assert sum(len(block.lines) for part in found for block in part.blocks) >= 2
    CHECKS.get(name, lambda found: None)(found)


def of_a_ledger(found: list[Part]) -> None:
    """Each section leads from its opening to its closing balance."""
    for part in found:
        [opening], [closing] = part.opening.values(), part.closing.amounts.values()
        assert abs(closing - opening) == nets(part)


def of_a_wallet(found: list[Part]) -> None:
    """So does each of its four columns, of which the last is the others."""
    [part] = found
    [block] = part.blocks
    for column, opening in part.opening.items():
        assert opening + block.total.amounts[column] == part.closing.amounts[column]
    available, held, owed, in_all = (part.closing.amounts[column] for column in sorted(part.opening))
    assert in_all == available + held - owed


def of_customers(found: list[Part]) -> None:
    """What is owed, what is held and what is between books make the difference."""
    [part] = found
    owed, held, between = (next(iter(block.total.amounts.values())) for block in part.blocks)
    assert [*part.closing.amounts.values()] == [held + between - owed]
    assert between == Decimal("-25.00")


def of_a_result(found: list[Part]) -> None:
    [part] = found
    earned, spent = (next(iter(block.total.amounts.values())) for block in part.blocks)
    assert [*part.closing.amounts.values()] == [earned - spent]


def of_a_sheet(found: list[Part]) -> None:
    [part] = found
    assets, other_side = (next(iter(block.total.amounts.values())) for block in part.blocks)
    assert assets == other_side


def of_two_sides(found: list[Part]) -> None:
    [part] = found
    [block] = part.blocks
    sums = [amount for _, amount in sorted(block.total.amounts.items())]
    assert len(sums) == 6
    assert sorted(sums[::2]) == sorted(sums[1::2])


CHECKS = {
    "trial_balance": of_two_sides,
    "balance_sheet": of_a_sheet,
    "income_statement": of_a_result,
    "general_ledger": of_a_ledger,
    "account_statement": of_a_ledger,
    "wallet_statement": of_a_wallet,
    "alm": of_customers,
    "safeguarding": of_customers,
}
