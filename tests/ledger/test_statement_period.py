"""The statement of a period against the lines themselves, as of many positions, and how much memory it takes."""

import random
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from django.db import connection

from apps.core.money import Money
from apps.ledger import projections, queries
from apps.ledger.models import Account, Line
from apps.ledger.queries import AsOf
from apps.ledger.queries.statement_period import PeriodReversed, StatementBroken
from apps.operations import books
from apps.operations.models import Book
from tests.ledger.bookkeeping import Leg, number_everything, open_account, post, post_many

pytestmark = pytest.mark.usefixtures("ledger_db")

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def day(number: int) -> date:
    return (NOON + timedelta(days=number - 1)).date()


def pay(source: Account, destination: Account, amount: int, on: int) -> str:
    return post(Leg(source, destination, amount), effective_at=NOON + timedelta(days=on - 1))


@pytest.fixture
def book() -> Book:
    return books.find(books.platform_id())


@pytest.fixture
def accounts(book: Book) -> Sequence[Account]:
    """One that is debit-normal, one credit-normal, one without a line."""
    return [open_account(book, address) for address in ("bank:ing", "wallet:a", "wallet:quiet")]


@pytest.fixture
def history(book: Book, accounts: Sequence[Account]) -> Sequence[Account]:
    """Random days: three runs of the read model, lines that are in none, and some without a position."""
    choose = random.Random(11)
    for stage in range(5):
        for _ in range(9):
            source, destination = choose.sample(accounts[:2], 2)
            pay(source, destination, choose.randint(1, 50), choose.randint(1, 9))
        if stage < 4:
            number_everything()
        if stage < 3:
            projections.project(book)
    return accounts


def lines_of(account: Account, first: date, last: date, position: int) -> list[Line]:
    return list(
        Line.objects.filter(
            account=account, effective_on__range=(first, last), entry__seal__position__lte=position
        ).order_by("effective_on", "sequence")
    )


PERIODS = [(day(first), day(last)) for first, last in [(1, 9), (1, 1), (3, 5), (9, 9), (0, 0), (10, 40)]]


@pytest.mark.parametrize("position", [0, 1, 5, 9, 18, 23, 27, 30, 36, 99])
def test_a_period_holds_its_lines_and_what_stood_before(history: Sequence[Account], position: int) -> None:
    for account, (first, last) in product(history, PERIODS):
        expected = lines_of(account, first, last, position)
        period = queries.statement_period(account, first=first, last=last, position=position)
        found = list(period.lines())
        assert [(line.sequence, line.effective_on, line.amount.minor) for line in found] == [
            (line.sequence, line.effective_on, line.amount * account.side) for line in expected
        ]
        assert period.opening == queries.balance(account, AsOf(first - timedelta(1), position))
        assert period.closing == queries.balance(account, AsOf(last, position))
        amounts = [line.amount for line in found]
        zero = Money.zero("EUR")
        assert period.incoming == sum((amount for amount in amounts if amount.is_positive), zero)
        assert period.outgoing == -sum((amount for amount in amounts if amount.is_negative), zero)
        assert period.opening + period.incoming - period.outgoing == period.closing
        assert period.incoming_lines == sum(amount.is_positive for amount in amounts)
        assert period.outgoing_lines == sum(amount.is_negative for amount in amounts)
        assert period.count == len(found)


def test_the_balance_after_the_last_line_of_a_day_is_that_day_s(history: Sequence[Account]) -> None:
    for account in history:
        period = queries.statement_period(account, first=day(2), last=day(8), position=30)
        by_day = {line.effective_on: line.balance for line in period.lines()}
        assert by_day == {on: queries.balance(account, AsOf(on, 30)) for on in by_day}


def test_the_same_period_as_of_the_same_position_stays_the_same(
    book: Book, history: Sequence[Account]
) -> None:
    bank, wallet, _ = history
    before = queries.statement_period(wallet, first=day(1), last=day(9))
    lines = list(before.lines())
    assert before.position == queries.last_position(book.pk) == 36
    pay(bank, wallet, 7, 4)
    number_everything()
    projections.rebuild(book)
    again = queries.statement_period(wallet, first=day(1), last=day(9), position=36)
    assert (again, list(again.lines())) == (before, lines)
    assert queries.statement_period(wallet, first=day(1), last=day(9)) != before


def test_a_period_ends_after_it_begins(accounts: Sequence[Account]) -> None:
    with pytest.raises(PeriodReversed):
        queries.statement_period(accounts[0], first=day(2), last=day(1))


@pytest.mark.tampers
def test_lines_that_do_not_lead_to_the_closing_balance_are_told(history: Sequence[Account]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_daily_balance SET amount_in = amount_in + 1 WHERE account_id = %s AND effective_on = %s",
            [history[1].pk, day(3)],
        )
    period = queries.statement_period(history[1], first=day(3), last=day(3))
    with pytest.raises(StatementBroken):
        list(period.lines())


def peak_of(account: Account, position: int) -> tuple[int, int]:
    tracemalloc.start()
    period = queries.statement_period(
        account, first=date(2000, 1, 1), last=date(2100, 1, 1), position=position
    )
    count = sum(1 for _ in period.lines())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return count, peak


@pytest.mark.long
def test_a_long_statement_takes_the_memory_of_a_short_one(accounts: Sequence[Account]) -> None:
    bank, wallet, _ = accounts
    for _ in range(12):
        post_many([Leg(bank, wallet, 1)] * 1_000)
    number_everything()
    few, low = peak_of(wallet, 4_000)
    many, high = peak_of(wallet, 12_000)
    assert (few, many) == (4_000, 12_000)
    assert high < 1.2 * low
