"""The daily balances: added up run by run, taken together, made anew, and compared with the lines."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections

from apps.ledger import projections
from apps.ledger.models import Account, DailyBalance, Projection
from apps.ledger.projections import Drift
from apps.operations import books
from apps.operations.models import Book
from tests.ledger.bookkeeping import Leg, new_book, number_everything, open_account, post
from tests.ledger.tampering import tamper

pytestmark = pytest.mark.usefixtures("ledger_db")

DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def book() -> Book:
    return books.find(books.platform_id())


@pytest.fixture
def pair(book: Book) -> tuple[Account, Account]:
    return open_account(book, "a"), open_account(book, "b")


def rows(account: Account) -> list[tuple[Any, ...]]:
    found = DailyBalance.objects.filter(account=account).order_by("through_position", "effective_on")
    columns = ("through_position", "through_sequence", "effective_on", "amount_in", "amount_out")
    return [(*row[:2], row[2].day, *row[3:]) for row in found.values_list(*columns)]


def post_days(pair: tuple[Account, Account], *days: int) -> None:
    for day in days:
        post(Leg(*pair, day), effective_at=DAY + timedelta(days=day - 1))
    number_everything()


def test_each_run_adds_the_days_of_what_is_new(book: Book, pair: tuple[Account, Account]) -> None:
    post_days(pair, 1, 2, 1)
    assert projections.project(book) == 3
    post_days(pair, 2)
    assert projections.project(book) == 1
    assert projections.project(book) == 0
    assert rows(pair[1]) == [(3, 3, 1, 2, 0), (3, 3, 2, 2, 0), (4, 4, 2, 2, 0)]
    assert rows(pair[0]) == [(3, 3, 1, 0, 2), (3, 3, 2, 0, 2), (4, 4, 2, 0, 2)]
    assert projections.projected_position(book) == 4
    assert list(projections.drift(book)) == []


def test_what_has_no_position_is_left_for_later(book: Book, pair: tuple[Account, Account]) -> None:
    post(Leg(*pair, 1))
    assert projections.project(book) == 0
    assert list(projections.drift(book)) == []


def test_runs_are_taken_together_at_every_fifty_thousandth_position(
    book: Book, pair: tuple[Account, Account]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('ledger_project(bigint, int)'::regprocedure)")
        (definition,) = cursor.fetchone()
        assert ":= 50000;" in definition
        try:
            cursor.execute(definition.replace(":= 50000;", ":= 4;"))
            for day in (1, 2, 1, 1, 3):
                post_days(pair, day)
                projections.project(book)
        finally:
            cursor.execute(definition)
    assert rows(pair[1]) == [(4, 4, 1, 3, 0), (4, 4, 2, 2, 0), (5, 5, 3, 3, 0)]
    assert list(Projection.objects.values_list("through_position", flat=True).order_by("pk")) == [4, 5]
    assert list(projections.drift(book)) == []


def test_all_books_that_have_something_new(pair: tuple[Account, Account]) -> None:
    south = new_book("south")
    post(Leg(open_account(south, "a"), open_account(south, "b"), 5))
    post_days(pair, 1)
    assert projections.project() == 2
    assert projections.project() == 0


def test_a_book_that_another_adds_to_is_left_alone(book: Book, pair: tuple[Account, Account]) -> None:
    post_days(pair, 1)
    other = connections.create_connection("default")
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7202, %s)", [book.pk])
        assert projections.project(book) == 0
    other.rollback()
    other.close()
    assert projections.project(book) == 1


def test_a_rebuild_makes_the_same_again(book: Book, pair: tuple[Account, Account]) -> None:
    post_days(pair, 1, 2)
    projections.project(book)
    before = rows(pair[0])
    assert projections.rebuild(book) == 2
    assert rows(pair[0]) == before


@pytest.mark.tampers
def test_drift_names_account_and_day(book: Book, pair: tuple[Account, Account]) -> None:
    post_days(pair, 1, 2)
    projections.project(book)
    tamper(
        (
            "UPDATE ledger_daily_balance SET amount_in = 9 WHERE account_id = %s AND amount_in = 2",
            [pair[1].pk],
        )
    )
    assert list(projections.drift(book)) == [
        Drift(pair[1].pk, (DAY + timedelta(days=1)).date(), (2, 0), (9, 0))
    ]
    projections.rebuild(book)
    assert list(projections.drift(book)) == []


@pytest.mark.tampers
def test_drift_finds_an_account_that_is_missing_altogether(book: Book, pair: tuple[Account, Account]) -> None:
    post_days(pair, 1)
    projections.project(book)
    tamper(("DELETE FROM ledger_daily_balance WHERE account_id = %s", [pair[1].pk]))
    assert list(projections.drift(book)) == [Drift(pair[1].pk, DAY.date(), (1, 0), (0, 0))]
