"""The language once more, for tests: plain, slow, and sharing nothing with the engine but the words of its programs.

Money is a list of single coins, each of which knows where it lies. What moves, moves coin by coin.
"""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from typing import TypeAlias

ASSET = "A"


class Refused(Exception):
    """The kind of failure that is expected."""


@dataclass(frozen=True)
class Account:
    """`overdraft` is None without one, and "unbounded" without a limit."""

    name: str
    overdraft: int | str | None = None

    def __str__(self) -> str:
        if self.overdraft is None:
            return f"@{self.name}"
        if self.overdraft == "unbounded":
            return f"@{self.name} allowing unbounded overdraft"
        return f"@{self.name} allowing overdraft up to [{ASSET} {self.overdraft}]"


@dataclass(frozen=True)
class Ordered:
    sources: "tuple[Source, ...]"

    def __str__(self) -> str:
        return "{ " + " ".join(map(str, self.sources)) + " }"


@dataclass(frozen=True)
class Capped:
    cap: int
    source: "Source"

    def __str__(self) -> str:
        return f"max [{ASSET} {self.cap}] from {self.source}"


@dataclass(frozen=True)
class Shared:
    """Sources in portions; None is what remains."""

    shares: "tuple[tuple[Fraction | None, Source], ...]"

    def __str__(self) -> str:
        return "{ " + " ".join(f"{portion(share)} from {source}" for share, source in self.shares) + " }"


Source: TypeAlias = Account | Ordered | Capped | Shared


@dataclass(frozen=True)
class To:
    """An account, or None for what is kept."""

    name: str | None

    def __str__(self) -> str:
        return f"to @{self.name}" if self.name else "kept"


@dataclass(frozen=True)
class Filled:
    caps: "tuple[tuple[int, Target], ...]"
    rest: "Target"

    def __str__(self) -> str:
        caps = "".join(f"max [{ASSET} {cap}] {target} " for cap, target in self.caps)
        return f"to {{ {caps}remaining {self.rest} }}"


@dataclass(frozen=True)
class Divided:
    shares: "tuple[tuple[Fraction | None, Target], ...]"

    def __str__(self) -> str:
        return "to { " + " ".join(f"{portion(share)} {target}" for share, target in self.shares) + " }"


Target: TypeAlias = To | Filled | Divided


@dataclass(frozen=True)
class Send:
    """`amount` is None for all there is."""

    amount: int | None
    source: Source
    target: Target

    def __str__(self) -> str:
        amount = "*" if self.amount is None else self.amount
        destination = str(self.target).removeprefix("to ")
        return f"send [{ASSET} {amount}] (\n  source = {self.source}\n  destination = {destination}\n)"


@dataclass(frozen=True)
class Save:
    amount: int | None
    name: str

    def __str__(self) -> str:
        return f"save [{ASSET} {'*' if self.amount is None else self.amount}] from @{self.name}"


Statement: TypeAlias = Send | Save


def portion(share: Fraction | None) -> str:
    """How a portion is written; what divides a hundred now and then as a percentage."""
    if share is None:
        return "remaining"
    hundredths = share * 100
    if hundredths.denominator == 1 and hundredths % 2:
        return f"{hundredths.numerator}%"
    return f"{share.numerator}/{share.denominator}"


@dataclass
class Books:
    """Balances, and what was moved: (source, destination, amount)."""

    balances: Counter[str]
    moved: list[tuple[str, str, int]] = field(default_factory=list)
    kept: int = 0

    def run(self, statements: list[Statement]) -> None:
        """Run all of them."""
        for statement in statements:
            if isinstance(statement, Save):
                self._save(statement)
            else:
                self._send(statement)

    def _save(self, save: Save) -> None:
        before = self.balances[save.name]
        if save.amount is None:
            self.balances[save.name] = min(before, 0)
        elif save.amount < 0:
            raise Refused("NEGATIVE_AMOUNT")
        else:
            self.balances[save.name] = max(before - save.amount, 0)

    def _send(self, send: Send) -> None:
        if send.amount is not None and send.amount < 0:
            raise Refused("NEGATIVE_AMOUNT")
        coins: list[str] = []
        self._collect(send.source, send.amount, coins)
        if send.amount is not None and len(coins) != send.amount:
            raise Refused("MISSING_FUNDS")
        self._hand_out(send.target, coins)

    def _collect(self, source: Source, wanted: int | None, coins: list[str]) -> None:
        """Append a coin for each unit: the name of the account that it comes from."""
        start = len(coins)
        if isinstance(source, Account):
            for _ in range(self._available(source, wanted)):
                coins.append(source.name)
                self.balances[source.name] -= 1
        elif isinstance(source, Ordered):
            for each in source.sources:
                self._collect(each, None if wanted is None else wanted - (len(coins) - start), coins)
        elif isinstance(source, Capped):
            cap = max(source.cap, 0)
            self._collect(source.source, cap if wanted is None else min(cap, wanted), coins)
        elif wanted is None:
            raise Refused("ALLOTMENT_OF_ALL")
        else:
            for part, (_, each) in zip(
                divided(wanted, [share for share, _ in source.shares]), source.shares, strict=True
            ):
                before = len(coins)
                self._collect(each, part, coins)
                if len(coins) - before != part:
                    raise Refused("MISSING_FUNDS")

    def _available(self, account: Account, wanted: int | None) -> int:
        if account.name == "world" or account.overdraft == "unbounded":
            if wanted is None:
                raise Refused("UNBOUNDED_ALL")
            return wanted
        extra = max(account.overdraft, 0) if isinstance(account.overdraft, int) else 0
        there = max(self.balances[account.name] + extra, 0)
        return there if wanted is None else min(there, wanted)

    def _hand_out(self, target: Target, coins: list[str]) -> None:
        if isinstance(target, To):
            self._to(target.name, coins)
        elif isinstance(target, Filled):
            for cap, each in target.caps:
                self._hand_out(each, coins[: max(cap, 0)])
                coins = coins[max(cap, 0) :]
            self._hand_out(target.rest, coins)
        else:
            for part, (_, each) in zip(
                divided(len(coins), [share for share, _ in target.shares]), target.shares, strict=True
            ):
                self._hand_out(each, coins[:part])
                coins = coins[part:]

    def _to(self, name: str | None, coins: list[str]) -> None:
        for source, run in groupby(coins):
            amount = len(list(run))
            if name is None:
                self.balances[source] += amount
                self.kept += amount
            else:
                self.balances[name] += amount
                self.moved.append((source, name, amount))


def divided(amount: int, shares: list[Fraction | None]) -> list[int]:
    """Whole parts; a coin more for the first of them until nothing is left."""
    rest = 1 - sum(share for share in shares if share is not None)
    exact = [amount * (rest if share is None else share) for share in shares]
    parts = [int(part) for part in exact]
    while sum(parts) < amount:
        parts[next(i for i, part in enumerate(parts) if part == int(exact[i]))] += 1
    return parts
