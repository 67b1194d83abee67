"""The ledger in plain Python, one entry after the other: what the posting function must equal."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

LIMIT = 10**38
PRECEDENCE = (
    "ALREADY_REVERSED",
    "DUPLICATE_TRANSACTION",
    "INVALID_AMOUNT",
    "SAME_ACCOUNT",
    "ACCOUNT_NOT_FOUND",
    "CURRENCY_MISMATCH",
    "ACCOUNT_CLOSED",
    "PERIOD_CLOSED",
    "ACCOUNT_FROZEN",
    "HOLD_REQUIRED",
    "HOLD_NOT_FOUND",
    "HOLD_EXHAUSTED",
    "INSUFFICIENT_BALANCE",
    "BALANCE_OVERFLOW",
)


@dataclass
class Account:
    """An account with its raw balance (in - out) and what limits it. `owed` is the key of its owed account."""

    book: int
    currency: str = "EUR"
    side: int = 1
    floor: int | None = 0
    names_holds: bool = False
    owed: Any = None
    balance: int = 0
    lines: list[tuple[int, int]] = field(default_factory=list)
    frozen_in: bool = False
    frozen_out: bool = False
    closed: bool = False

    @property
    def shown(self) -> int:
        """The balance as people read it."""
        return self.balance * self.side

    @property
    def short(self) -> bool:
        """Below its floor."""
        return self.floor is not None and self.shown < self.floor

    def move(self, amount: int) -> None:
        """One more line: the amount and the balance after it."""
        self.balance += amount
        self.lines.append((amount, self.balance))


@dataclass
class Hold:
    """What was reserved on an account, and what remains of it."""

    account: Any
    amount: int
    remaining: int


@dataclass(frozen=True)
class Leg:
    """A posting. `use` is 1 to open a hold, 2 to give back to it, -1 to take from it."""

    source: Any
    destination: Any
    amount: int
    currency: str = "EUR"
    hold: Any = None
    use: int | None = None


@dataclass(frozen=True)
class Entry:
    """An entry to be."""

    book: int
    reference: str
    legs: tuple[Leg, ...]
    on: date | None = None
    adjusts: bool = False
    involuntary: bool = False
    reverses: Any = None
    id: Any = None


@dataclass
class Periods:
    """Up to which days, inclusive, a book is closed and closing, and whether late entries are moved."""

    closed_through: date | None = None
    closing_through: date | None = None
    moves: bool = False

    def day_of(self, on: date, adjusts: bool) -> date | None:
        """The day on which an entry takes effect; None if it may not."""
        shut = [self.closed_through, None if adjusts else self.closing_through]
        last = max(filter(None, shut), default=None)
        if last is None or on > last:
            return on
        return last + timedelta(days=1) if self.moves else None


class PlainLedger:
    """Posts groups of entries in order, each wholly or not at all."""

    def __init__(self, accounts: dict[Any, Account], periods: dict[int, Periods], today: date) -> None:
        self.accounts = accounts
        self.periods = periods
        self.today = today
        self.holds: dict[Any, Hold] = {}
        self.references: set[tuple[int, str]] = set()
        self.reversed: set[Any] = set()
        self.stored: dict[str, tuple[Leg, ...]] = {}
        """By reference, the legs that truly moved."""

    def post(self, groups: Sequence[Sequence[Entry]]) -> list[str | None]:
        """The code of each entry, None where it was posted."""
        return [code for group in groups for code in self._post_group(group)]

    def day_of(self, entry: Entry) -> date | None:
        """The day on which an entry takes effect as the periods are now; None if it may not."""
        return self.periods.get(entry.book, Periods()).day_of(entry.on or self.today, entry.adjusts)

    def _post_group(self, group: Sequence[Entry]) -> Iterator[str | None]:
        before = deepcopy((self.accounts, self.holds, self.references, self.reversed))
        for entry in group:
            code = self._refusal(entry)
            if code:
                self.accounts, self.holds, self.references, self.reversed = before
                yield from (code if other is entry else "GROUP_REFUSED" for other in group)
                return
        yield from [None] * len(group)

    def _refusal(self, entry: Entry) -> str | None:
        """Why an entry is refused; if it is not, it stands now."""
        reasons = [self._stands(entry), *(self._leg_refusal(entry, leg) for leg in entry.legs)]
        if any(reasons):
            return min(filter(None, reasons), key=PRECEDENCE.index)
        overflows = False
        stored: list[Leg] = []
        for asked in entry.legs:
            for leg in self.parts(entry, asked):
                self.accounts[leg.source].move(-leg.amount)
                self.accounts[leg.destination].move(leg.amount)
                self._use_hold(leg)
                stored.append(leg)
                touched = (leg.source, leg.destination)
                overflows |= any(abs(self.accounts[a].balance) >= LIMIT for a in touched)
        self.stored[entry.reference] = tuple(stored)
        self.references.add((entry.book, entry.reference))
        if entry.reverses:
            self.reversed.add(entry.reverses)
        if any(not 0 <= hold.remaining <= hold.amount for hold in self.holds.values()):
            return "HOLD_EXHAUSTED"
        if any(self.accounts[a].short for leg in entry.legs for a in (leg.source, leg.destination)):
            return "INSUFFICIENT_BALANCE"
        return "BALANCE_OVERFLOW" if overflows else None

    def parts(self, entry: Entry, leg: Leg) -> list[Leg]:
        """What truly moves for a posting: first what there is, the rest is owed; what is owed is repaid first."""
        sources, destinations = [[leg.source, leg.amount]], [[leg.destination, leg.amount]]
        source, destination = self.accounts[leg.source], self.accounts[leg.destination]
        if entry.reverses or leg.source == destination.owed or leg.destination == source.owed:
            return [leg]
        if entry.involuntary and source.owed is not None and source.floor is not None and not leg.hold:
            has = min(leg.amount, max(source.shown - source.floor, 0))
            sources = [[leg.source, has], [source.owed, leg.amount - has]]
        if destination.owed is not None:
            repaid = min(leg.amount, max(self.accounts[destination.owed].shown, 0))
            destinations = [[destination.owed, repaid], [leg.destination, leg.amount - repaid]]
        parts = []
        for a in sources:
            for b in destinations:
                if amount := min(a[1], b[1]):
                    parts.append(replace(leg, source=a[0], destination=b[0], amount=amount))
                    a[1] -= amount
                    b[1] -= amount
        return parts

    def _stands(self, entry: Entry) -> str | None:
        if entry.reverses and entry.reverses in self.reversed:
            return "ALREADY_REVERSED"
        return "DUPLICATE_TRANSACTION" if (entry.book, entry.reference) in self.references else None

    def _leg_refusal(self, entry: Entry, leg: Leg) -> str | None:
        source, destination = self.accounts.get(leg.source), self.accounts.get(leg.destination)
        if not 0 < leg.amount < LIMIT:
            return "INVALID_AMOUNT"
        if leg.source is not None and leg.source == leg.destination:
            return "SAME_ACCOUNT"
        if source is None or destination is None or {source.book, destination.book} != {entry.book}:
            return "ACCOUNT_NOT_FOUND"
        if {source.currency, destination.currency} != {leg.currency}:
            return "CURRENCY_MISMATCH"
        if source.closed or destination.closed:
            return "ACCOUNT_CLOSED"
        if self.day_of(entry) is None:
            return "PERIOD_CLOSED"
        if (source.frozen_out or destination.frozen_in) and leg.use != -1:
            return "ACCOUNT_FROZEN"
        if (source.names_holds and leg.use != -1) or (destination.names_holds and leg.use not in (1, 2)):
            return "HOLD_REQUIRED"
        return self._hold_refusal(leg, destination) if leg.use else None

    def _hold_refusal(self, leg: Leg, destination: Account) -> str | None:
        if leg.use == 1:
            return None if destination.names_holds else "HOLD_NOT_FOUND"
        hold = self.holds.get(leg.hold)
        on = leg.source if leg.use == -1 else leg.destination
        return None if hold and hold.account == on else "HOLD_NOT_FOUND"

    def _use_hold(self, leg: Leg) -> None:
        if leg.use == 1:
            self.holds[leg.hold] = Hold(leg.destination, leg.amount, leg.amount)
        elif leg.use:
            self.holds[leg.hold].remaining += leg.amount if leg.use == 2 else -leg.amount
