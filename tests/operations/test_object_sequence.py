"""Each object's events are numbered 1, 2, 3 and so on in its book, in the order in which they happened."""

import random
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence

import jsonschema
import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.api import event_document
from apps.core import clock, ids
from apps.operations import sequencer
from apps.operations.envelope import envelope
from apps.operations.models import Book, EventPosition
from tests.support.door import run

pytestmark = pytest.mark.usefixtures("ledger_db")

HAPPENED = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3)), max_size=25)
INSERT = (
    "INSERT INTO operations_event (id, book_id, type, version, subject, data, operation_id, recorded_at, ordinal)"
    " VALUES (gen_random_uuid(), %s, 'tests.happened', 1, %s, '{}', gen_random_uuid(), now(), %s)"
)


def happen(what: Sequence[tuple[int, str]], order: random.Random) -> None:
    """Events of (book, subject) that took their ordinals in this order, and were committed in any other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('operations_ordinal') FROM generate_series(1, %s)", [len(what)])
        rows = [(*each, ordinal) for each, (ordinal,) in zip(what, cursor.fetchall(), strict=True)]
        order.shuffle(rows)
        for row in rows:
            cursor.execute(INSERT, row)


def sequences(books: Sequence[Book]) -> dict[tuple[int, str], list[int]]:
    """The numbers of each object's events, in the order of the feed."""
    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place in EventPosition.objects.filter(book__in=books).order_by("position").select_related("event"):
        assert place.subject == place.event.subject
        found[place.book_id, place.subject].append(place.object_sequence)
    return found


def two_books() -> list[Book]:
    name = uuid.uuid4().hex[:12]
    return [Book.objects.create(slug=f"{name}-{n}", name=name, created_at=clock.now()) for n in range(2)]


@settings(max_examples=30)
@given(
    runs=st.lists(
        st.tuples(HAPPENED, st.sampled_from([sequencer.sequence, sequencer.sequence_after_restore]))
    ),
    batch=st.integers(1, 7),
    order=st.randoms(use_true_random=False),
)
def test_they_are_dense_for_each_object_in_each_book(
    runs: list[tuple[list[tuple[int, int]], Callable[[], dict[str, int]]]], batch: int, order: random.Random
) -> None:
    books, expected = two_books(), defaultdict(int)
    usual, sequencer.BATCH = sequencer.BATCH, batch
    try:
        for happened, number in runs:
            what = [(books[book].pk, f"object {subject}") for book, subject in happened]
            happen(what, order)
            number()
            for each in what:
                expected[each] += 1
            assert sequences(books) == {each: list(range(1, n + 1)) for each, n in expected.items()}
    finally:
        sequencer.BATCH = usual


def test_they_follow_the_order_in_which_things_happened() -> None:
    [book, _] = two_books()
    happen([(book.pk, "a"), (book.pk, "b"), (book.pk, "a"), (book.pk, "b"), (book.pk, "a")], random.Random(1))
    sequencer.sequence()
    places = EventPosition.objects.filter(book=book).order_by("ordinal")
    told = [(place.position, place.subject, place.object_sequence) for place in places]
    assert told == [(1, "a", 1), (2, "b", 1), (3, "a", 2), (4, "b", 2), (5, "a", 3)]


def test_a_number_is_given_once_and_none_below_one() -> None:
    [book, _] = two_books()
    happen([(book.pk, "a"), (book.pk, "a")], random.Random(1))
    sequencer.sequence()
    first = EventPosition.objects.get(book=book, object_sequence=1)
    for wrong in (first.object_sequence, 0):
        with pytest.raises(IntegrityError, match="event_position"), transaction.atomic():
            EventPosition.objects.create(
                book=book,
                position=9,
                event_id=ids.new_id("evt"),
                subject="a",
                object_sequence=wrong,
                ordinal=10**12,
                sequenced_at=clock.now(),
            )


def test_the_last_number_of_an_object_is_read_from_its_index() -> None:
    """However many events of others there are: two pages of an index, not the events of the book."""
    [book, _] = two_books()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO operations_event (id, book_id, type, version, subject, data, operation_id, recorded_at, ordinal)"
            " SELECT gen_random_uuid(), %s, 'tests.happened', 1, 'object ' || i %% 2000, '{}', gen_random_uuid(), now(),"
            " nextval('operations_ordinal') FROM generate_series(1, 10000) i",
            [book.pk],
        )
        sequencer.sequence()
        cursor.execute("VACUUM ANALYZE operations_eventposition")
        cursor.execute(
            "EXPLAIN (ANALYZE, FORMAT JSON) SELECT object_sequence FROM operations_eventposition"
            " WHERE book_id = %s AND subject = 'object 7' ORDER BY object_sequence DESC LIMIT 1",
            [book.pk],
        )
        [read] = cursor.fetchone()[0][0]["Plan"]["Plans"]
    assert (read["Index Name"], read["Actual Rows"]) == ("event_position_once_a_subject", 1)


def test_the_envelope_says_what_the_feed_says() -> None:
    run("operations.set_feature_flag", name="x", scope="everything", scope_id="", enabled=True, reason="a")
    run("operations.set_feature_flag", name="x", scope="everything", scope_id="", enabled=False, reason="b")
    sequencer.sequence()
    place = EventPosition.objects.select_related("event").get(subject="x", object_sequence=2)
    event = place.event
    told = envelope(event, place)
    jsonschema.validate(told, event_document.ENVELOPE, cls=jsonschema.Draft202012Validator)
    assert list(told) == event_document.ENVELOPE["required"]
    assert told == {
        "id": event.pk,
        "type": "flag.changed",
        "version": 1,
        "timestamp": clock.written(event.recorded_at),
        "position": place.position,
        "subject": "x",
        "sequence": 2,
        "data": {"name": "x", "scope": "everything", "scope_id": "", "enabled": False, "reason": "b"},
    }
