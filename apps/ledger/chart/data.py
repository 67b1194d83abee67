"""A whole chart of accounts."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChartAccount:
    """A GL account. `side` is 1 for credit and -1 for debit; no currencies are any."""

    code: str
    name: str
    type: str
    side: int
    currencies: tuple[str, ...] = ()
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class ChartPattern:
    """Which GL account the addresses belong to that fit a pattern."""

    pattern: str
    gl_code: str
    names_holds: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """GL accounts by code, and patterns."""

    accounts: Mapping[str, ChartAccount]
    patterns: Mapping[str, ChartPattern]

    @property
    def headings(self) -> set[str]:
        """The codes that have children, and so carry no accounts."""
        return {account.parent for account in self.accounts.values() if account.parent}
