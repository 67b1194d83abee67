"""The seam to the ledger, which stands above: what it must offer to the executor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

import psycopg

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations.plan import Entry, Posting


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry that stands now. `after` holds, for each posting, the balances of both accounts as shown.

    `unmoved` are the balances of accounts that were named and not moved, by address and currency: what was asked of them
    was taken from, or went to, what they owe.
    """

    entry_id: str
    postings: Sequence[Posting] = ()
    after: Sequence[str] = ()
    unmoved: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def balance_after(self, address: str, currency: str) -> Money | None:
        """What an account of the entry held after it."""
        for index in range(len(self.postings) - 1, -1, -1):
            posting = self.postings[index]
            if posting.amount.currency != currency:
                continue
            if posting.destination == address:
                return Money(int(self.after[2 * index + 1]), currency)
            if posting.source == address:
                return Money(int(self.after[2 * index]), currency)
        unmoved = self.unmoved.get((address, currency))
        return None if unmoved is None else Money(int(unmoved), currency)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a group was refused, and by which of its entries."""

    error: DomainError
    entry: Entry


class InsufficientFund(DomainError):
    """A bank account or a pool of ours has too little; nothing is wrong with the request."""

    code = "INSUFFICIENT_FUND"
    http_status = 409


def as_told(refused: Refused) -> Refused:
    """The same or, where an account of ours is short, with what mends it."""
    account = str(refused.error.details.get("account", ""))
    mend = refused.entry.prefunded.get(account)
    if refused.error.code != "INSUFFICIENT_BALANCE" or mend is None:
        return refused
    error = InsufficientFund(f"{refused.error.message} {mend}", details=refused.error.details)
    return Refused(error, replace(refused.entry, refusal_sticks=False))


Answer = list[Posted] | Refused

Group = Sequence[Entry]
"""The entries of one plan: accepted or refused together."""


class Poster(Protocol):
    """Posts many plans' entries in one call, inside the caller's transaction."""

    def __call__(
        self, connection: psycopg.Connection[Any], groups: Sequence[tuple[str, Group]], now: datetime
    ) -> list[Answer]:
        """One answer a group, given as (operation id, entries): what was posted, or why the ledger refused."""


_posters: list[Poster] = []


def register_poster(poster: Poster) -> None:
    """The ledger says once how it posts."""
    _posters[:] = [poster]


def post(
    connection: psycopg.Connection[Any], groups: Sequence[tuple[str, Group]], now: datetime
) -> list[Answer]:
    """Post through the ledger."""
    answers = _posters[0](connection, groups, now)
    return [as_told(answer) if isinstance(answer, Refused) else answer for answer in answers]
