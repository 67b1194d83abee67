"""Notes, assignments and attachments beside any object. They tell no event: events are for the outside."""

import hashlib

from apps.core.errors import DomainError
from apps.operations import people, subjects
from apps.operations.models import Assignment, Attachment, Note
from apps.operations.plan import Context
from apps.operations.registry import Done

TEXT = "text/plain; charset=utf-8"
_ZIP = b"PK\x03\x04"
_OPEN_XML = "application/vnd.openxmlformats-officedocument."

KINDS: dict[str, tuple[str, bytes]] = {
    "pdf": ("application/pdf", b"%PDF-"),
    "png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    "jpg": ("image/jpeg", b"\xff\xd8\xff"),
    "jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    "xlsx": (f"{_OPEN_XML}spreadsheetml.sheet", _ZIP),
    "docx": (f"{_OPEN_XML}wordprocessingml.document", _ZIP),
    "txt": (TEXT, b""),
    "csv": ("text/csv; charset=utf-8", b""),
    "json": ("application/json", b""),
    "eml": (TEXT, b""),
}
"""The endings that a file may have, each with its media type and how such a file begins; text begins anyhow."""


class NoAssignee(DomainError):
    """Work is assigned to people who may enter the console."""

    code = "ASSIGNEE_INVALID"


class FileRefused(DomainError):
    """The file is not of a kind that is kept, or is not what its name says."""

    code = "FILE_REFUSED"


class FileDamaged(DomainError):
    """What arrived has another SHA-256 than what was sent."""

    code = "FILE_DAMAGED"


def add_note(context: Context, *, subject: str, text: str) -> Done:
    """Write something down beside an object, for other operators. It stays as it is: a correction is another note."""
    subjects.check(subject)
    note = Note(subject=subject, text=text, **_by(context))
    note.save(force_insert=True)
    return Done({"note": note.pk, "subject": subject})


def assign(context: Context, *, subject: str, assignee: str | None, reason: str) -> Done:
    """Give an object to somebody to look after, or to nobody; it then stands on their Overview."""
    subjects.check(subject)
    label = _label(assignee) if assignee else ""
    given = Assignment(
        subject=subject, assignee_id=assignee or "", assignee_label=label, reason=reason, **_by(context)
    )
    given.save(force_insert=True)
    return Done({"assignment": given.pk, "subject": subject, "assignee": assignee})


def attach_file(context: Context, *, subject: str, content: bytes, name: str, sha256: str) -> Done:
    """Keep a file beside an object: a PDF, a picture, a text or table of at most 10 MB."""
    subjects.check(subject)
    found = hashlib.sha256(content).hexdigest()
    if sha256 and sha256.lower() != found:
        raise FileDamaged(f"The file arrived with the SHA-256 {found}: send it again.", field="/sha256")
    media_type = _media_type(name, content)
    kept = Attachment(
        subject=subject,
        name=name,
        media_type=media_type,
        size=len(content),
        sha256=found,
        content=content,
        **_by(context),
    )
    kept.save(force_insert=True)
    return Done({"attachment": kept.pk, "subject": subject, "size": kept.size, "sha256": found})


def _by(context: Context) -> dict[str, object]:
    return {
        "actor_id": context.actor.id,
        "actor_label": context.actor.label,
        "operation_id": context.operation_id,
        "created_at": context.now,
    }


def _label(user: str) -> str:
    somebody = people.actor("user", user)
    if not somebody.roles:
        raise NoAssignee(f"{somebody.label} has no role in the console.", field="/assignee")
    return somebody.label


def _media_type(name: str, content: bytes) -> str:
    """By the ending of the name, if the file begins as such files do."""
    ending = name.rpartition(".")[2].lower()
    media_type, beginning = KINDS.get(ending, ("", b""))
    if not media_type:
        raise FileRefused(f"{name} must end in one of: {', '.join(KINDS)}.", field="/name")
    if not (content.startswith(beginning) if beginning else _is_text(content)):
        raise FileRefused(f"{name} is no {ending.upper()} file inside.", field="/content")
    return media_type


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False
