"""Who may say what of an approval request: asked by the door, and by pages that show buttons or say why there are none."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import prefetch_related_objects

from apps.core.errors import DomainError
from apps.operations import people, quorum
from apps.operations.errors import PermissionDenied
from apps.operations.models import ApprovalRequest, ApprovalStatus, Decision, Delegation


class ApprovalNotPending(DomainError):
    """The request was decided already."""

    code = "APPROVAL_NOT_PENDING"
    http_status = 409


class ApprovalByMaker(DomainError):
    """Who asked for it may not decide about it, nor whoever stands in for them."""

    code = "APPROVAL_BY_MAKER"
    http_status = 403


class ApprovalTwice(DomainError):
    """A person decides once about the same thing, and of a person and whoever stands in for them one."""

    code = "APPROVAL_TWICE"
    http_status = 409


class ApprovalNotOpen(DomainError):
    """Somebody else's yes is waited for now: the step of this person is not open yet, or is filled."""

    code = "APPROVAL_NOT_OPEN"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may decide at all: their own roles, and in whose place they may decide."""

    id: str
    label: str
    roles: frozenset[str]
    stands_in: tuple[Delegation, ...] = ()


@dataclass(frozen=True, slots=True)
class Say:
    """As whom somebody decides: for themselves or in the place of another, with the roles that count."""

    for_id: str
    for_label: str
    roles: frozenset[str]


class Holders(dict[str, frozenset[str]]):
    """The ids of the people with each role, as they are now; each role is asked for once."""

    def __missing__(self, role: str) -> frozenset[str]:
        self[role] = people.eligible(role)
        return self[role]


def stands_in_for(person_id: str, now: datetime, holders: Holders) -> tuple[Delegation, ...]:
    """The delegations that hold for somebody now: not over, not withdrawn, by who still has the role."""
    given = Delegation.objects.filter(to_id=person_id, until__gt=now, withdrawn_at=None)
    return tuple(each for each in given.order_by("id") if each.from_id in holders[each.role])


def prefetch(requests: Iterable[ApprovalRequest]) -> None:
    """Read what was said of all these requests at once."""
    prefetch_related_objects(list(requests), "decisions__undoing")


def is_undone(decision: Decision) -> bool:
    """Whether it was taken back."""
    return hasattr(decision, "undoing")


def about_this(request: ApprovalRequest) -> list[Decision]:
    """What was said of what it would do now, as it was said, with what was taken back."""
    now = (request.round, bytes(request.approved_hash))
    said = [each for each in request.decisions.all() if (each.round, bytes(each.approved_hash)) == now]
    return sorted(said, key=lambda each: (each.created_at, each.pk))


def standing(request: ApprovalRequest) -> list[Decision]:
    """What counts: said of what it would do now, and not taken back."""
    return [each for each in about_this(request) if not is_undone(each)]


def yeses(said: Iterable[Decision], holders: Holders) -> list[quorum.Yes]:
    """The yeses that count now: each with the roles that whose say it is still has, none if its speaker may decide no more."""
    counted = []
    for each in said:
        roles = frozenset(role for role in each.roles if each.for_id in holders[role])
        stood_in = each.actor_id != each.for_id
        if stood_in and not any(each.actor_id in holders[role] for role in people.roles()):
            continue
        if each.approves and roles:
            counted.append(quorum.Yes(each.for_id, roles))
    return counted


def is_agreed(request: ApprovalRequest) -> bool:
    """Whether all whose yes is needed have said it, and still may."""
    prefetch([request])
    counted = yeses(standing(request), Holders())
    return quorum.is_complete(request.steps, request.in_sequence, counted)


def say_of(
    request: ApprovalRequest,
    person: Person,
    said: Sequence[Decision],
    holders: Holders,
    *,
    approves: bool,
) -> Say:
    """As whom somebody decides; raises why they may not."""
    if request.status != ApprovalStatus.PENDING:
        raise ApprovalNotPending(f"{request.pk} is {request.get_status_display()} already.", field="/request")
    if person.id in request.makers:
        raise ApprovalByMaker("You asked for this yourself; somebody else must decide about it.")
    if any(each.actor_id == person.id for each in said):
        raise ApprovalTwice("You have decided about this already.")
    if own := next((each for each in said if each.for_id == person.id), None):
        raise ApprovalTwice(f"{own.actor_label} has decided about this in your place.")
    says = _says(request, person, {each.for_id for each in said})
    counted = yeses(said, holders)
    for say in says:
        if _counts(request, counted, say.roles, approves=approves):
            return say
    waited_for = quorum.wanted_roles(request.steps, request.in_sequence, counted)
    raise ApprovalNotOpen(f"It waits for the role {' or '.join(waited_for)} now; yours is not asked for.")


def _says(request: ApprovalRequest, person: Person, taken: Collection[str]) -> list[Say]:
    """As whom somebody could decide: for themselves first."""
    wanted = {step["role"] for step in request.steps}
    says = [Say(person.id, person.label, person.roles & wanted)] if person.roles & wanted else []
    lent = [each for each in person.stands_in if each.role in wanted]
    others = [each for each in lent if not request.makers & {each.from_id, each.made_by_id}]
    free = [each for each in others if each.from_id not in taken]
    by = dict.fromkeys((each.from_id, each.from_label) for each in free)
    says += [Say(*who, frozenset(each.role for each in free if each.from_id == who[0])) for who in by]
    if says:
        return says
    if others:
        raise ApprovalTwice("Who you stand in for has decided about this already.")
    if lent:
        raise ApprovalByMaker(
            "You stand in for, or were made to stand in by, who asked for this; somebody else must decide about it."
        )
    raise PermissionDenied(f"Only people with the role {' or '.join(sorted(wanted))} decide about this.")


def _counts(
    request: ApprovalRequest, said: Sequence[quorum.Yes], roles: Collection[str], *, approves: bool
) -> bool:
    """Whether a yes would fill a place; a no is taken from everybody whose step is open or was."""
    if approves:
        return quorum.is_of_use(request.steps, request.in_sequence, said, roles)
    return bool(quorum.opened_roles(request.steps, request.in_sequence, said).intersection(roles))
