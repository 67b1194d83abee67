"""What a running program keeps: funds on their way, balances as they change, and what came of it."""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from apps.ledger.numscript.values import Value

WORLD = "world"

BalanceOf = Callable[[str, str], int]
"""The balance of (account, asset) before the program runs."""

MetadataOf = Callable[[str, str], str | None]
"""The metadata of (account, key), None where there is none."""


class Posting(NamedTuple):
    """An amount moved, in the smallest unit of the asset."""

    source: str
    destination: str
    amount: int
    asset: str


class Machine:
    """One run. Without balances every source has what is asked of it: somebody else will refuse."""

    __slots__ = (
        "account_metadata",
        "asset",
        "balance_before",
        "deltas",
        "funds",
        "metadata",
        "metadata_of",
        "postings",
        "values",
    )

    def __init__(
        self, values: dict[str, Value], balance_before: BalanceOf | None, metadata_of: MetadataOf | None
    ) -> None:
        self.values = values
        self.balance_before = balance_before
        self.metadata_of = metadata_of
        self.asset = ""
        self.funds: list[tuple[str, int]] = []
        self.deltas: dict[tuple[str, str], int] = {}
        self.postings: list[Posting] = []
        self.metadata: dict[str, str] = {}
        self.account_metadata: dict[str, dict[str, str]] = {}

    def balance(self, account: str, asset: str) -> int:
        """The balance as the statements so far have left it."""
        before = self.balance_before(account, asset) if self.balance_before else 0
        return before + self.deltas.get((account, asset), 0)

    def change(self, account: str, asset: str, amount: int) -> None:
        """Add to a balance."""
        key = account, asset
        self.deltas[key] = self.deltas.get(key, 0) + amount

    def take(self, account: str, amount: int) -> None:
        """Put funds of an account on their way; none leave no trace."""
        if not amount:
            return
        funds = self.funds
        if funds and funds[-1][0] == account:
            funds[-1] = (account, funds[-1][1] + amount)
        else:
            funds.append((account, amount))
        if self.balance_before:
            self.change(account, self.asset, -amount)

    def give(self, account: str, amount: int) -> None:
        """Post so much of the funds, the earliest first, to an account."""
        for source, part in self._drawn(amount):
            self.postings.append(Posting(source, account, part, self.asset))
            if self.balance_before:
                self.change(account, self.asset, part)

    def keep(self, amount: int) -> None:
        """Leave so much of the funds where they are."""
        for source, part in self._drawn(amount):
            if self.balance_before:
                self.change(source, self.asset, part)

    def _drawn(self, amount: int) -> list[tuple[str, int]]:
        funds = self.funds
        if len(funds) == 1 and funds[0][1] == amount:
            self.funds = []
            return funds
        drawn: list[tuple[str, int]] = []
        while amount:
            source, available = funds[0]
            part = min(available, amount)
            drawn.append((source, part))
            amount -= part
            if part == available:
                del funds[0]
            else:
                funds[0] = (source, available - part)
        return drawn


def allotted(amount: int, portions: list[Fraction]) -> list[int]:
    """An amount divided by portions that add up to one; what rounding leaves goes to the earliest."""
    parts = [amount * portion.numerator // portion.denominator for portion in portions]
    for index in range(amount - sum(parts)):
        parts[index] += 1
    return parts
