"""The income statement: what was earned and spent in a period, by currency."""

from collections.abc import Iterator

from apps.core.money import Money
from apps.ledger.models import GlType
from apps.ledger.queries.movements import Movement, movements_by_code
from apps.ledger.reports.asking import Asked
from apps.ledger.reports.making import made
from apps.ledger.reports.shape import Report, Role, Row, Section, code, money, text
from apps.ledger.reports.tree import Tree, by_currency, tree

NAME, TITLE = "income_statement", "Income statement"
COLUMNS = (code("gl_code", "GL account"), text("name", "Name"), money("amount", "Amount"))


def income_statement(asked: Asked) -> Report:
    """Revenue and expenses that took effect in the period."""
    chart = tree()
    found = movements_by_code(asked.positions, since=asked.since, through=asked.through)
    sections = [
        Section(currency, currency, list(_rows(chart, currency, movements)))
        for currency, movements in by_currency(_of_result(chart, found))
    ]
    size = sum(len(list(section.rows)) for section in sections)
    return made(asked, NAME, TITLE, columns=COLUMNS, sections=sections, size=size)


def _of_result(chart: Tree, found: list[Movement]) -> Iterator[Movement]:
    for each in found:
        if chart.accounts[each.gl_code].type in {GlType.REVENUE, GlType.EXPENSE} and _moved(each):
            yield each


def _moved(movement: Movement) -> bool:
    return not (movement.amount_in.is_zero and movement.amount_out.is_zero)


def _rows(chart: Tree, currency: str, movements: list[Movement]) -> Iterator[Row]:
    zero = Money.zero(currency)
    sums = []
    for type_, words in ((GlType.REVENUE, "Total revenue"), (GlType.EXPENSE, "Total expenses")):
        amounts = {
            each.gl_code: (each.amount_in - each.amount_out) * int(type_.usual_side)
            for each in movements
            if chart.accounts[each.gl_code].type == type_
        }
        yield from chart.rows(type_, amounts)
        sums.append(sum(amounts.values(), zero))
        yield Row(Role.TOTAL, (words, None, sums[-1]))
    earned, spent = sums
    yield Row(Role.CLOSING, ("Result of the period", None, earned - spent))
