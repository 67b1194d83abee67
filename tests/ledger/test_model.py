"""The ledger behind its door against a ledger in plain Python: exact codes, exact balances, whatever is done."""

import os
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from apps.core import ids
from apps.core.money import Money
from apps.ledger import projections, queries
from apps.ledger.models import Account as StoredAccount
from apps.ledger.models import PeriodChange
from apps.operations import books, combiner, sequencer
from apps.operations.executor import execute_many
from apps.operations.plan import Request
from apps.operations.run import Outcome
from tests.support.charted import OUTSIDE, charted
from tests.support.commands import COMMANDS, registered
from tests.support.door import code, request, rows
from tests.support.plain import Account, Entry, Leg, Periods, PlainLedger

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"

pytestmark = pytest.mark.usefixtures("ledger_db")

Name: TypeAlias = tuple[str, str, str]
"""Which book ("north" or "south"), which address, which currency."""

ZONES = {"north": "UTC", "south": "Pacific/Auckland"}
WALLETS = ("amara", "bo", "cleo", "debt", "bank", "till")
RESERVES = ("reserve", "safe")
DAYS_BACK = (None, None, 3, 10, 40)
CLOSINGS = (3, 10, 39)


def plain_accounts() -> dict[Name, Account]:
    """The same accounts in both books and both currencies: with and without floors, of either side."""
    accounts: dict[Name, Account] = {}
    for number, book in enumerate(ZONES):
        for currency in ("EUR", "JPY"):
            of = {
                "mint": Account(number, currency, floor=None),
                "amara": Account(number, currency),
                "bo": Account(number, currency, floor=-500),
                "debt": Account(number, currency, side=-1),
                "cleo": Account(number, currency, owed=(book, "debt", currency)),
                "bank": Account(number, currency, side=-1, floor=None),
                "till": Account(number, currency, side=-1),
                "reserve": Account(number, currency, names_holds=True),
                "safe": Account(number, currency, names_holds=True),
            }
            accounts |= {(book, address, currency): account for address, account in of.items()}
    return accounts


@dataclass
class Done:
    """An entry that stands, as the plain ledger knows it."""

    id: str
    entry: Entry
    on: date
    reversal: bool = False


@dataclass
class Step:
    """A request, what it must be answered, and what was answered."""

    request: Request
    outcome: Outcome
    replays: bool


@dataclass
class Wish:
    """One entry to be asked for: its command and input, and the entry that the plain ledger posts for it."""

    command: str
    input: dict[str, Any]
    entry: Entry
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


book_names = st.sampled_from(sorted(ZONES))
currencies = st.sampled_from(["EUR", "EUR", "JPY"])
wallets = st.sampled_from(WALLETS)
amounts = st.integers(1, 900)
days_back = st.sampled_from(DAYS_BACK)


def parts(left: int) -> st.SearchStrategy[int | None]:
    """What may be asked of a hold: all, a part, all but a part, or more than there is."""
    return st.sampled_from([None, max(left // 3, 1), max(left // 3, 1), left or 1, left + 1])


class Books(RuleBasedStateMachine):
    """Everything that moves money, in any order, on two books."""

    def __init__(self) -> None:
        super().__init__()
        self.commands = registered(*COMMANDS)
        self.commands.__enter__()

    def teardown(self) -> None:
        self.commands.__exit__(None, None, None)

    @initialize()
    def open_books(self) -> None:
        """Two tenants with accounts of their own; everything before stays in other books."""
        run = uuid.uuid4().hex[:8]
        self.slugs = {book: f"{book}-{run}" for book in ZONES}
        for book, slug in self.slugs.items():
            tenant = {"name": book, "slug": slug, "base_currency": "EUR", "time_zone": ZONES[book]}
            self.ask("accounts.create_tenant", **tenant)
        accounts = plain_accounts()
        opened = [
            request(
                "ledger.open_account",
                book=self.slugs[book],
                address=address,
                currency=currency,
                gl_code=OUTSIDE[account.side],
                side="credit" if account.side == 1 else "debit",
                floor=None if account.floor is None else Money(account.floor, currency).decimal,
                names_holds=account.names_holds,
            )
            for (book, address, currency), account in accounts.items()
            if account.owed is None
        ]
        assert all(outcome.accepted for outcome in execute_many(opened))
        self.book_ids = {slug: books.by_slug(slug).pk for slug in self.slugs.values()}
        self.open_those_that_may_owe(accounts)
        self.today = datetime.now(UTC).date()
        self.periods = {book: Periods() for book in ZONES}
        numbered = {self.number(book): periods for book, periods in self.periods.items()}
        self.plain = PlainLedger(accounts, numbered, today=date.max)
        self.done: list[Done] = []
        self.steps: list[Step] = []
        self.holds: dict[str, tuple[Name, Name]] = {}
        self.freezes: dict[str, tuple[Name, str]] = {}
        self.closings: dict[str, tuple[str, date, dict[Name, int]]] = {}
        for book in ZONES:
            self.post(book, "EUR", "mint", "amara", 2_000, None)
            self.post(book, "JPY", "mint", "amara", 700, None)

    def open_those_that_may_owe(self, accounts: dict[Name, Account]) -> None:
        """As wallets are: what is available names what is owed."""
        for (book, address, currency), account in accounts.items():
            if account.owed is not None:
                of = StoredAccount.objects.filter(book_id=self.book_ids[self.slugs[book]], currency=currency)
                owed = of.get(address=account.owed[1])
                given = {**charted(address), "floor": account.floor, "opened_at": datetime.now(UTC)}
                of.create(
                    address=address, book_id=owed.book_id, currency=currency, owed_account=owed, **given
                )

    # What is asked, and what must come of it.

    def ask(self, command: str, *, key: str | None = None, **data: Any) -> Outcome:
        """Run one command."""
        return execute_many([request(command, key=key, **data)])[0]

    def wish(
        self, book: str, currency: str, source: str, destination: str, amount: int, back: int | None
    ) -> Wish:
        """An entry of one posting."""
        reference = uuid.uuid4().hex
        on, at = self.moment(book, back)
        given = {
            "book": self.slugs[book],
            "reference": reference,
            "kind": "internal",
            "source": source,
            "destination": destination,
            "amount": money(amount, currency),
            "effective_at": at,
        }
        leg = Leg((book, source, currency), (book, destination, currency), amount, currency)
        return Wish("ledger.import_entry", given, Entry(self.number(book), reference, (leg,), on))

    def moment(self, book: str, back: int | None) -> tuple[date | None, str | None]:
        """Noon in London some days ago: the day that it is in the book's own time zone, and the instant."""
        if back is None:
            return None, None
        at = datetime.combine(self.today - timedelta(days=back), time(12), UTC)
        return at.astimezone(ZoneInfo(ZONES[book])).date(), at.isoformat()

    def number(self, book: str) -> int:
        """The plain ledger's number of a book."""
        return list(ZONES).index(book)

    def expect(self, outcome: Outcome, entry: Entry, request: Request | None = None, **about: Any) -> bool:
        """The outcome is what the plain ledger says of this entry; whether it was posted."""
        [expected] = self.plain.post([[entry]])
        assert code(outcome) == expected
        self.remember(outcome, entry, **about)
        if request:
            self.steps.append(Step(request, outcome, replays=True))
        return expected is None

    def remember(self, outcome: Outcome, entry: Entry, **about: Any) -> None:
        """Keep what was posted."""
        if outcome.accepted:
            self.done.append(self.stands(outcome.result["entry"], entry, **about))

    def stands(self, pk: str, entry: Entry, **about: Any) -> Done:
        """An entry that was just posted, with the legs that truly moved."""
        return Done(pk, replace(entry, legs=self.plain.stored[entry.reference]), self.day_of(entry), **about)

    def day_of(self, entry: Entry) -> date:
        """The day on which an entry that was just posted takes effect."""
        day = self.plain.day_of(entry)
        assert day is not None
        return day

    def run_and_expect(self, wish: Wish, **about: Any) -> Outcome:
        """Run one wish, alone."""
        asked = request(wish.command, key=wish.key, **wish.input)
        outcome = execute_many([asked])[0]
        self.expect(outcome, wish.entry, asked, **about)
        return outcome

    # Entries: one, many, combined, of several books.

    @rule(
        book=book_names,
        currency=currencies,
        source=wallets,
        destination=wallets,
        amount=amounts,
        back=days_back,
    )
    def post(
        self, book: str, currency: str, source: str, destination: str, amount: int, back: int | None
    ) -> None:
        """One entry, alone."""
        self.run_and_expect(self.wish(book, currency, source, destination, amount, back))

    @rule(
        book=book_names,
        moves=st.lists(st.tuples(currencies, wallets, wallets, amounts, days_back), min_size=2, max_size=8),
        twice=st.lists(st.integers(0, 7), max_size=3),
    )
    def post_many(self, book: str, moves: list[Any], twice: list[int]) -> None:
        """Many in one call, some of them refused, some with a key that is there already."""
        wishes = [self.wish(book, *move) for move in moves]
        repeated = [wishes[index] for index in twice if index < len(wishes)]
        asked = [request(wish.command, key=wish.key, **wish.input) for wish in [*wishes, *repeated]]
        outcomes = execute_many(asked)
        for wish, one, outcome in zip(wishes, asked, outcomes, strict=False):
            self.expect(outcome, wish.entry, one)
        first = {one.key: outcome for one, outcome in zip(asked, outcomes[: len(wishes)], strict=False)}
        for one, outcome in zip(asked[len(wishes) :], outcomes[len(wishes) :], strict=True):
            assert_replay(first[one.key], outcome)

    @rule(
        book=book_names,
        currency=currencies,
        moves=st.lists(st.tuples(wallets, amounts), min_size=2, max_size=5),
    )
    def post_combined(self, book: str, currency: str, moves: list[Any]) -> None:
        """Threads that meet in the combiner; what comes out of the mint is never short."""
        wishes = [
            self.wish(book, currency, "mint", destination, amount, None) for destination, amount in moves
        ]
        asked = [request(wish.command, key=wish.key, **wish.input) for wish in wishes]
        with ThreadPoolExecutor(len(asked)) as threads:
            outcomes = list(threads.map(combined, asked))
        order = dict(
            rows(
                "SELECT reference, ordinal FROM ledger_entry WHERE book_id = %s",
                self.book_ids[self.slugs[book]],
            )
        )
        met = sorted(
            zip(wishes, asked, outcomes, strict=True),
            key=lambda each: order.get(each[0].entry.reference, 2**62),
        )
        for wish, one, outcome in met:
            self.expect(outcome, wish.entry, one)

    @rule(
        legs=st.lists(st.tuples(book_names, currencies, wallets, wallets, amounts), min_size=2, max_size=6),
        sizes=st.lists(st.integers(1, 3), min_size=1, max_size=3),
        taken=st.booleans(),
    )
    def post_together(self, legs: list[Any], sizes: list[int], taken: bool) -> None:
        """Entries of several books and legs, all or none; perhaps taken whether or not there is enough."""
        entries, given = [], []
        for size in sizes:
            part, legs = legs[:size], legs[size:]
            if not part:
                break
            book, reference = part[0][0], uuid.uuid4().hex
            own = [Leg((book, a, c), (book, b, c), amount, c) for _, c, a, b, amount in part]
            entries.append(Entry(self.number(book), reference, tuple(own), involuntary=taken))
            postings = [[a, b, Money(amount, c).decimal, c] for _, c, a, b, amount in part]
            about = {"book": self.slugs[book], "reference": reference, "involuntary": taken}
            given.append({**about, "postings": postings})
        outcome = self.ask("tests.post", entries=given)
        codes = self.plain.post([entries])
        assert code(outcome) == next((one for one in codes if one not in (None, "GROUP_REFUSED")), None)
        if outcome.accepted:
            self.done += [
                self.stands(pk, entry) for pk, entry in zip(outcome.result["entries"], entries, strict=True)
            ]

    # Holds.

    @rule(
        book=book_names,
        currency=currencies,
        account=st.sampled_from(["amara", "bo", "cleo", "mint", "till"]),
        reserve=st.sampled_from(RESERVES),
        amount=amounts,
    )
    def place_hold(self, book: str, currency: str, account: str, reserve: str, amount: int) -> None:
        """Money set aside."""
        given = {"account": account, "held_account": reserve, "amount": money(amount, currency)}
        asked = request("ledger.place_hold", book=self.slugs[book], reason="model", **given)
        outcome = execute_many([asked])[0]
        hold = outcome.result["hold"] if outcome.accepted else "none"
        source, held = (book, account, currency), (book, reserve, currency)
        leg = Leg(source, held, amount, currency, hold, 1)
        if self.expect(outcome, Entry(self.number(book), uuid.uuid4().hex, (leg,)), asked):
            self.holds[hold] = (source, held)

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), destination=wallets, rest=st.booleans())
    def settle_hold(self, data: st.DataObject, destination: str, rest: bool) -> None:
        """Paid out, wholly or in part; the rest stays or goes back."""
        hold, (source, held), left = self.some_hold(data)
        amount = data.draw(parts(left))
        book, _, currency = source
        paid = amount or left
        legs = [Leg(held, (book, destination, currency), paid, currency, hold, -1)]
        if rest and left > paid:
            legs.append(Leg(held, source, left - paid, currency, hold, -1))
        given = {"hold": hold, "destination": destination, "release_rest": rest}
        self.end_hold("ledger.settle_hold", book, left, legs, given | self.part(amount, currency))

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def release_hold(self, data: st.DataObject) -> None:
        """Given back, wholly or in part."""
        hold, (source, held), left = self.some_hold(data)
        amount = data.draw(parts(left))
        book, _, currency = source
        leg = Leg(held, source, amount or left, currency, hold, -1)
        self.end_hold("ledger.release_hold", book, left, [leg], {"hold": hold} | self.part(amount, currency))

    def some_hold(self, data: st.DataObject) -> tuple[str, tuple[Name, Name], int]:
        """A hold, where it is from, and what remains of it."""
        hold = data.draw(st.sampled_from(sorted(self.holds)))
        return hold, self.holds[hold], self.plain.holds[hold].remaining

    def part(self, amount: int | None, currency: str) -> dict[str, Any]:
        """The amount as input, where one is given."""
        return {} if amount is None else {"amount": money(amount, currency)}

    def end_hold(
        self, command: str, book: str, left: int, legs: Sequence[Leg], given: dict[str, Any]
    ) -> None:
        """What a hold is taken from; an empty one is refused before the ledger."""
        asked = request(command, reason="model", **given)
        outcome = execute_many([asked])[0]
        if not left:
            assert code(outcome) == "HOLD_EXHAUSTED"
            return
        self.expect(outcome, Entry(self.number(book), uuid.uuid4().hex, tuple(legs)), asked)

    # What puts mistakes right.

    @precondition(lambda self: self.done)
    @rule(data=st.data(), back=days_back)
    def reverse(self, data: st.DataObject, back: int | None) -> None:
        """The mirror of a whole entry, its holds included, once."""
        original = data.draw(st.sampled_from(self.done))
        book = original.entry.legs[0].source[0]
        on, at = self.moment(book, back)
        asked = request("ledger.reverse_entry", entry=original.id, reason="model", effective_at=at)
        outcome = execute_many([asked])[0]
        if original.reversal:
            assert code(outcome) == "REVERSAL_NOT_REVERSIBLE"
            return
        legs = tuple(mirrored(leg) for leg in reversed(original.entry.legs))
        entry = Entry(
            self.number(book), f"reversal:{original.id}", legs, on, adjusts=True, reverses=original.id
        )
        if original.id in self.plain.reversed:
            assert code(outcome) == "ALREADY_REVERSED"
            return
        self.expect(outcome, entry, asked, reversal=True)

    @rule(
        book=book_names,
        currency=currencies,
        account=st.sampled_from([*WALLETS, *RESERVES]),
        credit=st.booleans(),
        amount=amounts,
        back=days_back,
    )
    def correct(
        self, book: str, currency: str, account: str, credit: bool, amount: int, back: int | None
    ) -> None:
        """Against the corrections account, which opens with the first of them."""
        corrections = (book, "suspense:corrections", currency)
        self.plain.accounts.setdefault(corrections, Account(self.number(book), currency, floor=None))
        pair = (corrections, (book, account, currency))
        source, destination = pair if credit else pair[::-1]
        on, at = self.moment(book, back)
        asked = request(
            "ledger.post_correction",
            book=self.slugs[book],
            account=account,
            direction="credit" if credit else "debit",
            amount=money(amount, currency),
            reason="model",
            related_type="model",
            related_id="1",
            effective_at=at,
        )
        leg = Leg(source, destination, amount, currency)
        entry = Entry(self.number(book), uuid.uuid4().hex, (leg,), on, adjusts=True)
        self.expect(execute_many([asked])[0], entry, asked)

    # What stops money.

    @rule(
        book=book_names,
        account=wallets,
        direction=st.sampled_from(["in", "out", "both"]),
        until=st.sampled_from([None, None, 1, -1]),
    )
    def freeze(self, book: str, account: str, direction: str, until: int | None) -> None:
        """Nothing in or out; a freeze that has expired is none."""
        name = (book, account, "EUR")
        expires = None if until is None else (datetime.now(UTC) + timedelta(days=until)).isoformat()
        given = {"account": account, "currency": "EUR", "direction": direction, "expires_at": expires}
        outcome = self.ask("ledger.freeze_account", book=self.slugs[book], reason="model", **given)
        if until != -1:
            self.freezes[outcome.result["freeze"]] = (name, direction)
        self.thaw_or_freeze(name)

    @precondition(lambda self: self.freezes)
    @rule(data=st.data())
    def unfreeze(self, data: st.DataObject) -> None:
        """One freeze is lifted, the others stay."""
        freeze = data.draw(st.sampled_from(sorted(self.freezes)))
        assert self.ask("ledger.unfreeze_account", freeze=freeze, reason="model").accepted
        assert code(self.ask("ledger.unfreeze_account", freeze=freeze, reason="model")) == "FREEZE_NOT_FOUND"
        name, _ = self.freezes.pop(freeze)
        self.thaw_or_freeze(name)

    def thaw_or_freeze(self, name: Name) -> None:
        """An account is frozen as long as one freeze stands."""
        directions = {direction for other, direction in self.freezes.values() if other == name}
        account = self.plain.accounts[name]
        account.frozen_in, account.frozen_out = (
            bool(directions & {"in", "both"}),
            bool(directions & {"out", "both"}),
        )
        book, address, currency = name
        self.post(book, currency, "mint", address, 1, None)
        self.post(book, currency, address, "mint", 1, None)

    @rule(book=book_names, account=st.sampled_from(["bo", "till", "safe"]))
    def close_account(self, book: str, account: str) -> None:
        """For good, where nothing is left and nothing is held."""
        name = (book, account, "JPY")
        held = [self.plain.holds[hold].remaining for hold, between in self.holds.items() if name in between]
        stored = self.plain.accounts[name]
        expected = (
            "ACCOUNT_CLOSED"
            if stored.closed
            else "ACCOUNT_NOT_EMPTY"
            if stored.balance
            else "ACCOUNT_HAS_HOLDS"
            if any(held)
            else None
        )
        given = {"account": account, "currency": "JPY", "reason": "model"}
        assert code(self.ask("ledger.close_account", book=self.slugs[book], **given)) == expected
        stored.closed |= expected is None

    # Periods.

    @rule(book=book_names, back=st.sampled_from(CLOSINGS), begin=st.booleans())
    def close_period(self, book: str, back: int, begin: bool) -> None:
        """Closed, or closing first. Forward only."""
        through, of = self.today - timedelta(days=back), self.periods[book]
        command = "ledger.begin_closing" if begin else "ledger.close_period"
        outcome = self.ask(command, book=self.slugs[book], through=str(through), reason="model")
        after = [of.closed_through, of.closing_through if begin else None]
        assert code(outcome) == ("PERIOD_ORDER" if any(day and through <= day for day in after) else None)
        if outcome.accepted and begin:
            of.closing_through = through
            self.remember_reported(outcome, book, through)
        elif outcome.accepted:
            of.closed_through = through
            if of.closing_through and of.closing_through <= through:
                of.closing_through = None
            self.remember_reported(outcome, book, through)

    @rule(book=book_names, back=st.sampled_from([None, 10]), for_adjustments=st.booleans())
    def reopen_period(self, book: str, back: int | None, for_adjustments: bool) -> None:
        """Back only, and for all entries or for those that adjust."""
        through, of = None if back is None else self.today - timedelta(days=back), self.periods[book]
        outcome = self.ask(
            "ledger.reopen_period",
            book=self.slugs[book],
            through=through and str(through),
            for_adjustments=for_adjustments,
            reason="model",
        )
        last = max(filter(None, [of.closed_through, of.closing_through]), default=None)
        closing = last if for_adjustments and last != through else None
        forward = through is not None and (of.closed_through is None or through > of.closed_through)
        same = (through, closing) == (of.closed_through, of.closing_through)
        assert code(outcome) == ("PERIOD_ORDER" if forward or same else None)
        if outcome.accepted:
            of.closed_through, of.closing_through = through, closing

    @rule(book=book_names, moves=st.booleans())
    def set_late_policy(self, book: str, moves: bool) -> None:
        """What is late is refused, or posted on the first open day."""
        policy = "next_open_day" if moves else "refuse"
        assert self.ask(
            "ledger.set_late_policy", book=self.slugs[book], policy=policy, reason="model"
        ).accepted
        self.periods[book].moves = moves

    def remember_reported(self, outcome: Outcome, book: str, through: date) -> None:
        """The balances that a closing reported."""
        reported = self.balances_through(book, through)
        self.closings[outcome.result["change"]] = (book, through, reported)

    @precondition(lambda self: self.closings)
    @rule(data=st.data(), project=st.booleans())
    def restate(self, data: st.DataObject, project: bool) -> None:
        """What a closing reported stays as it was, and what was posted since makes the difference."""
        change = PeriodChange.objects.get(pk=data.draw(st.sampled_from(sorted(self.closings))))
        if data.draw(st.booleans()):
            sequencer.sequence()
        if project:
            projections.project()
        book, through, reported = self.closings[change.pk]
        found = queries.restated_accounts(change)
        now = self.balances_through(book, through)
        assert {name: raw for name, raw in now.items() if raw != reported.get(name, 0)} == {
            (book, row.address, row.currency): row.restated.minor
            for row in found
            if not row.difference.is_zero
        }
        for row in found:
            assert row.reported.minor == reported.get((book, row.address, row.currency), 0)
        by_code = {(row.gl_code, row.currency): row.reported.minor for row in queries.restatement(change)}
        assert by_code == self.by_gl_code(book, reported)

    def by_gl_code(self, book: str, raw: dict[Name, int]) -> dict[tuple[str, str], int]:
        """Raw balances added up by GL code and currency."""
        totals: dict[tuple[str, str], int] = {}
        for account in StoredAccount.objects.filter(book_id=self.book_ids[self.slugs[book]]):
            key = (account.gl_code, account.currency)
            totals[key] = totals.get(key, 0) + raw.get((book, account.address, account.currency), 0)
        return totals

    def balances_through(self, book: str, on: date | None, known: set[str] | None = None) -> dict[Name, int]:
        """Raw balances of a book as of a day, of the entries that are known."""
        raw = dict.fromkeys((name for name in self.plain.accounts if name[0] == book), 0)
        for done in self.done:
            if (known is None or done.id in known) and (on is None or done.on <= on):
                for leg in done.entry.legs:
                    if leg.source[0] == book:
                        raw[leg.source] -= leg.amount
                        raw[leg.destination] += leg.amount
        return raw

    # What came before, asked again.

    @precondition(lambda self: self.steps)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        """The same key with the same input gives the first answer and moves nothing."""
        step = data.draw(st.sampled_from(self.steps))
        assert_replay(step.outcome, execute_many([step.request])[0])

    @rule(
        book=book_names, data=st.data(), project=st.booleans(), back=st.sampled_from([None, 2, 3, 9, 10, 40])
    )
    def look_back(self, book: str, data: st.DataObject, project: bool, back: int | None) -> None:
        """The balances of a book as of any day and any position."""
        sequencer.sequence()
        if project:
            projections.project()
        book_id = self.book_ids[self.slugs[book]]
        sealed = rows("SELECT entry_id, position FROM ledger_seal WHERE book_id = %s", book_id)
        position = data.draw(st.none() | st.integers(0, len(sealed)))
        on = None if back is None else self.today - timedelta(days=back)
        known = {shown_id(pk) for pk, place in sealed if position is None or place <= position}
        expected = self.balances_through(book, on, known)
        for account in StoredAccount.objects.filter(book_id=book_id):
            name = (book, account.address, account.currency)
            shown = queries.balance(account, queries.AsOf(on, position))
            assert shown.minor == expected[name] * self.plain.accounts[name].side

    @invariant()
    def balances_are_the_plain_ledgers(self) -> None:
        """Every balance and every hold, after every step."""
        if not hasattr(self, "plain"):
            return
        stored = rows(
            "SELECT k.slug, a.address, a.currency, b.balance, b.sequence FROM ledger_balance b"
            " JOIN ledger_account a ON a.id = b.account_id JOIN operations_book k ON k.id = a.book_id"
            " WHERE k.slug = ANY (%s)",
            list(self.slugs.values()),
        )
        names = {slug: book for book, slug in self.slugs.items()}
        assert {
            (names[slug], address, currency): (int(raw), last)
            for slug, address, currency, raw, last in stored
        } == {name: (account.balance, len(account.lines)) for name, account in self.plain.accounts.items()}
        left = rows(
            "SELECT id, remaining FROM ledger_hold WHERE book_id = ANY (%s)", list(self.book_ids.values())
        )
        assert {shown_id(pk, "hld"): int(remaining) for pk, remaining in left} == {
            name: hold.remaining for name, hold in self.plain.holds.items()
        }


def shown_id(pk: uuid.UUID, prefix: str = "je") -> str:
    """A stored id as people see it."""
    return ids.encode(prefix, pk)


def money(amount: int, currency: str) -> dict[str, str]:
    """An amount in minor units, as input."""
    return {"amount": Money(amount, currency).decimal, "currency": currency}


def mirrored(leg: Leg) -> Leg:
    """A posting the other way round; what was put into a hold is taken from it, and the reverse."""
    use = {None: None, 1: -1, 2: -1, -1: 2}[leg.use]
    return Leg(leg.destination, leg.source, leg.amount, leg.currency, leg.hold, use)


def combined(asked: Request) -> Outcome:
    """One request of a thread of its own."""
    try:
        return combiner.execute(asked)
    finally:
        connection.close()


def assert_replay(first: Outcome, again: Outcome) -> None:
    """The second answer is the first, and says so."""
    assert (again.replayed, again.status, again.operation_id) == (True, first.status, first.operation_id)
    assert (again.result, code(again)) == (first.result, code(first))


class TestBooks(Books.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(
        settings.get_profile("long" if LONG else "brief"),
        max_examples=400 if LONG else 20,
        phases=tuple(Phase) if LONG else (Phase.reuse, Phase.generate),
        stateful_step_count=100 if LONG else 50,
    )
