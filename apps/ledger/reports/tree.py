"""The chart of accounts as reports go through it: headings with the sums of what is below them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TypeVar

from apps.core.money import Money
from apps.ledger.models import GlAccount, GlType
from apps.ledger.queries.movements import Movement
from apps.ledger.reports.shape import Cell, Link, Role, Row

Item = TypeVar("Item", bound=Movement)


@dataclass(frozen=True)
class Tree:
    """GL accounts by code, in the order of the chart."""

    accounts: Mapping[str, GlAccount]

    @cached_property
    def below(self) -> dict[str, list[str]]:
        """The children of each code, in order; those without a parent stand below the empty code."""
        found: dict[str, list[str]] = {"": []}
        for code, account in self.accounts.items():
            found.setdefault(account.parent_id or "", []).append(code)
        return found

    def name(self, code: str) -> str:
        """The name of a GL account."""
        return self.accounts[code].name

    def postable(self, *codes: str) -> list[str]:
        """The codes at or below these that carry accounts; those that the chart does not have are left out."""
        found: list[str] = []
        for code in codes:
            if code not in self.accounts:
                continue
            children = self.below.get(code)
            found += self.postable(*children) if children else [code]
        return found

    def rows(self, type_: GlType, amounts: Mapping[str, Money]) -> Iterator[Row]:
        """The GL accounts of a type that have an amount, below their headings with the sums of these."""
        for root in self.below[""]:
            if self.accounts[root].type == type_:
                yield from self._branch(root, amounts, 0)

    def _branch(self, code: str, amounts: Mapping[str, Money], level: int) -> Iterator[Row]:
        children = self.below.get(code)
        if children is None:
            if code in amounts:
                yield self.row(Role.LINE, code, amounts[code], level=level)
            return
        found = [amounts[each] for each in self.postable(code) if each in amounts]
        if found:
            yield self.row(Role.SUBTOTAL, code, sum(found[1:], found[0]), level=level)
            for child in children:
                yield from self._branch(child, amounts, level + 1)

    def row(self, role: Role, code: str, *rest: Cell, level: int = 0) -> Row:
        """A row that begins with a GL account."""
        link = Link("gl", code) if role is Role.LINE else None
        return Row(role, (code, self.name(code), *rest), level, link)


def tree() -> Tree:
    """The chart of accounts as it is."""
    return Tree({account.code: account for account in GlAccount.objects.order_by("code")})


def by_currency(movements: Iterable[Item]) -> Iterator[tuple[str, list[Item]]]:
    """The rows of each currency."""
    for currency, group in groupby(movements, key=lambda movement: movement.currency):
        yield currency, list(group)
