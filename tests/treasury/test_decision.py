"""What a rule asks for, against a model that moves one unit at a time."""

from hypothesis import given
from hypothesis import strategies as st

from apps.treasury.decision import Band, Decision, decide

amounts = st.integers(0, 40)


def unit_by_unit(band: Band, balance: int, spare: int) -> tuple[int, int]:
    """What is asked for and what is moved, found by moving: towards the target while something is left to move."""
    asked, after = 0, balance
    if not band.floor <= balance <= band.target:
        step = 1 if balance < band.floor else -1
        while after != band.target:
            asked, after = asked + step, after + step
    moved = asked
    while moved > spare:
        moved -= 1
    if abs(moved) < band.minimum:
        moved = 0
    return asked, moved


@given(floor=amounts, more=amounts, minimum=st.integers(1, 40), balance=st.integers(-20, 100), spare=amounts)
def test_it_is_what_moving_unit_by_unit_comes_to(
    floor: int, more: int, minimum: int, balance: int, spare: int
) -> None:
    band = Band(floor, floor + more, minimum)
    found = decide(band, balance=balance, spare=spare)
    assert (found.asked, found.amount) == unit_by_unit(band, balance, spare)
    after = balance + found.amount
    assert found.amount == 0 or (balance < after <= band.target) or (balance > after >= band.target)
    assert found.amount <= spare
    assert (found.why == "lacking") == (found.amount < found.asked and abs(found.asked) >= minimum)
    assert (found.why == "") == (found.amount != 0 and found.amount == found.asked)
    assert (found.why == "within") == (found.asked == 0)


def test_what_was_moved_is_not_asked_for_again() -> None:
    band = Band(1_000, 5_000, 10)
    for balance in (0, 999, 1_000, 5_000, 5_001, 9_000):
        first = decide(band, balance=balance, spare=10_000)
        again = decide(band, balance=balance + first.amount, spare=10_000)
        assert again.amount == 0, balance


def test_the_edges() -> None:
    band = Band(1_000, 5_000, 10)
    assert decide(band, balance=1_000, spare=9_000) == Decision(0, 0, "within")
    assert decide(band, balance=999, spare=9_000) == Decision(4_001, 4_001, "")
    assert decide(band, balance=999, spare=4_000) == Decision(4_001, 4_000, "lacking")
    assert decide(band, balance=999, spare=9) == Decision(4_001, 0, "lacking")
    assert decide(band, balance=5_009, spare=0) == Decision(-9, 0, "below_minimum")
    assert decide(band, balance=5_010, spare=0) == Decision(-10, -10, "")
