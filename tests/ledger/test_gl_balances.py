"""The chart with balances, against plain sums over the lines: of one book and of all, now and as of any time."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from apps.core import clock
from apps.core.money import Money
from apps.ledger import projections
from apps.ledger.models import Account, GlAccount, Line
from apps.ledger.queries import AsOf, balance, balances_then, gl_balances, position_at, trial_balances
from apps.operations import books
from apps.operations.models import Book
from tests.ledger.bookkeeping import Leg, new_book, number_everything, open_account, post

pytestmark = pytest.mark.usefixtures("ledger_db")

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADDRESSES = (
    "bank:ing",
    "wallet:a:available",
    "wallet:b:available",
    "wallet:a:owed",
    "fx:position",
    "revenue:fees",
)


@pytest.fixture
def moments() -> list[datetime | None]:
    """Random days in two books: part of it sealed and projected, part sealed, part neither; the times between."""
    choose = random.Random(7)
    places = list(product((books.find(books.platform_id()), new_book("south")), ("EUR", "USD")))
    accounts = {
        (book.pk, currency): [open_account(book, address, currency) for address in ADDRESSES]
        for book, currency in places
    }
    between: list[datetime | None] = [clock.now()]
    for stage in range(4):
        for (book, currency), _ in product(places, range(6)):
            source, destination = choose.sample(accounts[book.pk, currency], 2)
            at = NOON + timedelta(days=choose.randint(0, 5))
            post(Leg(source, destination, choose.randint(1, 999)), effective_at=at)
        if stage < 3:
            number_everything()
        if stage < 2:
            projections.project()
        between.append(clock.now())
    return [None, *between]


def plainly(book: Book | None, on: date | None, at: datetime | None) -> Counter[tuple[str, str]]:
    """By GL code and currency, what the lines that count add up to."""
    sums: Counter[tuple[str, str]] = Counter()
    for line in Line.objects.select_related("account", "entry__seal"):
        seal = getattr(line.entry, "seal", None)
        if book and line.account.book_id != book.pk:
            continue
        if on and line.effective_on > on:
            continue
        if at and (seal is None or seal.sealed_at > at):
            continue
        sums[line.account.gl_code, line.account.currency] += int(line.amount)
    return sums


def points(moments: list[datetime | None]) -> Iterator[tuple[Book | None, date | None, datetime | None]]:
    """Every book and all, on every day and none, at every time."""
    days = [None, *(date(2025, 12, 31) + timedelta(days=number) for number in range(0, 8, 2))]
    yield from product([None, *Book.objects.all()], days, moments)


def test_every_code_has_the_sum_of_its_lines(moments: list[datetime | None]) -> None:
    asked = 0
    for book, on, at in points(moments):
        found = gl_balances(book and book.pk, on=on, at=at)
        leaves = {
            (each.code, currency): raw
            for each in found
            if not each.is_heading
            for currency, raw in each.raw.items()
        }
        expected = plainly(book, on, at)
        assert {key: raw for key, raw in leaves.items() if raw} == {
            key: raw for key, raw in expected.items() if raw
        }
        asked += bool(expected)
    assert asked > 40


def test_a_heading_has_what_its_children_have(moments: list[datetime | None]) -> None:
    found = {each.code: each for each in gl_balances(on=date(2026, 1, 3))}
    parents = dict(GlAccount.objects.values_list("code", "parent_id"))
    for code, each in found.items():
        children = [found[child] for child, parent in parents.items() if parent == code]
        assert each.is_heading == bool(children)
        if children:
            sums: Counter[str] = Counter()
            for child in children:
                sums.update(child.raw)
            assert each.raw == dict(sums)
            assert each.accounts == sum(child.accounts for child in children)
    roots = [each for each in found.values() if each.depth == 0]
    assert sum(root.accounts for root in roots) == Account.objects.count()
    for currency in ("EUR", "USD"):
        assert sum(root.raw.get(currency, 0) for root in roots) == 0


def test_parents_stand_before_their_children_on_their_normal_side(moments: list[datetime | None]) -> None:
    found = gl_balances()
    places = {each.code: place for place, each in enumerate(found)}
    assert all(each.parent is None or places[each.parent] < places[each.code] for each in found)
    assert [each.code for each in found if each.depth == 1][:3] == ["1100", "1200", "1300"]
    by_code = {each.code: each for each in found}
    bank, position, assets = by_code["1110"], by_code["1500"], by_code["1000"]
    assert bank.totals[0] == Money(-bank.raw["EUR"], "EUR")
    assert position.totals[0] == Money(position.raw["EUR"], "EUR")
    assert (bank.is_contra, position.is_contra) == (False, True)
    owed = by_code["1310"]
    assert assets.totals[0] == bank.totals[0] + owed.totals[0] - position.totals[0]


def test_agrees_with_the_trial_balance(moments: list[datetime | None]) -> None:
    for book in Book.objects.all():
        trials = {
            (row.gl_code, trial.currency): row.raw.minor
            for trial in trial_balances(book.pk)
            for row in trial.rows
        }
        found = {
            (each.code, currency): raw
            for each in gl_balances(book.pk)
            if not each.is_heading
            for currency, raw in each.raw.items()
        }
        assert found == trials


def test_accounts_have_what_they_had_then(moments: list[datetime | None]) -> None:
    accounts = list(Account.objects.all())
    for on, at in product((None, date(2026, 1, 3)), moments):
        found = balances_then(accounts, on=on, at=at)
        for account in accounts:
            position = None if at is None else position_at(account.book_id, at)
            assert found[account.pk] == balance(account, AsOf(on, position))


def test_no_books_are_an_empty_chart() -> None:
    found = gl_balances()
    assert len(found) == GlAccount.objects.count()
    assert not any(each.accounts or each.raw for each in found)
