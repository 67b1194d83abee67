"""What the ledger tells, now and as of any effective day and position, against a plain sum over the lines."""

import random
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import clock, ids
from apps.core.money import Money
from apps.ledger import projections, queries
from apps.ledger.models import Account, Freeze, JournalEntry, Line, Seal, Side
from apps.ledger.queries import NOW, AsOf
from apps.operations import books
from apps.operations.models import Book
from tests.ledger.bookkeeping import Leg, new_book, number_everything, open_account, post, post_many

pytestmark = pytest.mark.usefixtures("ledger_db")

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def day(number: int) -> date:
    return (NOON + timedelta(days=number - 1)).date()


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


@pytest.fixture
def book() -> Book:
    return books.find(books.platform_id())


@pytest.fixture
def bank(book: Book) -> Account:
    return open_account(book, "bank:ing")


@pytest.fixture
def wallet(book: Book) -> Account:
    return open_account(book, "wallet:a", floor=0)


def pay(source: Account, destination: Account, amount: int, on: int) -> str:
    return post(Leg(source, destination, amount), effective_at=NOON + timedelta(days=on - 1))


@pytest.fixture
def history(book: Book, bank: Account, wallet: Account) -> Sequence[Account]:
    """Random days in three accounts: two thirds sealed, most of that projected in two runs."""
    choose = random.Random(7)
    accounts = [bank, wallet, open_account(book, "fees", gl_code="4100")]
    pay(bank, wallet, 100_000, 1)
    for stage in range(3):
        for _ in range(12):
            source, destination = choose.sample(accounts, 2)
            pay(source, destination, choose.randint(1, 50), choose.randint(1, 9))
        if stage < 2:
            number_everything()
        if stage < 1:
            projections.project(book)
    return accounts


MOMENTS = [
    AsOf(None if on is None else day(on), position)
    for on in (None, 0, 1, 4, 9)
    for position in (None, 0, 1, 7, 13, 19, 25, 99)
]


def lines_until(account: Account, as_of: AsOf) -> list[Line]:
    lines = Line.objects.filter(account=account).select_related("entry__seal").order_by("sequence")
    return [
        line
        for line in lines
        if (as_of.effective_on is None or line.effective_on <= as_of.effective_on)
        and (as_of.position is None or (seal_of(line) or 10**9) <= as_of.position)
    ]


def seal_of(line: Line) -> int | None:
    seal = getattr(line.entry, "seal", None)
    return seal.position if seal else None


def test_balances_as_of_any_day_and_position(history: Sequence[Account]) -> None:
    for as_of, account in product(MOMENTS, history):
        expected = sum(line.amount for line in lines_until(account, as_of)) * account.side
        assert queries.balance(account, as_of) == eur(expected)


def test_statements_as_of_any_day_and_position(history: Sequence[Account]) -> None:
    """Walking back page by page and forth again shows each line once, and balances run through."""
    for as_of, account in product(MOMENTS, history):
        expected = [line.sequence for line in lines_until(account, as_of)]
        page = queries.statement_page(account, as_of=as_of, size=5)
        assert page.closing == queries.balance(account, as_of)
        back = [page]
        while back[-1].before is not None:
            back.append(queries.statement_page(account, as_of=as_of, size=5, before=back[-1].before))
            assert back[-1].closing == back[-2].opening
        assert [line.sequence for page in reversed(back) for line in page.lines] == expected
        assert back[-1].opening == eur(0)

        forth = [queries.statement_page(account, as_of=as_of, size=5, after=0)]
        while forth[-1].after is not None:
            forth.append(queries.statement_page(account, as_of=as_of, size=5, after=forth[-1].after))
            assert forth[-1].opening == forth[-2].closing
        assert [line.sequence for page in forth for line in page.lines] == expected
        for page in (*back, *forth):
            running = page.opening
            for line in page.lines:
                running += line.amount
                assert line.balance == running
            assert page.closing == running


def test_a_statement_line_says_what_its_entry_says(bank: Account, wallet: Account) -> None:
    entry = post(Leg(bank, wallet, 150), effective_at=NOON, description="salary")
    stored = JournalEntry.objects.get(pk=entry)
    expected = (
        1,
        entry,
        stored.reference,
        stored.kind,
        "salary",
        day(1),
        None,
        stored.recorded_at,
        eur(150),
        eur(150),
    )
    for account in (wallet, bank):
        assert [tuple(line) for line in queries.statement_page(account).lines] == [expected]


def test_trial_balances_as_of_any_day_and_position(book: Book, history: Sequence[Account]) -> None:
    for as_of in MOMENTS:
        assert_trial_balance(book, history, as_of)


def assert_trial_balance(book: Book, history: Sequence[Account], as_of: AsOf) -> None:
    (trial,) = queries.trial_balances(book.pk, as_of=as_of, by="account")
    assert {row.address: row.raw for row in trial.rows} == {
        account.address: queries.balance(account, as_of) * int(account.side) for account in history
    }
    assert trial.difference == eur(0)
    assert trial.debits == trial.credits
    (by_code,) = queries.trial_balances(book.pk, as_of=as_of)
    assert [(row.gl_code, row.raw) for row in by_code.rows] == [(row.gl_code, row.raw) for row in trial.rows]


def test_days_as_of_any_day_and_position(book: Book, history: Sequence[Account]) -> None:
    for as_of, account in product(MOMENTS, history):
        lines = lines_until(account, as_of)
        series = queries.account_days(account, as_of=as_of)
        assert [row.on for row in series] == sorted({line.effective_on for line in lines})
        for row in series:
            of_day = [line.amount * account.side for line in lines if line.effective_on == row.on]
            assert row.incoming - row.outgoing == eur(sum(of_day))
            assert row.incoming == eur(sum(amount for amount in of_day if amount > 0))
            assert row.closing == queries.balance(account, AsOf(row.on, as_of.position))
        side = Side(account.side)
        assert queries.gl_days(book.pk, account.gl_code, "EUR", side=side, as_of=as_of) == series
    for as_of in MOMENTS:
        assert {row.closing for row in queries.gl_days(book.pk, "", "EUR", as_of=as_of)} <= {eur(0)}


def test_a_time_is_the_last_position_given_by_then(book: Book, bank: Account, wallet: Account) -> None:
    before = clock.now()
    assert queries.last_position(book.pk) == 0
    for _ in range(2):
        pay(bank, wallet, 5, 1)
    number_everything()
    first = Seal.objects.latest("position").sealed_at
    pay(bank, wallet, 5, 1)
    number_everything()
    assert queries.position_at(book.pk, before) == 0
    assert queries.position_at(book.pk, first) == 2
    assert queries.position_at(book.pk, clock.now()) == queries.last_position(book.pk) == 3


def test_books_do_not_mix(book: Book, bank: Account, wallet: Account) -> None:
    south = new_book("south")
    one, two = (open_account(south, f"s:{number}", "USD") for number in range(2))
    post(Leg(one, two, 7))
    pay(bank, wallet, 5, 1)
    (trial,) = queries.trial_balances(south.pk)
    assert (trial.currency, len(trial.rows), trial.difference) == ("USD", 1, Money.zero("USD"))
    number_everything()
    projections.project()
    assert queries.trial_balances(south.pk, as_of=AsOf(position=1)) == [trial]
    assert queries.gl_days(south.pk, "2", "EUR") == []
    assert len(queries.gl_days(south.pk, "2", "USD")) == 1
    assert queries.gl_days(south.pk, "2_", "USD") == []


def test_why_a_wallet_has_its_balance(book: Book, bank: Account, wallet: Account) -> None:
    held = open_account(book, "wallet:a:held", names_holds=True, floor=0)
    holds = [ids.new_id("hld") for _ in range(3)]
    pay(bank, wallet, 1_000, 1)
    for hold in holds:
        post(Leg(wallet, held, 100, hold, "open"))
    post(Leg(held, bank, 100, holds[1], "take"))
    post(Leg(held, bank, 40, holds[2], "take"))
    now = clock.now()
    for expires_at, lifted_at in ((None, None), (now + timedelta(1), None), (now, None), (None, now)):
        Freeze.objects.create(
            account=wallet, direction="out", reason="test", expires_at=expires_at, frozen_by="me", frozen_at=now,
            lifted_at=lifted_at,
        )  # fmt: skip

    why = queries.explain_balance(wallet, now=now)
    assert (why.balance, why.lines, why.floor, why.above_floor, why.closed) == (
        eur(700),
        4,
        eur(0),
        eur(700),
        False,
    )
    assert [hold.pk for hold in why.holds.shown] == [holds[0], holds[2]]
    assert (why.holds.count, why.holds.remaining) == (2, eur(160))
    assert [freeze.expires_at for freeze in why.freezes] == [None, now + timedelta(1)]

    of_reserve = queries.explain_balance(held, now=now)
    assert of_reserve.balance == of_reserve.holds.remaining == eur(160)
    of_bank = queries.explain_balance(bank, now=now)
    assert (of_bank.balance, of_bank.floor, of_bank.above_floor, of_bank.holds.count) == (
        eur(860),
        None,
        None,
        0,
    )


def test_entries_page_by_position(book: Book, bank: Account, wallet: Account) -> None:
    entries = [pay(bank, wallet, 5, 1) for _ in range(7)]
    number_everything()
    pay(bank, wallet, 5, 1)

    newest = queries.entries_page(book.pk, size=3)
    assert [seal.entry.pk for seal in newest.seals] == entries[:3:-1]
    assert (newest.before, newest.after) == (5, None)
    middle = queries.entries_page(book.pk, size=3, before=5)
    assert [seal.position for seal in middle.seals] == [4, 3, 2]
    assert (middle.before, middle.after) == (2, 4)
    assert queries.entries_page(book.pk, size=3, after=4) == newest
    oldest = queries.entries_page(book.pk, size=3, before=2)
    assert [seal.position for seal in oldest.seals] == [1]
    assert (oldest.before, oldest.after) == (None, 1)
    assert queries.entries_page(new_book("south").pk).seals == []


def test_an_entry_with_all_that_belongs_to_it(bank: Account, wallet: Account) -> None:
    entry = pay(bank, wallet, 5, 1)
    number_everything()
    reversal = post(Leg(wallet, bank, 5), reverses=entry)

    detail = queries.entry_detail(entry)
    assert [(line.account, line.amount) for line in detail.lines] == [(bank, -5), (wallet, 5)]
    assert detail.seal == Seal.objects.get(position=1)
    assert detail.reverses is None
    assert detail.reversed_by == JournalEntry.objects.get(pk=reversal)
    assert list(detail.group) == []

    detail = queries.entry_detail(reversal)
    assert (detail.seal, detail.reversed_by) == (None, None)
    assert detail.reverses == JournalEntry.objects.get(pk=entry)


def test_a_page_costs_a_fixed_number_of_queries(bank: Account, wallet: Account) -> None:
    post_many([Leg(bank, wallet, 1)] * 60)
    number_everything()
    for as_of, most in ((NOW, 1), (AsOf(position=40), 1), (AsOf(day(1)), 2)):
        with CaptureQueriesContext(connection) as queries_run:
            page = queries.statement_page(wallet, as_of=as_of)
        assert len(queries_run) <= most
        assert len(page.lines) in (0, 40, 50)


def peak_of_streaming(book: Book, **options: Any) -> tuple[int, int]:
    tracemalloc.start()
    count = sum(1 for _ in queries.stream_entries(book.pk, **options))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return count, peak


@pytest.mark.long
def test_streaming_takes_the_same_memory_however_long_it_is(
    book: Book, bank: Account, wallet: Account
) -> None:
    for _ in range(12):
        post_many([Leg(bank, wallet, 1)] * 1_000)
    number_everything()
    few, low = peak_of_streaming(book, through=4_000)
    many, high = peak_of_streaming(book)
    assert (few, many) == (4_000, 12_000)
    assert high < 1.2 * low
    assert peak_of_streaming(book, after=11_990)[0] == 10
