"""Approval requests as those see them who decide: what exactly is asked, by whom, who else must agree, and why somebody may not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise

from apps.console.batching import Agreement, agreement
from apps.console.forms.form import new_key
from apps.console.forms.outcomes import Fact, Move, agreed_to, moves_of_each, would_answer
from apps.core import clock
from apps.core.errors import DomainError
from apps.operations import deciding, quorum
from apps.operations.models import ApprovalRequest, ApprovalStatus, Decision
from apps.operations.registry import all_commands

TO_DECIDE = "operations.decide"


UNDOABLE = {ApprovalStatus.PENDING, ApprovalStatus.APPROVED}


@dataclass(frozen=True, slots=True)
class StepStands:
    """A step of who must agree, and how many of them have."""

    step: dict[str, Any]
    given: int

    @property
    def is_done(self) -> bool:
        """Whether it waits for nobody."""
        return self.given >= int(self.step["people"])


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, what it would move or pay, who has said what, and the key for this person's answer."""

    row: ApprovalRequest
    title: str | Promise
    moves: list[Move]
    facts: list[Fact]
    decisions: list[Decision]
    given: int
    steps: list[StepStands]
    waits_for: list[str]
    why_not: str
    stands_in_for: str
    can_undo: bool
    key: str
    seen: str
    batch: Agreement | None = None


@dataclass(frozen=True, slots=True)
class Looking:
    """A user as somebody who decides, and the people with each role as they are now: nobody is asked for twice."""

    user: deciding.Person
    holders: deciding.Holders


def asked(request: HttpRequest, rows: Iterable[ApprovalRequest]) -> list[Asked]:
    """Requests with all that this user needs to decide about them."""
    rows = list(rows)
    deciding.prefetch(rows)
    commands = {command.name: command for command in all_commands()}
    who = looking(request)
    would = map(_moves, rows, moves_of_each(_entries(row) for row in rows))
    facts = would_answer((commands.get(row.command), row.preview) for row in rows)
    titles = [commands[row.command].summary if row.command in commands else row.command for row in rows]
    return [_asked(who.user, who.holders, *each) for each in zip(rows, titles, would, facts, strict=True)]


def looking(request: HttpRequest) -> Looking:
    """Who looks, found out once a request."""
    known: Looking | None = getattr(request, "looking", None)
    if known is None:
        holders = deciding.Holders()
        known = request.looking = Looking(_person(request, holders), holders)  # type: ignore[attr-defined]
    return known


def may_agree(request: HttpRequest, row: ApprovalRequest) -> bool:
    """Whether a yes of this user would be taken now; what was said of the row must be prefetched."""
    who = looking(request)
    try:
        deciding.say_of(row, who.user, deciding.standing(row), who.holders, approves=True)
    except DomainError:
        return False
    return True


def _person(request: HttpRequest, holders: deciding.Holders) -> deciding.Person:
    """This user as somebody who decides, if they may at all: without the permission they have no role for it."""
    user: Any = request.user
    if not user.has_perm(TO_DECIDE):
        return deciding.Person(user.pk, str(user), frozenset())
    roles = frozenset(user.roles.values_list("name", flat=True))
    return deciding.Person(user.pk, str(user), roles, deciding.stands_in_for(user.pk, clock.now(), holders))


def _entries(row: ApprovalRequest) -> list[dict[str, Any]]:
    """What it would post, while it waits."""
    return row.preview.get("entries", []) if row.status == ApprovalStatus.PENDING else []


def _moves(row: ApprovalRequest, moves: list[Move]) -> list[Move]:
    """What a yes would move or, where the money was held when it was asked for, what was."""
    return [each.as_posted for each in moves] if row.preview.get("posted") else moves


def _asked(
    user: deciding.Person,
    holders: deciding.Holders,
    row: ApprovalRequest,
    title: str | Promise,
    moves: list[Move],
    facts: list[Fact],
) -> Asked:
    said = deciding.standing(row)
    yeses = deciding.yeses(said, holders)
    counts = quorum.filled(row.steps, row.in_sequence, yeses)
    refusal, say = None, None
    try:
        say = deciding.say_of(row, user, said, holders, approves=True)
    except DomainError as error:
        refusal = error
    own = next((each for each in said if each.actor_id == user.id and each.approves), None)
    return Asked(
        row=row,
        title=title,
        moves=moves,
        facts=[*facts, *agreed_to(row.preview.get("approved") or {})],
        decisions=sorted(row.decisions.all(), key=lambda each: (each.created_at, each.pk)),
        given=len(yeses),
        steps=[StepStands(step, count) for step, count in zip(row.steps, counts, strict=True)],
        waits_for=quorum.wanted_roles(row.steps, row.in_sequence, yeses),
        why_not=refusal.message if refusal else "",
        stands_in_for=say.for_label if say and say.for_id != user.id else "",
        can_undo=own is not None and row.status in UNDOABLE,
        key=new_key(),
        seen=bytes(row.approved_hash).hex(),
        batch=agreement(row),
    )
