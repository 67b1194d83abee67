"""Assets against liabilities: what customers are owed, what is held and where, and the difference."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from apps.core import clock
from apps.core.money import Money
from apps.ledger.queries.movements import Movement, movements_by_place
from apps.ledger.reports import customers
from apps.ledger.reports.asking import Asked
from apps.ledger.reports.customers import BETWEEN_NOTE, OWED, SUSPENSE, SUSPENSE_NOTE, between_books
from apps.ledger.reports.making import made
from apps.ledger.reports.shape import Link, Report, Role, Row, Section, code, money, text
from apps.ledger.reports.terms import ON_DEMAND, Term, by_maturity, terms_of
from apps.ledger.reports.tree import Tree, by_currency, tree

NAME, TITLE = "alm", "Assets and liabilities to customers"
HELD, BESIDE = ("1100",), ("1200", "1310", "2300", "2910")
"""Headings of the chart: what is held, and what is under way or to be explained."""

COLUMNS = (
    code("gl_code", "GL account"),
    text("name", "Name"),
    code("place", "Where"),
    text("maturity", "Maturity"),
    money("amount", "Amount"),
)
NOTES = (
    "A customer's negative balance is no part of what is owed to the others: it stands with what is owed to us.",
    SUSPENSE_NOTE,
    BETWEEN_NOTE,
)


def alm(asked: Asked) -> Report:
    """By currency, and what is held by bank and provider, as of the last day asked."""
    chart, asked = tree(), replace(asked, since=None)
    codes = [*customers.codes(chart), *chart.postable(*HELD, *BESIDE)]
    found = movements_by_place(asked.positions, codes, through=asked.through)
    on = _day(asked)
    terms = terms_of(asked, dict.fromkeys(each.gl_code for each in found))
    sections = [
        Section(currency, currency, list(_rows(chart, currency, movements, _Terms(terms, on))))
        for currency, movements in by_currency(found)
    ]
    size = sum(len(list(section.rows)) for section in sections)
    notes = (f"Maturity is counted from {on}. What has no term is due on demand.", *NOTES)
    return made(asked, NAME, TITLE, columns=COLUMNS, sections=sections, size=size, notes=notes)


class _Terms(NamedTuple):
    """What is known of terms, by GL account, and the day from which they are counted."""

    known: dict[str, list[Term]]
    on: date


def _day(asked: Asked) -> date:
    """The last day asked; without one that of the last position, so that it is the same whenever that is asked."""
    zone = UTC if asked.every_book else ZoneInfo(asked.book.time_zone)
    return asked.through or clock.today_in(zone, asked.known_at())


def _rows(chart: Tree, currency: str, movements: list[Movement], terms: _Terms) -> Iterator[Row]:
    zero = Money.zero(currency)
    owed = list(_owed(chart, zero, movements, terms))
    held = list(_held(chart, movements, HELD))
    between, net = between_books(chart, zero, movements, columns=len(COLUMNS))
    owed_in_all, held_in_all = _sum(owed, zero), _sum(held, zero)
    yield _heading("Owed")
    yield from owed
    yield _total("Total owed", owed_in_all)
    yield _heading("Held")
    yield from held
    yield _total("Total held", held_in_all)
    yield from between
    difference = held_in_all + net - owed_in_all
    words = "Held less owed, with what is between books" if between else "Held less owed"
    yield Row(Role.CLOSING, (words, None, None, None, difference), wrong=difference.is_negative)
    if beside := list(_beside(chart, zero, movements)):
        yield _heading("Not in the difference")
        yield from beside


def _owed(chart: Tree, zero: Money, movements: list[Movement], terms: _Terms) -> Iterator[Row]:
    """One row for each GL account and maturity, of accounts above zero alone."""
    for gl_code, place, amount in customers.owed(chart, zero, movements):
        for maturity, part in by_maturity(amount, terms.known.get(gl_code, ()), terms.on):
            yield chart.row(Role.LINE, gl_code, place, maturity, part, level=1)


def _held(chart: Tree, movements: list[Movement], headings: Sequence[str]) -> Iterator[Row]:
    """One row for each bank, provider, pool, vault and place of custody."""
    codes = chart.postable(*headings)
    for each in movements:
        if each.gl_code in codes and not each.closing.is_zero:
            cells = (each.gl_code, chart.name(each.gl_code), each.what, ON_DEMAND, -each.closing)
            yield Row(Role.LINE, cells, 1, Link("gl", each.gl_code))


def _beside(chart: Tree, zero: Money, movements: list[Movement]) -> Iterator[Row]:
    """What is on its way to us, owed to us, and to be settled."""
    codes = chart.postable(*OWED)
    overdrawn = sum((each.debit for each in movements if each.gl_code in codes), zero)
    if not overdrawn.is_zero:
        yield Row(Role.NOTE, (None, "Overdrawn by customers", None, ON_DEMAND, overdrawn), 1)
    for gl_code in chart.postable(*BESIDE):
        raw = sum((each.closing for each in movements if each.gl_code == gl_code), zero)
        if not raw.is_zero:
            shown = raw * int(chart.accounts[gl_code].side)
            yield chart.row(Role.NOTE, gl_code, None, ON_DEMAND, shown, level=1)
    for each in movements:
        if each.gl_code == SUSPENSE and not each.debit.is_zero:
            yield chart.row(Role.NOTE, SUSPENSE, each.what, ON_DEMAND, -each.debit, level=1)


def _sum(rows: list[Row], zero: Money) -> Money:
    return sum((cell for row in rows for cell in row.cells if isinstance(cell, Money)), zero)


def _heading(words: str) -> Row:
    return Row(Role.HEADING, (words, *[None] * 4))


def _total(words: str, amount: Money) -> Row:
    return Row(Role.TOTAL, (words, None, None, None, amount))
