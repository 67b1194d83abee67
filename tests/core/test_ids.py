import os
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import clock, ids


@given(st.uuids(), st.uuids())
def test_text_sorts_as_the_uuid_and_reads_back(one, other):
    assert ids.decode("je", ids.encode("je", one)) == one
    assert (ids.encode("je", one) < ids.encode("je", other)) == (one < other)


def test_shape():
    made = ids.new_uuid()
    text = ids.encode("je", made)
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert abs((made.int >> 80) - clock.unix_milliseconds()) < 1000
    assert text.startswith("je_0")
    assert len(text) == 3 + ids.LENGTH
    assert ids.encode("je", uuid.UUID(int=0)) == "je_" + "0" * 26
    assert ids.encode("je", uuid.UUID(int=2**128 - 1)) == "je_7" + "z" * 25


def test_tells_when_it_was_made():
    before = clock.unix_milliseconds()
    at = ids.made_at("je", ids.new_id("je"))
    assert before - 1_000 <= round(at.timestamp() * 1_000) <= clock.unix_milliseconds() + 1_000
    assert ids.made_at("je", ids.first_at("je", at)) == at
    with pytest.raises(ids.InvalidId):
        ids.made_at("je", "trf_1")


def test_order_of_creation():
    made = [ids.new_id("je") for _ in range(20_000)]
    assert made == sorted(set(made))


@pytest.mark.parametrize("readings", [[5000] * 50, list(range(5000, 4950, -1)), [5000, 1, 6000, 2, 5500]])
def test_a_clock_that_stands_or_steps_back_keeps_the_order(monkeypatch, readings):
    monkeypatch.setattr(ids, "_source", ids._Source())
    monkeypatch.setattr(clock, "unix_milliseconds", iter(readings).__next__)
    made = [ids.new_uuid() for _ in readings]
    assert made == sorted(set(made))
    assert {each.version for each in made} == {7}


def test_a_full_millisecond_runs_over_into_the_next(monkeypatch):
    source = ids._Source()
    source.last = (5000 << 74) + (1 << 74) - 1
    monkeypatch.setattr(ids, "_source", source)
    monkeypatch.setattr(clock, "unix_milliseconds", lambda: 5000)
    assert ids.new_uuid().int >> 80 == 5001


def test_threads_share_one_order():
    def make(_):
        return [ids.new_uuid() for _ in range(2000)]

    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(make, range(8)))
    assert all(batch == sorted(batch) for batch in batches)
    assert len({each for batch in batches for each in batch}) == 16_000


def test_a_forked_child_makes_ids_of_its_own(monkeypatch):
    monkeypatch.setattr(clock, "unix_milliseconds", lambda: 5000)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, " ".join(ids.new_id("je") for _ in range(50)).encode())
        os._exit(0)
    ours = {ids.new_id("je") for _ in range(50)}
    os.waitpid(child, 0)
    theirs = set(os.read(reading, 65536).decode().split())
    assert len(theirs) == 50
    assert not ours & theirs


VALID = "je_01jd8x5v9q4m7k2h3n6p0r1s2t"


@pytest.mark.parametrize(
    "text",
    [
        VALID.replace("je", "wal"), VALID.upper(), VALID[:-1], VALID + "0", VALID[3:], "", "je_", None, 5,
        "je_8" + "0" * 25, "je_" + "0" * 25 + "u", "je_" + "0" * 25 + "i", "je_0_" + "0" * 24,
        "je_0+" + "0" * 24, "je_" + "0" * 25 + "\u0661", "je_" + " " + "0" * 25, VALID + "\n",
        "je-" + VALID[3:],
    ],
)  # fmt: skip
def test_refuses_all_but_the_one_spelling(text):
    with pytest.raises(ids.InvalidId) as refusal:
        ids.decode("je", text)
    assert refusal.value.code == "INVALID_ID"
    assert "je_" in refusal.value.message


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with pytest.raises(ids.InvalidId):
        ids.decode("je", f"je_{text}"[:28])
