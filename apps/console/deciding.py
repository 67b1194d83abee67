"""Approval requests as those see them who decide: what exactly is asked, by whom, and why somebody may not decide."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from apps.console.forms.form import new_key
from apps.console.forms.outcomes import Fact, Move, moves_of_each, would_answer
from apps.operations.models import ApprovalRequest, ApprovalStatus, Decision
from apps.operations.registry import all_commands

TO_DECIDE = "operations.decide"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, what it would move, who has said what, and the key for this person's answer."""

    row: ApprovalRequest
    title: str | Promise
    moves: list[Move]
    facts: list[Fact]
    decisions: list[Decision]
    given: int
    why_not: str
    key: str
    seen: str


def asked(request: HttpRequest, rows: Iterable[ApprovalRequest]) -> list[Asked]:
    """Requests with all that this user needs to decide about them."""
    rows = list(rows)
    prefetch_related_objects(rows, "decisions")
    commands = {command.name: command for command in all_commands()}
    roles = set(request.user.roles.values_list("name", flat=True))  # type: ignore[union-attr]
    would = moves_of_each(_entries(row) for row in rows)
    facts = would_answer((commands.get(row.command), row.preview) for row in rows)
    titles = [commands[row.command].summary if row.command in commands else row.command for row in rows]
    return [_asked(request.user, roles, *each) for each in zip(rows, titles, would, facts, strict=True)]


def _entries(row: ApprovalRequest) -> list[dict[str, Any]]:
    """What it would post, while it waits."""
    return row.preview.get("entries", []) if row.status == ApprovalStatus.PENDING else []


def _asked(
    user: Any,
    roles: set[str],
    row: ApprovalRequest,
    title: str | Promise,
    moves: list[Move],
    facts: list[Fact],
) -> Asked:
    decisions = sorted(row.decisions.all(), key=lambda each: each.created_at)
    of_this = [each for each in decisions if bytes(each.approved_hash) == bytes(row.approved_hash)]
    decided = {each.actor_id for each in of_this}
    return Asked(
        row=row,
        title=title,
        moves=moves,
        facts=facts,
        decisions=decisions,
        given=sum(each.approves for each in of_this),
        why_not=_why_not(user, roles, row, decided),
        key=new_key(),
        seen=bytes(row.approved_hash).hex(),
    )


def _why_not(user: Any, roles: set[str], row: ApprovalRequest, decided: set[str]) -> str:
    """Why this user is shown no buttons; the door judges by itself."""
    if user.pk == row.maker_id:
        return _("You asked for this yourself; somebody else must decide about it.")
    if row.role not in roles or not user.has_perm(TO_DECIDE):
        return _("Only people with the role %(role)s decide about this.") % {"role": row.role}
    if user.pk in decided:
        return _("You have decided about this already.")
    return ""
