"""What operators keep beside an object: who looks after it, notes and files, with links to the forms for more."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest

from apps.console.forms.ways import Doing, doings
from apps.operations import subjects
from apps.operations.models import Assignment, Attachment, Note

Row = TypeVar("Row", bound=Model)

LATEST = 20
"""Notes and files that a page shows at once."""

COMMANDS = ("operations.add_note", "operations.assign", "operations.attach_file")
NEEDED = ("operations.view_note", "operations.view_assignment", "operations.view_attachment")


@dataclass(frozen=True, slots=True)
class Some(Generic[Row]):
    """Some rows, the newest first, and the addresses of those that are older and of the newest."""

    rows: list[Row]
    older: str | None
    newest: str | None

    def __bool__(self) -> bool:
        return bool(self.rows or self.newest)


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands beside one object."""

    assignment: Assignment | None
    notes: Some[Note]
    attachments: Some[Attachment]
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
        notes=_some(request, Note.objects.filter(subject=subject), "notes_before"),
        attachments=_some(
            request, Attachment.objects.filter(subject=subject).defer("content"), "files_before"
        ),
        doings=doings(request, *((name, {"subject": subject}) for name in COMMANDS)),
    )


def _some(request: HttpRequest, rows: QuerySet[Row], name: str) -> Some[Row]:
    """The newest, or those before the id that the address gives by this name."""
    before = request.GET.get(name)
    try:
        found = list((rows.filter(pk__lt=before) if before else rows).order_by("-pk")[: LATEST + 1])
    except ValidationError:  # no id at all
        before, found = None, list(rows.order_by("-pk")[: LATEST + 1])
    more = len(found) > LATEST
    return Some(
        found[:LATEST],
        older=_way(request, name, str(found[LATEST - 1].pk)) if more else None,
        newest=_way(request, name, None) if before else None,
    )


def _way(request: HttpRequest, name: str, before: str | None) -> str:
    """This page with another place to begin, and all else as it is."""
    given = request.GET.copy()
    given.pop(name, None)
    if before:
        given[name] = before
    return f"?{given.urlencode()}#beside"


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
        Mine(each, known[each.subject].kind, known[each.subject].title)
        for each in given
        if each.subject in known
    ]
