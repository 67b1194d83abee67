"""What is asked of the books, through the product's own functions. Imported where Django is set up."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from apps.console import keyset
from apps.console.pages.entries import totals
from apps.core import clock
from apps.ledger import queries
from apps.ledger.models import Account, JournalEntry, Seal, Verification
from apps.ledger.queries import AsOf
from apps.ledger.verify import verify
from apps.operations.models import Book

SAMPLE = 2_000
NEW_ENTRIES = 50_000
DAYS = 1095
WARM_UP = 3

Call = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Reading:
    """A question asked over and over, each time about something else. The goal is for the median, in seconds."""

    name: str
    says: str
    goal: float
    call: Call
    before: Call = lambda: None

    def timed(self, *, most_calls: int, most_seconds: float) -> list[float]:
        """How long each call took, in milliseconds; the first few, uncounted, warm the caches."""
        taken: list[float] = []
        end = time.monotonic() + most_seconds
        while len(taken) < WARM_UP + 3 or (len(taken) < WARM_UP + most_calls and time.monotonic() < end):
            self.before()
            started = time.perf_counter()
            self.call()
            taken.append((time.perf_counter() - started) * 1000)
        return taken[WARM_UP:]


class Asker:
    """Makes questions at random points of the history."""

    def __init__(self) -> None:
        self._random = random.Random(7)
        self.book = Book.objects.get(slug="history")
        self.busy = Account.objects.select_related("balance").get(book=self.book, address="pool:settlement")
        first = self.busy.pk + 1
        ids = [first + self._random.randrange(self._others()) for _ in range(SAMPLE)]
        self.accounts = list(Account.objects.select_related("balance").filter(pk__in=ids))
        self.positions = queries.last_position(self.book.pk)
        self.now = clock.now()

    def account(self) -> Account:
        """One of the ordinary accounts."""
        return self._random.choice(self.accounts)

    def the_busy_one(self) -> Account:
        """The account with a tenth of all lines."""
        return self.busy

    def day(self) -> date:
        """A day of the three years."""
        return (self.now - timedelta(days=self._random.randrange(DAYS))).date()

    def moment(self) -> datetime:
        """A moment of the three years."""
        return self.now - timedelta(seconds=self._random.randrange(DAYS * 86_400))

    def position(self) -> int:
        """A position of the book."""
        return self._random.randint(1, self.positions)

    def sequence(self, account: Account) -> int:
        """A place in a statement."""
        return self._random.randint(1, account.balance.sequence + 1)

    def as_recorded(self) -> AsOf:
        """What was known at some moment."""
        return AsOf(position=queries.position_at(self.book.pk, self.moment()))

    def _others(self) -> int:
        return Account.objects.filter(book=self.book).count() - 1


def readings(ask: Asker) -> Iterator[Reading]:
    """All of them, about ordinary accounts and about the busy one."""
    for pick, suffix in ((ask.account, ""), (ask.the_busy_one, "_busy")):
        yield from (
            Reading(f"{name}{suffix}", says, 0.005, call) for name, says, call in _of_accounts(ask, pick)
        )
    entries = JournalEntry.objects.select_related("book", "seal")
    yield Reading(
        "list_newest", "newest 50 entries as the console lists them", 0.005, lambda: _listed(entries, None)
    )
    yield Reading("list_deep", "50 entries anywhere", 0.005, lambda: _listed(entries, ask.position()))
    yield Reading(
        "verify_incremental",
        f"{2 * NEW_ENTRIES:,} new lines verified",
        1.0,
        lambda: _verify_new(ask),
        before=lambda: _forget_new(ask),
    )


def _of_accounts(ask: Asker, pick: Callable[[], Account]) -> Iterator[tuple[str, str, Call]]:
    def page(account: Account) -> object:
        return queries.statement_page(account, before=ask.sequence(account))

    yield "balance", "balance now", lambda: queries.balance(pick())
    yield "statement", "newest page of 50 lines", lambda: queries.statement_page(pick())
    yield "statement_deep", "page of 50 lines anywhere", lambda: page(pick())
    yield "as_of_effective", "balance at the end of a day", lambda: queries.balance(pick(), AsOf(ask.day()))
    yield (
        "as_of_position",
        "balance by a position",
        lambda: queries.balance(pick(), AsOf(position=ask.position())),
    )
    yield "as_of_recorded", "balance known at a moment", lambda: queries.balance(pick(), ask.as_recorded())
    yield (
        "as_of_both",
        "balance of a day as known by a position",
        lambda: queries.balance(pick(), AsOf(ask.day(), ask.position())),
    )
    yield (
        "statement_as_of",
        "page of 50 lines up to a day",
        lambda: queries.statement_page(pick(), as_of=AsOf(ask.day())),
    )


def _listed(entries: QuerySet[JournalEntry], before: int | None) -> object:
    cursor = None if before is None else [before]
    return totals(list(keyset.walk(entries, ("-ordinal",), cursor)[:51]))


def _forget_new(ask: Asker) -> None:
    """Put the mark of the last verification back to where the new entries begin."""
    seal = Seal.objects.get(book=ask.book, position=max(ask.positions - NEW_ENTRIES, 1))
    Verification.objects.update_or_create(
        book=ask.book,
        defaults={"through_position": seal.position, "through_hash": seal.hash, "verified_at": clock.now()},
    )


def _verify_new(ask: Asker) -> None:
    report = verify([ask.book], incremental=True)
    if not report.ok:
        raise SystemExit(f"The history is broken: {report.broken[:3]}")
