"""Notes, assignments and attachments: insert-only, beside what exists, and out of tenants' reach."""

import hashlib
from base64 import b64encode
from typing import Any

import pytest
from django.db import Error, connection

from apps.accounts.models import User
from apps.core import clock
from apps.operations.isolation import Circle, bound
from apps.operations.models import Assignment, Attachment, Event, Note, Operation
from tests.support.door import code, done, person, refused, run
from tests.support.tenants import World

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
LARGEST = 10 * 1024 * 1024
TABLES = ["operations_note", "operations_assignment", "operations_attachment"]


def attach(acme: World, content: bytes, name: str, **more: Any) -> dict[str, Any]:
    """The input of an attachment."""
    return {"subject": acme.tenant, "content": b64encode(content).decode(), "name": name, **more}


def test_a_note_stays_beside_its_object(acme: World) -> None:
    told = Event.objects.count()
    made = done("operations.add_note", subject=acme.tenant, text="Called back.\nThey were not in.")
    note = Note.objects.get()
    assert (note.pk, note.subject, note.text) == (
        made["note"],
        acme.tenant,
        "Called back.\nThey were not in.",
    )
    assert Operation.objects.get(pk=note.operation_id).command == "operations.add_note"
    assert Event.objects.count() == told


@pytest.mark.parametrize(
    "subject",
    ["ten_01jd0000000000000000000000", "zzz_01jd0000000000000000000000", "ten_iiiiiiiiiiiiiiiiiiiiiiiiii"],
)
def test_nothing_stands_beside_what_does_not_exist(acme: World, subject: str) -> None:
    assert refused("operations.add_note", subject=subject, text="x") == "SUBJECT_NOT_FOUND"


@pytest.mark.parametrize("text", ["", " ", "\x00", "a\x1bb", "x" * 4_001])
def test_what_is_no_text_is_no_note(acme: World, text: str) -> None:
    assert refused("operations.add_note", subject=acme.tenant, text=text) == "INPUT_INVALID"


def test_the_last_assignment_counts(acme: World) -> None:
    mira = person("mira@example.com", "compliance")
    done("operations.assign", subject=acme.tenant, assignee=mira.id, reason="look at the KYB")
    assert Assignment.objects.get().assignee_label == "mira@example.com"
    done("operations.assign", subject=acme.tenant, assignee=None)
    assert [each.assignee_id for each in Assignment.objects.order_by("-id")] == ["", mira.id]


def test_work_is_given_to_people_of_the_console(acme: World) -> None:
    nobody = User.objects.create(email="nobody@example.com", created_at=clock.now())
    assert refused("operations.assign", subject=acme.tenant, assignee=nobody.pk) == "ASSIGNEE_INVALID"
    unknown = "usr_01jd0000000000000000000000"
    assert refused("operations.assign", subject=acme.tenant, assignee=unknown) == "USER_NOT_FOUND"


def test_a_file_is_kept_with_its_hash_and_not_in_the_operation(acme: World) -> None:
    made = done("operations.attach_file", **attach(acme, PNG, "passport.png"))
    kept = Attachment.objects.get(pk=made["attachment"])
    assert (bytes(kept.content), kept.media_type, kept.size) == (PNG, "image/png", len(PNG))
    assert kept.sha256 == made["sha256"] == hashlib.sha256(PNG).hexdigest()
    assert b64encode(PNG).decode() not in str(Operation.objects.get(pk=kept.operation_id).input)


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"", "a.txt", "INPUT_INVALID"),
        (b"x" * (LARGEST + 1), "a.txt", "INPUT_INVALID"),
        (b"<script>", "a.html", "FILE_REFUSED"),
        (b"<svg/>", "a.svg", "FILE_REFUSED"),
        (b"<script>", "a.png", "FILE_REFUSED"),
        (b"MZ\x00\x01", "a.pdf", "FILE_REFUSED"),
        (b"\xff\xfe\x00", "a.txt", "FILE_REFUSED"),
        (b"a\x00b", "a.csv", "FILE_REFUSED"),
        (b"x", "../a.txt", "INPUT_INVALID"),
        (b"x", "a\nb.txt", "INPUT_INVALID"),
        (b"x", "txt", "INPUT_INVALID"),
    ],
)
def test_what_is_no_such_file_is_refused(acme: World, content: bytes, name: str, expected: str) -> None:
    assert refused("operations.attach_file", **attach(acme, content, name)) == expected
    assert not Attachment.objects.exists()


def test_the_largest_file_is_kept(acme: World) -> None:
    done("operations.attach_file", **attach(acme, b"x" * LARGEST, "a.txt"))
    assert Attachment.objects.get().size == LARGEST


def test_a_damaged_file_is_refused(acme: World) -> None:
    given = attach(acme, PNG, "a.png", sha256=hashlib.sha256(b"other").hexdigest())
    assert refused("operations.attach_file", **given) == "FILE_DAMAGED"


def test_the_same_key_with_another_file_is_refused(acme: World) -> None:
    one, other = (
        attach(acme, content, "a.txt", sha256=hashlib.sha256(content).hexdigest()) for content in (b"1", b"2")
    )
    assert done("operations.attach_file", key="k", **one) == done("operations.attach_file", key="k", **one)
    assert code(run("operations.attach_file", key="k", **other)) == "KEY_REUSED"
    assert Attachment.objects.count() == 1


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may(acme: World, role: str) -> None:
    actor = person("ada@example.com", role)
    outcome = run("operations.add_note", actor=actor, subject=acme.tenant, text="x")
    assert code(outcome) == ("AUTHORIZATION_FAILED" if role == "viewer" else None)


@pytest.mark.parametrize("table", TABLES)
def test_tenants_reach_none_of_it(acme: World, table: str) -> None:
    done("operations.add_note", subject=acme.tenant, text="x")
    with (
        pytest.raises(Error, match="permission denied"),
        bound(Circle(acme.book.pk, frozenset())),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SELECT * FROM {table}")
