"""What customers are owed and what stands between books, as the reports on customers' money count them."""

from collections.abc import Iterator

from apps.core.money import Money
from apps.ledger.queries.movements import Movement
from apps.ledger.reports.shape import Link, Role, Row
from apps.ledger.reports.tree import Tree

OWED, SUSPENSE = ("2100", "2200"), "2990"
"""Headings of the chart: what is owed to customers, and money that arrived for somebody who is not found yet."""

BETWEEN_BOOKS = ("1400", "2400")
"""Due from other books and due to them: of a movement between two books each has one half."""

BETWEEN_NOTE = (
    "What other books owe this one lies with them and counts for it; what it owes them counts against it. "
    "Over all books the two cancel out."
)
SUSPENSE_NOTE = "Money in suspense is somebody else's: it is owed, whoever will turn out to own it."


def codes(chart: Tree) -> list[str]:
    """The codes that carry all of it."""
    return chart.postable(*OWED, SUSPENSE, *BETWEEN_BOOKS)


def owed(chart: Tree, zero: Money, movements: list[Movement]) -> Iterator[tuple[str, str | None, Money]]:
    """Code, place and amount: by GL account, in suspense by place; of accounts above zero alone."""
    for gl_code in chart.postable(*OWED):
        amount = sum((each.credit for each in movements if each.gl_code == gl_code), zero)
        if not amount.is_zero:
            yield gl_code, None, amount
    for each in movements:
        if each.gl_code == SUSPENSE and not each.credit.is_zero:
            yield SUSPENSE, each.what, each.credit


def between_books(
    chart: Tree, zero: Money, movements: list[Movement], *, columns: int
) -> tuple[list[Row], Money]:
    """A heading, a row for each other book and their sum, which is what is owed to this book on balance."""
    gl_codes = chart.postable(*BETWEEN_BOOKS)
    found = [each for each in movements if each.gl_code in gl_codes and not each.closing.is_zero]
    if not found:
        return [], zero
    net = sum((-each.closing for each in found), zero)
    free = columns - 4
    lines = [
        Row(
            Role.LINE,
            (each.gl_code, chart.name(each.gl_code), each.what, *[None] * free, -each.closing),
            1,
            Link("gl", each.gl_code),
        )
        for each in found
    ]
    heading = Row(Role.HEADING, ("Between books", *[None] * (columns - 1)))
    total = Row(Role.TOTAL, ("Due from other books less due to them", *[None] * (columns - 2), net))
    return [heading, *lines, total], net
