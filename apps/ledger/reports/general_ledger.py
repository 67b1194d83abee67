"""The general ledger: each GL account with its lines in a period and the balance after each."""

from collections.abc import Iterator
from functools import partial

from apps.core.money import Money
from apps.ledger.queries.journal_lines import count_lines, lines_of_code
from apps.ledger.queries.movements import Movement, movements_by_code
from apps.ledger.reports.asking import Asked, ReportInvalid
from apps.ledger.reports.making import made, words_for
from apps.ledger.reports.shape import Link, Report, Role, Row, Rows, Section, code, day, money, text
from apps.ledger.reports.tree import Tree, tree

NAME, TITLE = "general_ledger", "General ledger"
COLUMNS = (
    day("on", "Date"),
    code("reference", "Entry"),
    code("address", "Account"),
    text("words", "Description"),
    money("debit", "Debit"),
    money("credit", "Credit"),
    money("balance", "Balance"),
)


def general_ledger(asked: Asked) -> Report:
    """All GL accounts, or one with all below it; balances on the normal side of each."""
    chart = tree()
    if asked.gl_code and asked.gl_code not in chart.accounts:
        raise ReportInvalid(f"The chart has no GL account {asked.gl_code}.", field="/gl_code")
    codes = chart.postable(asked.gl_code) if asked.gl_code else list(chart.accounts)
    found = movements_by_code(asked.positions, since=asked.since, through=asked.through)
    wanted = [each for each in found if each.gl_code in set(codes)]
    wanted.sort(key=lambda each: (each.gl_code, each.currency))
    sections = [_section(asked, chart, each) for each in wanted]
    lines = count_lines(asked.positions, codes, since=asked.since, through=asked.through)
    subject = f"{asked.gl_code} {chart.name(asked.gl_code)}" if asked.gl_code else ""
    size = lines + 3 * len(sections)
    return made(asked, NAME, TITLE, columns=COLUMNS, sections=sections, size=size, subject=subject)


def _section(asked: Asked, chart: Tree, movement: Movement) -> Section:
    title = f"{movement.gl_code} {chart.name(movement.gl_code)}, {movement.currency}"
    return Section(title, movement.currency, Rows(partial(_rows, asked, chart, movement)))


def _rows(asked: Asked, chart: Tree, movement: Movement) -> Iterator[Row]:
    side = int(chart.accounts[movement.gl_code].side)
    balance = movement.opening
    yield Row(Role.OPENING, (asked.since, "Opening balance", None, None, None, None, balance * side))
    debits = credits = Money.zero(movement.currency)
    lines = lines_of_code(
        asked.positions, movement.gl_code, movement.currency, since=asked.since, through=asked.through
    )
    for line in lines:
        balance += line.amount
        debit, credit = (-line.amount, None) if line.amount.is_negative else (None, line.amount)
        debits, credits = debits + debit if debit else debits, credits + credit if credit else credits
        words = words_for(line.description, line.kind)
        cells = (line.effective_on, line.reference, line.address, words, debit, credit, balance * side)
        yield Row(Role.LINE, cells, link=Link("entry", line.entry_id))
    yield Row(Role.TOTAL, (None, "Movements", None, None, debits, credits, None))
    wrong = balance != movement.closing
    yield Row(
        Role.CLOSING, (asked.through, "Closing balance", None, None, None, None, balance * side), wrong=wrong
    )
