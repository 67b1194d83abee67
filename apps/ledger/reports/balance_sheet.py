"""The balance sheet: what there is, what is owed and what is left, by currency; both sides are equal."""

from collections.abc import Iterator
from dataclasses import replace

from apps.core.money import Money
from apps.ledger.models import GlType
from apps.ledger.queries.movements import Movement, movements_by_code
from apps.ledger.reports.asking import Asked
from apps.ledger.reports.making import made
from apps.ledger.reports.shape import Report, Role, Row, Section, code, money, text
from apps.ledger.reports.tree import Tree, by_currency, tree

NAME, TITLE = "balance_sheet", "Balance sheet"
RESULT = "Result that is not yet in equity"
COLUMNS = (code("gl_code", "GL account"), text("name", "Name"), money("amount", "Amount"))


def balance_sheet(asked: Asked) -> Report:
    """As of the last day asked; revenue less expenses since ever is the current result."""
    chart, asked = tree(), replace(asked, since=None)
    found = movements_by_code(asked.positions, through=asked.through)
    pages = {currency: _Page(chart, currency, movements) for currency, movements in by_currency(found)}
    sections = [Section(currency, currency, list(page.rows())) for currency, page in pages.items()]
    return made(
        asked,
        NAME,
        TITLE,
        columns=COLUMNS,
        sections=sections,
        size=sum(len(list(section.rows)) for section in sections),
        flaws=[
            f"Assets are not liabilities, equity and result: {page.difference} too much."
            for page in pages.values()
            if not page.difference.is_zero
        ],
    )


class _Page:
    """The balance sheet in one currency. Contra accounts stand with a minus among those of their type."""

    def __init__(self, chart: Tree, currency: str, movements: list[Movement]) -> None:
        self.chart, self.zero = chart, Money.zero(currency)
        self.by_type: dict[GlType, dict[str, Money]] = {type_: {} for type_ in GlType}
        for each in movements:
            type_ = GlType(chart.accounts[each.gl_code].type)
            if not each.closing.is_zero:
                self.by_type[type_][each.gl_code] = each.closing * int(type_.usual_side)

    def sum(self, type_: GlType) -> Money:
        """All of one type."""
        return sum(self.by_type[type_].values(), self.zero)

    @property
    def result(self) -> Money:
        """What was earned less what was spent, as far as nobody moved it to equity."""
        return self.sum(GlType.REVENUE) - self.sum(GlType.EXPENSE)

    @property
    def other_side(self) -> Money:
        """What stands against the assets."""
        return self.sum(GlType.LIABILITY) + self.sum(GlType.EQUITY) + self.result

    @property
    def difference(self) -> Money:
        """Zero, or the books are broken."""
        return self.sum(GlType.ASSET) - self.other_side

    def rows(self) -> Iterator[Row]:
        """Assets and their total, then the other side and its total."""
        wrong = not self.difference.is_zero
        yield from self.chart.rows(GlType.ASSET, self.by_type[GlType.ASSET])
        yield Row(Role.TOTAL, ("Total assets", None, self.sum(GlType.ASSET)), wrong=wrong)
        yield from self.chart.rows(GlType.LIABILITY, self.by_type[GlType.LIABILITY])
        yield from self.chart.rows(GlType.EQUITY, self.by_type[GlType.EQUITY])
        yield Row(Role.LINE, (None, RESULT, self.result))
        total = ("Total liabilities, equity and result", None, self.other_side)
        yield Row(Role.TOTAL, total, wrong=wrong)
        if wrong:
            yield Row(Role.NOTE, ("Does not balance", None, self.difference), wrong=True)
