"""Turns: one at a time, in the order of arrival, and given on by whoever fails."""

import threading
import time

import pytest

from apps.operations.turns import Turns


def test_whoever_came_first_goes_first_and_alone() -> None:
    turns, went, inside = Turns(), [], []
    threads = []

    def go(number: int) -> None:
        with turns.mine():
            inside.append(number)
            assert len(inside) == 1
            time.sleep(0.01)
            went.append(number)
            inside.clear()

    with turns.mine():
        for number in range(5):
            threads.append(threading.Thread(target=go, args=(number,)))
            threads[-1].start()
            while len(turns._waiting) <= number:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert went == [0, 1, 2, 3, 4]


def test_whoever_just_had_it_waits_behind_the_others() -> None:
    turns, went = Turns(), []

    def go(name: str, times: int) -> None:
        for _ in range(times):
            with turns.mine():
                went.append(name)
                time.sleep(0.01)

    threads = [threading.Thread(target=go, args=(name, 3)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert went in (["a", "b"] * 3, ["b", "a"] * 3)


def test_a_failure_gives_it_on() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.mine():
        _ = 1 / 0
    with turns.mine():
        pass
