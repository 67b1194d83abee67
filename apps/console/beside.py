"""What operators keep beside an object: who looks after it, notes and files, with links to the forms for more."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpRequest

from apps.console.forms.ways import Doing, doings
from apps.operations import subjects
from apps.operations.models import Assignment, Attachment, Note

LATEST = 20
"""Notes and files that a page shows."""

COMMANDS = ("operations.add_note", "operations.assign", "operations.attach_file")
NEEDED = ("operations.view_note", "operations.view_assignment", "operations.view_attachment")


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands beside one object, the newest first."""

    assignment: Assignment | None
    notes: list[Note]
    attachments: list[Attachment]
    doings: list[Doing]


@dataclass(frozen=True, slots=True)
class Mine:
    """An object that somebody looks after."""

    assignment: Assignment
    kind: str
    title: str


def kept(request: HttpRequest, subject: str) -> Kept | None:
    """What stands beside an object, for who may see it."""
    if not request.user.has_perms(NEEDED):
        return None
    return Kept(
        assignment=Assignment.objects.filter(subject=subject).order_by("-id").first(),
        notes=list(Note.objects.filter(subject=subject).order_by("-id")[:LATEST]),
        attachments=list(
            Attachment.objects.filter(subject=subject).defer("content").order_by("-id")[:LATEST]
        ),
        doings=doings(request, *((name, {"subject": subject}) for name in COMMANDS)),
    )


def mine(request: HttpRequest) -> list[Mine]:
    """What this user looks after, the last assigned first."""
    if not request.user.has_perm("operations.view_assignment"):
        return []
    later: Any = Assignment.objects.filter(subject=OuterRef("subject"), id__gt=OuterRef("id"))
    given = list(
        Assignment.objects.filter(~Exists(later), assignee_id=request.user.pk).order_by("-id")[:LATEST]
    )
    known = subjects.known(each.subject for each in given)
    return [
        Mine(each, str(known[each.subject]._meta.verbose_name), str(known[each.subject]))
        for each in given
        if each.subject in known
    ]
