"""Positions: dense, in the order in which things happened to each account, and never given too early."""

import hashlib
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, connections

from apps.ledger.models import Account, JournalEntry, Seal
from apps.operations import books, sequencer
from apps.operations.models import Book
from tests.ledger.bookkeeping import Leg, new_book, number_everything, open_account, post

pytestmark = pytest.mark.usefixtures("ledger_db")

NO_PATIENCE = timedelta(0)


@contextmanager
def somebody() -> Iterator[Any]:
    """A cursor of somebody else, inside a transaction that is committed at the end."""
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            yield cursor
        other.commit()
    finally:
        other.close()


def pair(book: Book, name: str = "a") -> tuple[Account, Account]:
    return open_account(book, f"{name}:one"), open_account(book, f"{name}:two")


def positions(book: Book) -> list[tuple[int, str]]:
    return list(Seal.objects.filter(book=book).order_by("position").values_list("position", "entry_id"))


def test_positions_are_dense_in_each_book() -> None:
    north, south = new_book("north"), new_book("south")
    n, s = pair(north), pair(south)
    entries = [post(Leg(*accounts, 5)) for accounts in (n, s, s, n, s)]

    assert sequencer.sequence()["entries"] == 5
    assert positions(north) == [(1, entries[0]), (2, entries[3])]
    assert positions(south) == [(1, entries[1]), (2, entries[2]), (3, entries[4])]
    assert sequencer.sequence()["entries"] == 0

    entries.append(post(Leg(*n, 5)))
    assert sequencer.sequence()["entries"] == 1
    assert positions(north)[-1] == (3, entries[5])


def test_nothing_is_numbered_while_someone_holds_a_lower_ordinal() -> None:
    book = books.find(books.platform_id())
    a, b = pair(book, "a"), pair(book, "b")
    with somebody() as cursor:
        early = post(Leg(*a, 5), cursor=cursor)
        late = post(Leg(*b, 5))
        assert sequencer.sequence(patience=NO_PATIENCE)["entries"] == 0
        assert positions(book) == []
    assert sequencer.sequence()["entries"] == 2
    assert positions(book) == [(1, early), (2, late)]


def test_the_newest_of_those_under_way_is_waited_for_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its number is above every one that has ended, and a later one may end while it still runs."""
    book = books.find(books.platform_id())
    a, b = pair(book, "a"), pair(book, "b")
    settle = sequencer._settled_ordinal
    with somebody() as first:
        early = post(Leg(*a, 5), cursor=first)
        with ExitStack() as second:
            late = post(Leg(*b, 5), cursor=second.enter_context(somebody()))

            def then_the_second_commits(patience: timedelta) -> int:
                through = settle(patience)
                second.close()
                return through

            monkeypatch.setattr(sequencer, "_settled_ordinal", then_the_second_commits)
            assert sequencer.sequence(patience=NO_PATIENCE)["entries"] == 0
    monkeypatch.undo()
    assert sequencer.sequence()["entries"] == 2
    assert positions(book) == [(1, early), (2, late)]


def test_a_long_transaction_that_posts_nothing_delays_but_loses_nothing() -> None:
    book = books.find(books.platform_id())
    a = pair(book)
    with somebody() as cursor:
        cursor.execute("UPDATE operations_book SET name = name WHERE id = %s", [book.pk])
        post(Leg(*a, 5))
        assert sequencer.sequence(patience=NO_PATIENCE)["entries"] == 0
    assert sequencer.sequence()["entries"] == 1


def test_nobody_waits_for_who_writes_in_another_database(restored: str) -> None:
    book = books.find(books.platform_id())
    a = pair(book)
    given = connection.get_connection_params()
    server = {name: given[name] for name in ("host", "port", "user", "password") if name in given}
    with psycopg.connect(dbname=restored, **server) as elsewhere:
        elsewhere.execute("CREATE TABLE anything ()")
        post(Leg(*a, 5))
        assert sequencer.sequence(patience=NO_PATIENCE)["entries"] == 1


def test_a_rollback_leaves_a_gap_in_ordinals_and_none_in_positions() -> None:
    book = books.find(books.platform_id())
    a = pair(book)
    first = post(Leg(*a, 5))
    other = connections.create_connection("default")
    other.set_autocommit(False)
    with other.cursor() as cursor:
        post(Leg(*a, 5), cursor=cursor)
    other.rollback()
    other.close()
    second = post(Leg(*a, 5))

    sequencer.sequence()
    assert positions(book) == [(1, first), (2, second)]
    low, high = JournalEntry.objects.order_by("ordinal").values_list("ordinal", flat=True)
    assert high - low == 2


def test_a_second_sequencer_leaves_the_work_to_the_first() -> None:
    post(Leg(*pair(books.find(books.platform_id())), 5))
    with somebody() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7200)")
        assert sequencer.sequence() == {}
    assert sequencer.sequence()["entries"] == 1


def test_a_crash_between_batches_loses_and_doubles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    book = books.find(books.platform_id())
    a = pair(book)
    entries = [post(Leg(*a, 5)) for _ in range(5)]
    monkeypatch.setattr(sequencer, "BATCH", 2)
    whole, calls = sequencer._number, []

    def crash_at_the_second(stream: sequencer.Stream, through: int) -> int:
        calls.append(stream.name)
        if calls.count("entries") == 2:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {stream.function}(%s, %s); SELECT 1 / 0", [through, 2])
        return whole(stream, through)

    monkeypatch.setattr(sequencer, "_number", crash_at_the_second)
    with pytest.raises(Exception, match="division by zero"):
        sequencer.sequence()
    assert [position for position, _ in positions(book)] == [1, 2]

    monkeypatch.setattr(sequencer, "_number", whole)
    assert sequencer.sequence()["entries"] == 3
    assert positions(book) == list(enumerate(entries, start=1))


def test_the_gauge_counts_what_waits_and_since_when() -> None:
    book = books.find(books.platform_id())
    a = pair(book)

    def waiting() -> sequencer.Lag:
        return next(lag for lag in sequencer.lag() if lag.stream == "entries")

    assert waiting() == sequencer.Lag("entries", 0, None)
    first = post(Leg(*a, 5))
    post(Leg(*a, 5))
    assert waiting() == sequencer.Lag("entries", 2, JournalEntry.objects.get(pk=first).recorded_at)
    sequencer.sequence()
    assert waiting() == sequencer.Lag("entries", 0, None)


def test_a_seal_can_be_computed_by_hand() -> None:
    book = books.find(books.platform_id())
    post(Leg(*pair(book), 5), description='Löhne\n"März"', metadata={"b": 1, "a": "ü"})
    number_everything()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_entry_canonical(e, (SELECT string_agg(ledger_line_canonical(l), ',' ORDER BY l.posting, l.amount)"
            " FROM ledger_line l WHERE l.entry_id = e.id)) FROM ledger_entry e"
        )
        (text,) = cursor.fetchone()
    first = hashlib.sha256(f"countinghouse:book:{book.pk}".encode()).digest()
    assert bytes(Seal.objects.get().hash) == hashlib.sha256(first + text.encode()).digest()


def test_positions_follow_every_account_while_four_post_and_one_numbers() -> None:
    """Posters wait at random between their locks and their commit; numbering never stops."""
    book = books.find(books.platform_id())
    accounts = [open_account(book, f"a:{number}") for number in range(6)]
    stop, failures, done = threading.Event(), [], []

    def poster(seed: int) -> None:
        choose = random.Random(seed)
        while not stop.is_set():
            with somebody() as cursor:
                source, destination = choose.sample(accounts, 2)
                done.append(post(Leg(source, destination, choose.randint(1, 9)), cursor=cursor))
                time.sleep(choose.choice((0, 0, 0.001, 0.02)))

    def numberer() -> None:
        while not stop.is_set():
            sequencer.sequence()
        connection.close()

    def guarded(work: Any, *arguments: Any) -> None:
        try:
            work(*arguments)
        except BaseException as error:
            failures.append(error)
            stop.set()

    threads = [threading.Thread(target=guarded, args=(poster, seed)) for seed in range(4)]
    threads.append(threading.Thread(target=guarded, args=(numberer,)))
    for thread in threads:
        thread.start()
    time.sleep(3)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []

    sequencer.sequence()
    found = positions(book)
    assert [position for position, _ in found] == list(range(1, len(done) + 1))
    assert {entry for _, entry in found} == set(done)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT s.position <= lag(s.position) OVER (PARTITION BY l.account_id ORDER BY l.sequence)"
            " AS falls FROM ledger_line l JOIN ledger_seal s ON s.entry_id = l.entry_id) steps WHERE falls"
        )
        assert cursor.fetchone() == (0,)
