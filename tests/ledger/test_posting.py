"""Whatever is posted at once is decided as if it had come one after the other."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import transaction
from hypothesis import event, given
from hypothesis import strategies as st

from apps.operations.models import Book
from tests.support.door import rows
from tests.support.plain import LIMIT, Account, Entry, Leg, Periods, PlainLedger
from tests.support.posting import Answer, open_accounts, post, set_periods

pytestmark = pytest.mark.usefixtures("ledger_db")

CLOSED_DAY, CLOSING_DAY, OPEN_DAY = date(2026, 1, 10), date(2026, 1, 17), date(2026, 1, 20)
CLOSED_THROUGH, CLOSING_THROUGH, NOT_YET = date(2026, 1, 15), date(2026, 1, 18), date(2150, 1, 1)
MINT, SINK, RESERVE, SAFE, DOLLARS, ABROAD = 0, 1, 8, 9, 10, 11
OWED = (2, 3)
WALLETS = (4, 5, 6, 7)


def scene(draw: Any, book: int, other: int) -> list[Account]:
    """Accounts, of which the wallets have tight floors on either side and may be frozen or closed; two may owe."""
    odd = draw(st.sampled_from(["", "", "", "", "frozen_in", "frozen_out", "closed"]))
    return [
        Account(book, floor=None),
        Account(book, floor=None, side=-1),
        Account(book, side=-1),
        Account(book, side=-1),
        Account(book, owed=2),
        Account(book, owed=3, floor=draw(st.integers(-5, 0))),
        Account(book, side=-1),
        Account(book, side=-1, floor=-3, **({odd: True} if odd else {})),
        Account(book, names_holds=True),
        Account(book, names_holds=True),
        Account(book, currency="USD", floor=None),
        Account(other, floor=None),
    ]


@st.composite
def calls(draw: Any, names: list[int]) -> list[list[list[Entry]]]:
    """A few calls of groups of entries; holds and references of one call are met again in the next.

    The first gives the wallets ten each, half of which two of them hold in reserve; what is taken from these two
    mostly leaves them owing.
    """
    holds = [uuid.uuid4() for _ in range(4)]
    entry_ids = [uuid.uuid4() for _ in range(3)]
    fresh = iter(range(1_000))
    wallet = st.sampled_from([MINT, SINK, *WALLETS, *WALLETS, *WALLETS, *OWED])
    any_account = st.sampled_from([*range(ABROAD + 1), None])
    reserve, amount = st.sampled_from([RESERVE, RESERVE, SAFE]), st.integers(1, 9)
    huge = st.sampled_from([LIMIT - 1, 6 * 10**37])
    wild_amount = st.sampled_from([0, -1, 1, 5, LIMIT])

    def leg(calm: bool) -> Leg:
        kinds = ["plain"] * 8 + ["take"] * 4 + ["own", "open", "return", "huge", "wild", "wild"]
        kind = "plain" if calm else draw(st.sampled_from(kinds))
        if kind == "plain":
            source = draw(wallet)
            return _leg(source, draw(wallet.filter(lambda other: other != source)), draw(amount))
        if kind == "own":
            source, destination = draw(st.permutations(draw(st.sampled_from([(2, 4), (3, 5)]))))
            return _leg(source, destination, draw(amount))
        if kind == "open" and unopened:
            return _leg(draw(wallet), draw(reserve), draw(amount), unopened.pop(), 1)
        if kind == "take":
            place = draw(st.sampled_from([0, 0, 1, 1, 2, 3]))
            reserve_of = [RESERVE, SAFE, draw(reserve), draw(reserve)][place]
            return _leg(reserve_of, draw(wallet), draw(amount), holds[place], -1)
        if kind in ("open", "return"):
            return _leg(draw(wallet), draw(reserve), draw(amount), draw(st.sampled_from(holds)), 2)
        if kind == "huge":
            return _leg(MINT, SINK, draw(huge))
        use = draw(st.sampled_from([None, None, 2, -1]))
        hold = draw(st.sampled_from([*holds, uuid.UUID(int=0)])) if use else None
        currency = draw(st.sampled_from(["EUR", "EUR", "USD"]))
        return _leg(draw(any_account), draw(any_account), draw(wild_amount), hold, use, currency)

    def _leg(
        source: Any, destination: Any, value: int, hold: Any = None, use: Any = None, currency: str = "EUR"
    ) -> Leg:
        named = [None if place is None else names[place] for place in (source, destination)]
        return Leg(named[0], named[1], value, currency, hold, use)

    def entry(calm: bool) -> Entry:
        return Entry(
            book=BOOK[0],
            reference=draw(
                st.sampled_from(["twice"] * (not calm) + ["thrice"] + [f"once {next(fresh)}"] * 8)
            ),
            legs=tuple(leg(calm) for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3])))),
            on=draw(st.sampled_from([None] * 6 + [OPEN_DAY] + [CLOSED_DAY, CLOSING_DAY] * (not calm))),
            adjusts=draw(st.sampled_from([False, False, True])),
            involuntary=draw(st.sampled_from([False, False, True])),
            reverses=draw(st.sampled_from([None] * 12 + entry_ids * (not calm))),
            id=uuid.uuid4(),
        )

    def call() -> list[list[Entry]]:
        """Calm calls are those which are mostly accepted whole, and so written without being decided on."""
        calm = draw(st.booleans())
        return [
            [entry(calm) for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3])))]
            for _ in range(draw(st.sampled_from([1, 1, 2, 3, 4, 6])))
        ]

    unopened = holds[2:]
    beginning = [
        _leg(MINT, 4, 10),
        _leg(MINT, 5, 10),
        _leg(6, MINT, 10),
        _leg(7, MINT, 10),
        _leg(4, RESERVE, 5, holds[0], 1),
        _leg(5, SAFE, 5, holds[1], 1),
    ]
    first = [[Entry(BOOK[0], f"beginning {place}", (leg,))] for place, leg in enumerate(beginning)]
    taken = [_leg(place, SINK, draw(st.integers(4, 12))) for place in (4, 5)]
    first += [[Entry(BOOK[0], f"taken {leg.source}", (leg,), involuntary=True)] for leg in taken]
    return [first, *(call() for _ in range(draw(st.integers(1, 4))))]


@st.composite
def periods(draw: Any) -> Periods:
    """Days closed, closing or open; now and then so many that now is one of them."""
    closed = draw(st.sampled_from([None, None, CLOSED_THROUGH]))
    closing = draw(st.sampled_from([None, None, CLOSING_THROUGH, CLOSING_THROUGH, NOT_YET]))
    return Periods(closed, closing, moves=draw(st.booleans()))


BOOK: list[int] = []


@given(data=st.data())
def test_a_call_equals_one_entry_after_the_other(data: st.DataObject) -> None:
    """Codes, balances after each leg, lines, balances and holds are exactly those of the plain ledger."""
    with transaction.atomic():
        book, other = _books()
        BOOK[:] = [book]
        accounts = scene(data.draw, book, other)
        names = open_accounts(accounts)
        for account in accounts:
            account.owed = None if account.owed is None else names[account.owed]
        of_book = data.draw(periods())
        set_periods(book, of_book)
        today = datetime.now(UTC).date()
        plain = PlainLedger(dict(zip(names, accounts, strict=True)), {book: of_book}, today)
        days: dict[str, tuple[date, date | None]] = {}
        for groups in data.draw(calls(names)):
            before = {name: len(account.lines) for name, account in plain.accounts.items()}
            expected = plain.post(groups)
            answer = post(groups)
            assert answer.codes == expected
            for code in set(expected):
                event(str(code))
            if answer.split:
                event("something owed, or repaid")
            if len(expected) > 1 and not any(expected):
                event("all accepted at once")
            assert answer.balances == _balances_after(plain, groups, answer, before)
            days |= _days(plain, groups, answer)
        _assert_alike(plain)
        _assert_postings(plain, book)
        _assert_on_their_days(days, book)
        transaction.set_rollback(True)


def _books() -> tuple[int, int]:
    other = Book.objects.create(slug="other", name="Other", created_at=datetime.now(UTC))
    return Book.objects.get(slug="platform").pk, other.pk


def _days(plain: PlainLedger, groups: Any, answer: Answer) -> dict[str, tuple[date, date | None]]:
    """When each posted entry takes effect, and when it should have, by reference."""
    entries = [entry for group in groups for entry in group]
    posted = [entry for entry, code in zip(entries, answer.codes, strict=True) if code is None]
    found = {}
    for entry in posted:
        asked, day = entry.on or plain.today, plain.day_of(entry)
        assert day is not None
        event("moved" if day != asked else "on its day")
        found[entry.reference] = (day, asked if day != asked else None)
    return found


def _assert_on_their_days(days: dict[str, tuple[date, date | None]], book: int) -> None:
    stored = rows(
        "SELECT reference, effective_on, (intended_at AT TIME ZONE 'UTC')::date FROM ledger_entry WHERE book_id = %s",
        book,
    )
    assert {reference: (on, intended) for reference, on, intended in stored} == days
    assert rows(
        "SELECT count(*) FROM ledger_entry e JOIN ledger_line l ON l.entry_id = e.id WHERE e.book_id = %s"
        " AND ((l.effective_at, l.effective_on) IS DISTINCT FROM (e.effective_at, e.effective_on)"
        " OR (e.effective_at AT TIME ZONE 'UTC')::date <> e.effective_on"
        " OR (e.intended_at IS NOT NULL AND e.effective_at <> date_trunc('day', e.effective_at, 'UTC')))",
        book,
    ) == [(0,)]


def _balances_after(plain: PlainLedger, groups: Any, answer: Answer, before: dict[int, int]) -> list[int]:
    """What the plain ledger's lines say stood on both accounts after each posted leg, as shown."""
    place = dict(before)
    after = []
    entries = [entry for group in groups for entry in group]
    for entry, code in zip(entries, answer.codes, strict=True):
        for leg in plain.stored[entry.reference] if code is None else ():
            for name in (leg.source, leg.destination):
                account = plain.accounts[name]
                after.append(account.lines[place[name]][1] * account.side)
                place[name] += 1
    return after


def _assert_postings(plain: PlainLedger, book: int) -> None:
    """What is stored says what truly moved, posting by posting; and who owes is marked, and what is owed for good."""
    stored: dict[str, list[tuple[int, int, int]]] = {}
    for reference, source, destination, amount in rows(
        "SELECT e.reference, a.account_id, b.account_id, b.amount FROM ledger_entry e"
        " JOIN ledger_line a ON a.entry_id = e.id AND a.amount < 0"
        " JOIN ledger_line b ON b.entry_id = e.id AND b.amount = -a.amount AND b.posting = a.posting"
        " WHERE e.book_id = %s ORDER BY e.ordinal, a.posting",
        book,
    ):
        stored.setdefault(reference, []).append((source, destination, int(amount)))
    assert stored == {
        reference: [(leg.source, leg.destination, leg.amount) for leg in plain.stored[reference]]
        for _, reference in plain.references
    }
    named = {account.owed for account in plain.accounts.values()}
    owing = rows(
        "SELECT account_id, owing FROM ledger_balance WHERE account_id = ANY (%s)", list(plain.accounts)
    )
    assert dict(owing) == {
        name: name in named or bool(account.owed and plain.accounts[account.owed].balance)
        for name, account in plain.accounts.items()
    }


def _assert_alike(plain: PlainLedger) -> None:
    lines = {
        name: [(amount, after) for amount, after in account.lines] for name, account in plain.accounts.items()
    }
    stored: dict[int, list[tuple[int, int]]] = {name: [] for name in plain.accounts}
    for account, amount, after in rows(
        "SELECT account_id, amount, balance_after FROM ledger_line WHERE account_id = ANY (%s) ORDER BY account_id, sequence",
        list(plain.accounts),
    ):
        stored[account].append((int(amount), int(after)))
    assert stored == lines
    balances = rows(
        "SELECT account_id, balance, sequence FROM ledger_balance WHERE account_id = ANY (%s)", list(lines)
    )
    assert {account: (int(balance), int(last)) for account, balance, last in balances} == {
        name: (account.balance, len(account.lines)) for name, account in plain.accounts.items()
    }
    holds = rows("SELECT id, held_account_id, amount, remaining FROM ledger_hold")
    assert {hold: (account, int(amount), int(left)) for hold, account, amount, left in holds} == {
        name: (hold.account, hold.amount, hold.remaining) for name, hold in plain.holds.items()
    }


class TestWithoutDeciding:
    """Alone an entry is written by one function, in company by another; neither may overlook anything."""

    WALLET = 1

    def post(self, accounts: list[int], count: int) -> Answer:
        """From the mint to the wallet, after as many other entries as are wanted."""
        mint, wallet, other = accounts
        legs = [Leg(mint, other, 1)] * (count - 1) + [Leg(mint, wallet, 5)]
        book = Book.objects.get(slug="platform").pk
        return post([[Entry(book, uuid.uuid4().hex, (leg,))] for leg in legs])

    @pytest.fixture
    def accounts(self) -> list[int]:
        book = Book.objects.get(slug="platform").pk
        return open_accounts([Account(book, floor=None), Account(book), Account(book)])

    @pytest.mark.parametrize("count", [1, 2])
    @pytest.mark.parametrize(
        ("state", "code"),
        [
            ("closed = true", "ACCOUNT_CLOSED"),
            ("frozen_in_until = now() + interval '1 hour'", "ACCOUNT_FROZEN"),
            ("names_holds = true", "HOLD_REQUIRED"),
            ("balance = 1e38 - 5", "BALANCE_OVERFLOW"),
            ("side = -1", "INSUFFICIENT_BALANCE"),
            ("frozen_out_until = now() + interval '1 hour'", None),
        ],
    )
    def test_the_state_of_an_account_counts(
        self, accounts: list[int], count: int, state: str, code: str | None
    ) -> None:
        with transaction.atomic():
            rows(
                f"UPDATE ledger_balance SET {state} WHERE account_id = %s RETURNING 1", accounts[self.WALLET]
            )
            answer = self.post(accounts, count)
            transaction.set_rollback(True)
        assert answer.codes == [*[None] * (count - 1), code]

    @pytest.mark.parametrize("count", [1, 2])
    def test_no_line_was_recorded_before_the_one_that_it_follows(
        self, accounts: list[int], count: int
    ) -> None:
        with transaction.atomic():
            [(ahead,)] = rows(
                "UPDATE ledger_balance SET recorded_at = now() + interval '1 hour' WHERE account_id = %s RETURNING recorded_at",
                accounts[self.WALLET],
            )
            self.post(accounts, count)
            times = rows(
                "SELECT recorded_at FROM ledger_line UNION ALL SELECT recorded_at FROM ledger_balance"
                " WHERE account_id = %s",
                accounts[self.WALLET],
            )
            transaction.set_rollback(True)
        assert {at for (at,) in times} == {ahead}
