"""Attempts are sealed, and whoever has an export of them can check the seals without us."""

import csv
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from apps.operations import sequencer
from tests.support.hooked import Receiver
from tests.support.tenants import World, world
from tests.support.webhooks import deliver, endpoint, happens

pytestmark = pytest.mark.usefixtures("ledger_db")

SAMPLES = Path(__file__).parents[2] / "docs" / "samples" / "webhooks"


@pytest.fixture
def exported(acme: World, receiver: Receiver, tmp_path: Path) -> Path:
    """Attempts of a tenant, good and bad ones, beside those of another."""
    endpoint(acme, receiver.url, headers={"X-Kind": '"quoted" \\ text'}, types=["wallet.created"])
    endpoint(acme, "http://127.0.0.1:9/a,b?c='d'\"e\"", types=["wallet.created"])
    other = world("bloom")
    endpoint(other, receiver.url, types=["wallet.created"])
    receiver.answer(500, body=b'a \xff \0 \n, "b"', headers={"X-Why": "caf\u00e9"})
    receiver.answer(500, body=b"x" * 70_000)
    for each in (acme, other, acme):
        happens(each)
        deliver()
    sequencer.sequence()
    return export(acme.test_book.pk, tmp_path / "attempts.csv")


def export(book: int, to: Path) -> Path:
    """What psql writes of the page's statement."""
    statement = (SAMPLES / "attempts.sql").read_text().replace(":book", str(book)).rstrip().rstrip(";")
    with connection.cursor() as cursor, cursor.copy(statement) as rows:
        to.write_bytes(b"".join(bytes(each) for each in rows))
    return to


def check(path: Path, *more: str) -> tuple[int, str]:
    """What the page's program says of it."""
    argv = [sys.executable, str(SAMPLES / "check_seals.py"), str(path), *more]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    return ran.returncode, (ran.stdout or ran.stderr).strip()


def changed(path: Path, change: Callable[[list[dict[str, str]]], Any]) -> Path:
    """The export after somebody was at it."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(autouse=True)
def large_fields() -> Any:
    before = csv.field_size_limit(1_000_000)
    yield
    csv.field_size_limit(before)


def test_what_was_exported_is_what_was_sealed(exported: Path) -> None:
    assert check(exported) == (0, "4 attempts are what was sealed, through position 4.")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("answered", "200"),
        ("failure", ""),
        ("url", "http://127.0.0.1/elsewhere"),
        ("began_at", "1"),
        ("answer", "00"),
        ("body_sha256", "00" * 32),
        ("request_headers", "{}"),
        ("answer_headers", '{"a": "b"}'),
        ("why", "It was asleep."),
        ("address", "10.0.0.1"),
        ("tls", "{}"),
        ("took_ms", "99999"),
        ("delivery_id", "00000000-0000-0000-0000-000000000000"),
    ],
)
def test_a_changed_attempt_is_named(exported: Path, column: str, value: str) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        assert rows[2][column] != value
        rows[2][column] = value

    assert check(changed(exported, change)) == (1, "Position 3 is not what was sealed.")


def test_one_that_was_left_out_is_missed(exported: Path) -> None:
    assert check(changed(exported, lambda rows: rows.pop(1))) == (1, "Position 2 is missing.")


def test_a_later_part_is_checked_from_the_seal_before(exported: Path) -> None:
    kept: list[str] = []
    changed(exported, lambda rows: kept.extend((rows.pop(0)["seal"], rows.pop(0)["seal"])))
    assert check(exported, kept[1]) == (0, "2 attempts are what was sealed, through position 4.")
    assert check(exported, kept[0]) == (1, "Position 3 is not what was sealed.")
    assert check(exported) == (1, "Position 1 is missing.")
