"""Whoever changes what was sent or answered, past every guard, is found; and nobody else is."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from apps.core import ids
from apps.operations import sequencer
from apps.webhooks.models import Attempt, AttemptSeal, AttemptVerification
from apps.webhooks.tasks import verify_attempts
from apps.webhooks.verify import verify
from tests.ledger.tampering import tamper
from tests.support.door import rows
from tests.support.hooked import Answer, Receiver
from tests.support.payouts import later
from tests.support.tenants import World, world
from tests.support.webhooks import deliver, endpoint, happens

pytestmark = pytest.mark.usefixtures("ledger_db")

THIRD = "(SELECT attempt_id FROM webhooks_attemptseal WHERE book_id = %s AND position = 3)"
NIL = "'00000000-0000-0000-0000-000000000000'"


@dataclass(frozen=True)
class Scene:
    """Four attempts of one book and one of another, good and bad ones, all sealed."""

    book: int
    slug: str
    other: int
    attempts: tuple[str, ...]


@pytest.fixture
def scene(acme: World, receiver: Receiver) -> Scene:
    endpoint(acme, receiver.url, headers={"X-Kind": '"quoted" \\ text'}, types=["wallet.created"])
    endpoint(acme, "http://127.0.0.1:9/a,b?c='d'\"e\"", types=["wallet.created"])
    bloom = world("bloom")
    endpoint(bloom, receiver.url, types=["wallet.created"])
    receiver.answer(500, body=b'a \xff \0 \n, "b"', headers={"X-Why": "caf\u00e9 \u007f\t"})
    receiver.answer(500, body=b"x" * 70_000)
    for each in (acme, bloom, acme):
        happens(each)
        deliver()
    sequencer.sequence()
    seals = AttemptSeal.objects.filter(book=acme.test_book).order_by("position")
    attempts = tuple(str(each) for each in seals.values_list("attempt_id", flat=True))
    assert len(attempts) == 4
    return Scene(acme.test_book.pk, acme.test_book.slug, bloom.test_book.pk, attempts)


@contextmanager
def tampered(*statements: Any) -> Iterator[None]:
    """As if somebody had done this; afterwards nobody has."""
    with transaction.atomic():
        tamper(*statements)
        yield
        transaction.set_rollback(True)


def broken(**options: Any) -> list[str]:
    """The places that a verification names."""
    return [f"{each.book}: {each.place}: {each.found}" for each in verify(**options).broken]


def of_third(change: str) -> tuple[str, list[int]]:
    """Its attempt is changed."""
    return f"UPDATE webhooks_attempt SET {change} WHERE id = {THIRD}", []


class TestWhatStands:
    def test_what_was_sealed_is_well_and_marked(self, scene: Scene) -> None:
        report = verify()
        assert report.broken == []
        assert report.attempts == 5
        assert report.heads[scene.slug].position == 4
        mark = AttemptVerification.objects.get(book=scene.book)
        last = AttemptSeal.objects.get(book=scene.book, position=4)
        assert (mark.through_position, bytes(mark.through_hash)) == (4, bytes(last.hash))
        assert report.heads[scene.slug].seal == bytes(last.hash).hex()

    @pytest.mark.parametrize("page", [1, 2, 3])
    def test_in_small_portions(self, scene: Scene, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
        whole = verify()
        monkeypatch.setattr("apps.webhooks.verify.chain.PAGE", page)
        report = verify()
        assert (report.broken, report.attempts, report.heads) == ([], 5, whole.heads)

    def test_where_nothing_was_sent(self, acme: World) -> None:
        assert verify().ok
        assert verify(incremental=True).ok

    def test_an_incremental_look_is_at_what_is_new(self, acme: World, scene: Scene) -> None:
        assert verify(incremental=True).attempts == 5
        assert verify(incremental=True).attempts == 0
        happens(acme)
        deliver()
        assert verify(incremental=True).attempts == 0
        sequencer.sequence()
        assert verify(incremental=True).attempts == Attempt.objects.count() - 5 > 0
        assert verify().attempts == Attempt.objects.count()

    def test_one_book(self, acme: World, scene: Scene) -> None:
        assert verify([acme.test_book]).attempts == 4
        assert AttemptVerification.objects.get().book_id == scene.book

    def test_while_attempts_are_made(self, acme: World, receiver: Receiver, scene: Scene) -> None:
        is_over = threading.Event()

        def goes_on() -> None:
            while not is_over.is_set():
                happens(acme)
                deliver()
            connection.close()

        thread = threading.Thread(target=goes_on)
        thread.start()
        try:
            for turn in range(20):
                assert broken(incremental=bool(turn % 3)) == []
        finally:
            is_over.set()
            thread.join()
        sequencer.sequence()
        assert verify(incremental=True).ok
        report = verify()
        assert (report.broken, report.attempts) == ([], Attempt.objects.count())
        assert report.attempts > 5


class TestWhatIsBroken:
    @pytest.mark.parametrize("page", [1, 500])
    def test_a_changed_attempt_is_named(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch, page: int
    ) -> None:
        monkeypatch.setattr("apps.webhooks.verify.chain.PAGE", page)
        for change in (
            *("number = number + 1", "run = run + 1", "began_at = began_at + interval '1 microsecond'"),
            *("url = url || '/'", "request_headers = request_headers || '{\"a\": 1}'", "body_bytes = 1"),
            *("body_sha256 = sha256('forged')", "failure = 'tls'", "why = 'It was asleep.'"),
            *("address = '10.0.0.1'", "tls = '{}'", "answered = 204", 'answer_headers = \'{"a": "b"}\''),
            *("answer = answer || '\\x00'", "is_cut = NOT is_cut", "head_ms = 99999", "took_ms = 99999"),
            *(f"delivery_id = {NIL}", f"endpoint_id = {NIL}", "worker = 'another'"),
        ):
            with tampered((of_third(change)[0], [scene.book])):
                [found] = broken()
            assert found.startswith(f"{scene.slug}: position 3, attempt {scene.attempts[2]}: "), change
            assert found.endswith("attempt or seal was changed")
        assert broken() == []

    def test_every_column_is_hashed(self, scene: Scene) -> None:
        """A column that is added one day is either sealed, or named here."""
        known = {field.column for field in Attempt._meta.concrete_fields}
        assert known == {
            *(
                "id",
                "delivery_id",
                "endpoint_id",
                "book_id",
                "number",
                "run",
                "began_at",
                "url",
                "request_headers",
            ),
            *(
                "body_sha256",
                "body_bytes",
                "failure",
                "why",
                "address",
                "tls",
                "head_ms",
                "took_ms",
                "answered",
            ),
            *("answer_headers", "answer", "is_cut", "worker", "ordinal"),
        }

    def test_an_attempt_that_was_deleted(self, scene: Scene) -> None:
        with tampered((f"DELETE FROM webhooks_attempt WHERE id = {THIRD}", [scene.book])):
            assert broken() == [f"{scene.slug}: position 3, attempt {scene.attempts[2]}: no such attempt"]

    def test_an_attempt_of_another_time_or_book(self, scene: Scene) -> None:
        with tampered((of_third("ordinal = ordinal + 1000000")[0], [scene.book])):
            assert "sealed as" in broken()[0]
        with tampered((of_third(f"book_id = {scene.other}")[0], [scene.book])):
            assert f"one of book {scene.other}" in broken()[0]

    @pytest.mark.parametrize("page", [1, 2, 500])
    def test_a_seal_that_is_missing(self, scene: Scene, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
        monkeypatch.setattr("apps.webhooks.verify.chain.PAGE", page)
        delete = "DELETE FROM webhooks_attemptseal WHERE book_id = %s AND position = ANY (%s)"
        for gone, named in (([1], 1), ([2], 2), ([2, 3], 2), ([1, 2, 3], 1)):
            with tampered((delete, [scene.book, gone])):
                [found] = broken()
                assert found.startswith(f"{scene.slug}: position {named}: "), gone
        # The newest of all seals: the sequencer makes it again, the same.
        with tampered((delete, [scene.book, [4]])):
            assert broken() == []
            sequencer.sequence_after_restore()
            assert verify().attempts == 5

    def test_seals_that_were_cut_off_after_they_were_verified(self, scene: Scene) -> None:
        verify()
        cut = ("DELETE FROM webhooks_attemptseal WHERE book_id = %s AND position > 2", [scene.book])
        for incremental in (True, False):
            with tampered(cut):
                [found] = broken(incremental=incremental)
                assert found.startswith(f"{scene.slug}: position 4, verified at")

    def test_a_chain_that_was_made_anew_after_it_was_verified(self, scene: Scene) -> None:
        """Whoever makes all seals anew over changed attempts is found by the seal that is kept."""
        verify()
        with tampered(
            (of_third("answered = 204")[0], [scene.book]),
            ("DELETE FROM webhooks_attemptseal", []),
        ):
            sequencer.sequence_after_restore()
            for incremental in (True, False):
                [found] = broken(incremental=incremental)
                assert found.startswith(f"{scene.slug}: position 4, verified at")

    def test_a_changed_seal(self, scene: Scene) -> None:
        update = (
            "UPDATE webhooks_attemptseal SET hash = sha256('forged') WHERE book_id = %s AND position = %s"
        )
        for position in (1, 3, 4):
            with tampered((update, [scene.book, position])):
                [found] = broken()
                assert f"position {position}," in found

    def test_a_seal_of_the_attempt_of_another_book(self, scene: Scene) -> None:
        with tampered(
            ("DELETE FROM webhooks_attemptseal WHERE book_id = %s", [scene.other]),
            (
                "UPDATE webhooks_attemptseal SET attempt_id = (SELECT id FROM webhooks_attempt WHERE book_id = %s)"
                " WHERE book_id = %s AND position = 3",
                [scene.other, scene.book],
            ),
        ):
            found = broken()
        assert any(
            f"{scene.slug}: position 3" in each and f"one of book {scene.other}" in each for each in found
        )

    @pytest.mark.parametrize("page", [1, 2, 500])
    def test_two_seals_at_one_position(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch, page: int
    ) -> None:
        monkeypatch.setattr("apps.webhooks.verify.chain.PAGE", page)
        primary = "conrelid = 'webhooks_attemptseal'::regclass AND contype = 'p'"
        [(name,)] = rows(f"SELECT conname FROM pg_constraint WHERE {primary}")
        second = (
            "INSERT INTO webhooks_attemptseal (book_id, position, attempt_id, ordinal, hash, sealed_at)"
            f" VALUES (%s, 2, {NIL}, 1000000, 'x', now())",
            [scene.book],
        )
        with tampered(f"ALTER TABLE webhooks_attemptseal DROP CONSTRAINT {name}", second):
            [found] = broken()
        assert found.startswith(
            (f"{scene.slug}: position 3: the next one at 2", f"{scene.slug}: position 2,")
        )

    def test_an_attempt_that_was_put_in_from_outside(self, scene: Scene) -> None:
        [(free,)] = rows("SELECT min(ordinal) FROM operations_event")
        columns = [
            field.column for field in Attempt._meta.concrete_fields if field.column not in {"id", "ordinal"}
        ]
        put_in = (
            f"INSERT INTO webhooks_attempt (id, ordinal, {', '.join(columns)})"
            f" SELECT {NIL}, %s, {', '.join(columns)} FROM webhooks_attempt WHERE id = {THIRD}"
        )
        named = f"{scene.slug}: attempt {ids.encode('wha', UUID(int=0))}: none: "
        with tampered((put_in, [free, scene.book])):
            [found] = broken()
            assert found.startswith(named)

    def test_what_nobody_seals(self, acme: World, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        happens(acme)
        deliver()
        assert broken() == []
        monkeypatch.setattr("apps.webhooks.verify.run.LOOKED_AGAIN", 0)
        with later(minutes=11):
            [found] = broken(incremental=True)
            assert "none yet" in found
            assert not AttemptVerification.objects.filter(found_at__isnull=False).exists()
            # What a worker has written down only now is sealed while it is waited for.
            monkeypatch.setattr("time.sleep", lambda _: sequencer.sequence())
            assert broken() == []


class TestWhatIsKept:
    @pytest.mark.tampers
    def test_until_all_attempts_of_the_book_are_well(self, acme: World, scene: Scene) -> None:
        verify()
        happens(acme)
        deliver()
        sequencer.sequence()
        fifth = "UPDATE webhooks_attempt SET took_ms = took_ms {} 1 WHERE id = %s"
        newest = rows(
            "SELECT attempt_id FROM webhooks_attemptseal WHERE book_id = %s AND position = 5", scene.book
        )[0]
        tamper((fifth.format("+"), newest))
        verify_attempts()
        mark = AttemptVerification.objects.get(book=scene.book)
        assert mark.through_position == 4
        assert "position 5" in mark.found
        assert AttemptVerification.objects.get(book=scene.other).found == ""
        tamper((fifth.format("-"), newest))
        verify_attempts()
        mark.refresh_from_db()
        assert mark.through_position > 4
        assert "position 5" in mark.found
        verify_attempts(everything=True)
        mark.refresh_from_db()
        assert (mark.found, mark.found_at) == ("", None)

    def test_of_one_that_never_was_well(self, scene: Scene) -> None:
        with tampered((of_third("took_ms = 99999")[0], [scene.book])):
            verify_attempts()
            mark = AttemptVerification.objects.get(book=scene.book)
            assert (mark.through_position, mark.verified_at, bool(mark.found)) == (0, None, True)


class TestCommand:
    def run(self, *arguments: str) -> str:
        out = StringIO()
        call_command("verify_webhooks", *arguments, stdout=out)
        return out.getvalue()

    def test_it_tells_what_was_verified(self, scene: Scene) -> None:
        said = self.run()
        assert "Verified 5 attempts" in said
        assert f"{scene.slug} ends at position 4 with the seal " in said
        assert "Verified 0 attempts" in self.run("--incremental")
        assert "Verified 4 attempts of 1 books" in self.run("--book", scene.slug)

    def test_it_answers_in_one_line_of_json(self, scene: Scene) -> None:
        answer = json.loads(self.run("--json", "--book", scene.slug))
        assert answer.pop("seconds") > 0
        assert answer.pop("heads")[scene.slug]["position"] == 4
        assert answer == {"ok": True, "books": 1, "attempts": 4, "broken": []}

    def test_it_names_what_is_broken_and_fails(
        self, scene: Scene, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with tampered((of_third("answered = 204")[0], [scene.book])):
            with pytest.raises(
                CommandError, match=f"BROKEN {scene.slug}: position 3, attempt {scene.attempts[2]}"
            ):
                self.run()
            out = StringIO()
            with pytest.raises(SystemExit) as ended:
                call_command("verify_webhooks", "--json", stdout=out)
        assert ended.value.code == 1
        [place] = json.loads(out.getvalue())["broken"]
        assert (place["book"], place["position"]) == (scene.slug, 3)

    def test_it_knows_no_such_book(self, acme: World) -> None:
        with pytest.raises(CommandError, match="no book 'north'"):
            self.run("--book", "north")


def test_times_are_read_to_the_microsecond(acme: World, receiver: Receiver) -> None:
    """Where floats would round them."""
    endpoint(acme, receiver.url, types=["wallet.created"])
    receiver.always = Answer(200)
    happens(acme)
    deliver()
    for year in (2026, 2199):
        at = datetime(year, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
        with tampered(("UPDATE webhooks_attempt SET began_at = %s", [at])):
            sequencer.sequence_after_restore()
            assert verify().attempts == Attempt.objects.count()
