"""Safeguarding: what customers are owed against what is set apart for them, and what is missing."""

from collections.abc import Iterator
from dataclasses import replace

from apps.core.money import Money
from apps.ledger.queries.movements import Movement, movements_by_place
from apps.ledger.reports import customers
from apps.ledger.reports.asking import Asked
from apps.ledger.reports.customers import BETWEEN_NOTE, SUSPENSE_NOTE, between_books
from apps.ledger.reports.making import made
from apps.ledger.reports.shape import Link, Report, Role, Row, Section, code, money, text
from apps.ledger.reports.tree import Tree, by_currency, tree

NAME, TITLE = "safeguarding", "Safeguarding"
SAFEGUARDED, NOT_SAFEGUARDED = ("1110", "1150"), ("1120", "1130", "1140")
"""Headings of the chart: where customers' money is safe for them, and what we hold elsewhere."""

COLUMNS = (
    code("gl_code", "GL account"),
    text("name", "Name"),
    code("place", "Where"),
    money("amount", "Amount"),
)
NOTES = (
    "Safeguarded is what lies at banks and in custody. Balances at providers, in payout pools and in cash are not.",
    "A customer's negative balance does not lessen what is to be safeguarded for the others.",
    SUSPENSE_NOTE,
    BETWEEN_NOTE,
)


def safeguarding(asked: Asked) -> Report:
    """Surplus or shortfall by currency, as of the last day asked."""
    chart, asked = tree(), replace(asked, since=None)
    codes = [*customers.codes(chart), *chart.postable(*SAFEGUARDED, *NOT_SAFEGUARDED)]
    found = movements_by_place(asked.positions, codes, through=asked.through)
    sections = [
        Section(currency, currency, list(_rows(chart, currency, movements)))
        for currency, movements in by_currency(found)
    ]
    size = sum(len(list(section.rows)) for section in sections)
    return made(asked, NAME, TITLE, columns=COLUMNS, sections=sections, size=size, notes=NOTES)


def _rows(chart: Tree, currency: str, movements: list[Movement]) -> Iterator[Row]:
    zero = Money.zero(currency)
    owed, held = zero, zero
    yield Row(Role.HEADING, ("To be safeguarded for customers", None, None, None))
    for gl_code, place, amount in customers.owed(chart, zero, movements):
        owed += amount
        yield chart.row(Role.LINE, gl_code, place, amount, level=1)
    yield Row(Role.TOTAL, ("Total to be safeguarded", None, None, owed))
    yield Row(Role.HEADING, ("Safeguarded", None, None, None))
    for row in _held(chart, movements, SAFEGUARDED, Role.LINE):
        held += row.cells[-1]  # type: ignore[operator]  # its last cell is the amount
        yield row
    yield Row(Role.TOTAL, ("Total safeguarded", None, None, held))
    between, net = between_books(chart, zero, movements, columns=len(COLUMNS))
    yield from between
    left = held + net - owed
    words = "Shortfall" if left.is_negative else "Surplus"
    yield Row(Role.CLOSING, (words, None, None, left), wrong=left.is_negative)
    if elsewhere := list(_held(chart, movements, NOT_SAFEGUARDED, Role.NOTE)):
        yield Row(Role.HEADING, ("Held and not safeguarded", None, None, None))
        yield from elsewhere


def _held(chart: Tree, movements: list[Movement], headings: tuple[str, ...], role: Role) -> Iterator[Row]:
    codes = chart.postable(*headings)
    for each in movements:
        if each.gl_code in codes and not each.closing.is_zero:
            cells = (each.gl_code, chart.name(each.gl_code), each.what, -each.closing)
            yield Row(role, cells, 1, Link("gl", each.gl_code))
