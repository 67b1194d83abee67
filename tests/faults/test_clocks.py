"""Clocks step back; what is recorded goes on forward."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.core import clock, ids
from apps.ledger.models import JournalEntry, Line
from apps.operations import sequencer
from apps.operations.models import Operation
from tests.support.door import held, moved, movement, opened, rows, run

pytestmark = pytest.mark.usefixtures("ledger_db")

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _wallets(ledger_db: object) -> None:
    opened("mint", floor=None)
    opened("amara")
    opened("bo")
    opened("reserve", names_holds=True)


def recorded(address: str) -> list[datetime]:
    """When the lines of an account were recorded, in their order."""
    lines = Line.objects.filter(account__address=address).order_by("sequence")
    return list(lines.values_list("recorded_at", flat=True))


def the_servers_clock_steps_back(by: timedelta) -> None:
    """As if all accounts had been written by a clock that was ahead."""
    rows("UPDATE ledger_balance SET recorded_at = now() + %s RETURNING 1", by)


@pytest.mark.parametrize("postings", ["single", "several", "hold"])
def test_recorded_times_of_an_account_never_go_back(postings: str) -> None:
    moved("mint", "amara", "10.00")
    the_servers_clock_steps_back(timedelta(hours=1))
    ahead = rows("SELECT max(recorded_at) FROM ledger_balance")[0][0]
    if postings == "single":
        moved("mint", "amara", "10.00")
    elif postings == "hold":
        held("amara", "reserve", "1.00")
    else:
        from apps.operations.executor import execute_many
        from tests.support.door import request

        execute_many([request("ledger.import_entry", **movement("mint", "amara", "1.00")) for _ in range(3)])
    assert recorded("amara") == sorted(recorded("amara"))
    assert recorded("amara")[-1] >= ahead
    assert JournalEntry.objects.order_by("-ordinal").values_list("recorded_at", flat=True)[0] >= ahead


def test_an_entry_effective_now_is_effective_when_it_is_recorded() -> None:
    with clock.frozen(LONG_AGO):
        entry = moved("mint", "amara", "10.00")
    found = JournalEntry.objects.get(pk=entry)
    assert found.effective_at == found.recorded_at
    assert found.recorded_at > LONG_AGO + timedelta(days=365)


def test_ids_are_sorted_though_the_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now, made = clock.unix_milliseconds(), []
    for step in (0, 5, -60_000, 1, -3_600_000, 2):
        monkeypatch.setattr(clock, "unix_milliseconds", lambda at=now + step: at)
        made += [moved("mint", "amara", "0.01"), moved("mint", "bo", "0.01")]
    assert made == sorted(made)
    assert list(JournalEntry.objects.order_by("ordinal").values_list("pk", flat=True)) == made
    assert [ids.decode("je", entry) for entry in made] == sorted(ids.decode("je", entry) for entry in made)


def test_positions_follow_what_happened_not_the_clock() -> None:
    first = moved("mint", "amara", "1.00")
    with clock.frozen(LONG_AGO):
        second = moved("amara", "bo", "1.00")
    third = moved("bo", "amara", "1.00")
    sequencer.sequence()
    places = rows("SELECT entry_id FROM ledger_seal ORDER BY position")
    assert [ids.encode("je", entry) for (entry,) in places] == [first, second, third]
    assert Operation.objects.order_by("recorded_at").first().recorded_at == LONG_AGO  # type: ignore[union-attr]


def test_a_replay_gives_its_answer_whatever_the_clock_says() -> None:
    given = movement("mint", "amara", "1.00")
    first = run("ledger.import_entry", key="k", **given)
    with clock.frozen(LONG_AGO):
        assert run("ledger.import_entry", key="k", **given).operation_id == first.operation_id
