"""When messages are sent again, and how many go to an endpoint at once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.webhooks import ladder

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 5), (3, 15), (4, 60)])
def test_the_rungs(attempts: int, minutes: int) -> None:
    for _ in range(50):
        at = ladder.next_attempt(attempts, NOW)
        assert at is not None
        assert timedelta(minutes=minutes) <= at - NOW <= timedelta(minutes=minutes * 1.1)


def test_after_the_fifth_it_has_failed() -> None:
    assert ladder.next_attempt(5, NOW) is None


@given(attempts=st.integers(1, 4), wish=st.integers(0, 10**9))
def test_a_wish_is_heard_within_bounds(attempts: int, wish: int) -> None:
    at = ladder.next_attempt(attempts, NOW, timedelta(seconds=wish))
    assert at is not None
    pause = at - NOW
    assert pause >= ladder.LADDER[attempts - 1]
    assert pause >= min(timedelta(seconds=wish), ladder.LONGEST_WISH)
    assert pause <= max(ladder.LADDER[attempts - 1], ladder.LONGEST_WISH) * 1.1


@given(failures=st.integers(0, 1_000))
def test_an_endpoint_is_left_in_peace_for_longer_and_longer(failures: int) -> None:
    until = ladder.paused_until(failures, NOW)
    assert (until is None) == (failures < ladder.TOLERATED)
    if until:
        later = ladder.paused_until(failures + 1, NOW)
        assert later is not None
        assert NOW + ladder.FIRST_PAUSE <= until <= later <= NOW + ladder.LONGEST_PAUSE


def test_it_is_dead_after_a_day() -> None:
    assert not ladder.is_dead(None, 99, NOW)
    assert not ladder.is_dead(NOW - timedelta(hours=23, minutes=59), 99, NOW)
    assert not ladder.is_dead(NOW - timedelta(hours=24), 9, NOW)
    assert ladder.is_dead(NOW - timedelta(hours=24), 10, NOW)


@given(
    most=st.integers(1, 64),
    answers=st.lists(st.tuples(st.booleans(), st.floats(0, 30, allow_nan=False)), max_size=100),
)
def test_a_window_stays_between_one_and_all(most: int, answers: list[tuple[bool, float]]) -> None:
    window = 1
    for accepted, seconds in answers:
        before, window = window, ladder.window(window, most, accepted=accepted, seconds=seconds)
        assert 1 <= window <= most
        assert window <= before or (accepted and seconds <= ladder.QUICK)
