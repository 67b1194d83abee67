"""A tenant's team: invited, joined, changed, removed. The last owner stays.

A tenant's own program reaches neither people nor their teams, so these look themselves whose team it is.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.core.exceptions import ValidationError

from apps.accounts.models import Invitation, Membership, TeamRole, Tenant, TenantStatus, User
from apps.accounts.queries.tenants import checked_active, tenant_of
from apps.accounts.services.people import PasswordTooWeak
from apps.core import ids
from apps.core.errors import DomainError
from apps.operations import books
from apps.operations.isolation import as_platform
from apps.operations.plan import Context, EventDraft
from apps.operations.registry import Done

OPEN_FOR = timedelta(days=7)
USED = "This invitation was used, revoked, or has expired; ask for a new one."
_SIGNER = signing.Signer(salt="invitation")


class AlreadyInTeam(DomainError):
    """The address is in the team, or was invited."""

    code = "ALREADY_IN_TEAM"
    http_status = 409


class InvitationNotFound(DomainError):
    """There is no such invitation, as far as the caller may know."""

    code = "INVITATION_NOT_FOUND"
    http_status = 404


class InvitationUnusable(DomainError):
    """It was accepted, revoked, has expired, or never was."""

    code = "INVITATION_UNUSABLE"
    http_status = 410


class LastOwner(DomainError):
    """A team keeps an owner."""

    code = "LAST_OWNER"
    http_status = 409


class TeamOfLive(DomainError):
    """A test tenant has the team of its live tenant, which a test key cannot change."""

    code = "TEAM_OF_LIVE_TENANT"
    http_status = 409


class MemberNotFound(DomainError):
    """There is no such member."""

    code = "MEMBER_NOT_FOUND"
    http_status = 404


def invitation(tenant: Tenant, email: str, role: str, by: str, now: datetime) -> Invitation:
    """An invitation that is still to be written."""
    return Invitation(
        id=ids.new_id("inv"),
        tenant=tenant.live,
        email=email,
        role=role,
        invited_by=by,
        created_at=now,
        expires_at=now + OPEN_FOR,
        next_attempt_at=now,
    )


def token_of(invitation: str) -> str:
    """What the link of an invitation says; signed, so that ids cannot be guessed into teams."""
    return _SIGNER.sign(invitation)


def is_token(text: str) -> bool:
    """Whether we signed it; what came of the invitation is another question."""
    try:
        _SIGNER.unsign(text)
    except signing.BadSignature:
        return False
    return True


def invite_member(context: Context, *, tenant: str | None, email: str, role: str) -> Done:
    """Ask somebody into the team; the link is good for seven days."""
    with as_platform():
        return _invite(context, checked_active(_of(context, tenant), "invites people"), email, role)


def _invite(context: Context, of: Tenant, email: str, role: str) -> Done:
    now = context.now
    if Membership.objects.filter(tenant=of, user__email__iexact=email).exists():
        raise AlreadyInTeam(f"{email} is in the team already.", field="/email")
    earlier = Invitation.objects.filter(
        tenant=of, email__iexact=email, accepted_at=None, revoked_at=None
    ).first()
    if earlier and earlier.is_open(now):
        raise AlreadyInTeam(f"{email} was invited already; revoke that one first.", field="/email")
    if earlier:
        earlier.revoked_at = now
        earlier.save(update_fields=["revoked_at"])
    made = invitation(of, email, role, context.actor.label, now)
    made.save(force_insert=True)
    result = {"invitation": made.pk, "tenant": of.pk, "role": role, "expires_at": made.expires_at}
    return Done(result, (_told("team.invited", of.pk, {"invitation": made.pk, "role": role}),))


def revoke_invitation(context: Context, *, invitation: str, reason: str) -> Done:
    """The link opens nothing any more."""
    found = Invitation.objects.select_for_update().filter(pk=invitation).first()
    if found is None or context.book.tenant_id not in {None, found.tenant_id}:
        raise InvitationNotFound(f"There is no invitation {invitation}.", field="/invitation")
    if not found.is_open(context.now):
        raise InvitationUnusable("This invitation is not open.", field="/invitation")
    found.revoked_at = context.now
    found.save(update_fields=["revoked_at"])
    result = {"invitation": invitation, "tenant": found.tenant_id, "reason": reason}
    return Done(result, (_told("team.invitation_revoked", found.tenant_id, result),))


def accept_invitation(context: Context, *, token: str, name: str, password: str) -> Done:
    """Join the team; a person who has no user yet gets one, with this password."""
    found = _of_token(token)
    if found is None or not found.is_open(context.now) or found.tenant.status == TenantStatus.CLOSED:
        raise InvitationUnusable(USED)
    user = User.objects.filter(email__iexact=found.email).first() or _new_user(
        found.email, name, password, context
    )
    Membership.objects.create(
        id=ids.new_id("mem"), tenant=found.tenant, user=user, role=found.role, joined_at=context.now
    )
    found.accepted_at = context.now
    found.save(update_fields=["accepted_at"])
    result = {"tenant": found.tenant_id, "user": user.pk, "role": found.role}
    return Done(result, (_told("team.joined", found.tenant_id, result),))


def change_member_role(context: Context, *, tenant: str | None, user: str, role: str) -> Done:
    """Give a member another role."""
    with as_platform():
        member = _member(_of(context, tenant), user)
        if role != TeamRole.OWNER:
            _keep_an_owner(member)
        member.role = role
        member.save(update_fields=["role"])
    result = {"tenant": member.tenant_id, "user": user, "role": role}
    return Done(result, (_told("team.role_changed", member.tenant_id, result),))


def remove_member(context: Context, *, tenant: str | None, user: str, reason: str) -> Done:
    """Take a member out of the team; their user stays."""
    with as_platform():
        member = _member(_of(context, tenant), user)
        _keep_an_owner(member)
        member.delete()
    result = {"tenant": member.tenant_id, "user": user, "reason": reason}
    return Done(result, (_told("team.left", member.tenant_id, result),))


def _of(context: Context, named: str | None) -> Tenant:
    """The live tenant whose team it is, locked: a team changes one at a time."""
    tenant = tenant_of(context, named)
    if context.actor.book_id is not None and tenant.test_of_id:
        raise TeamOfLive("A test key cannot change the team; ask with a key of the live tenant.")
    found: Tenant = Tenant.objects.select_for_update(of=["self"]).get(pk=tenant.test_of_id or tenant.pk)
    return found


def _member(tenant: Tenant, user: str) -> Membership:
    found = Membership.objects.filter(tenant=tenant, user_id=user).first()
    if found is None:
        raise MemberNotFound(f"{user} is not in this team.", field="/user")
    return found


def _keep_an_owner(leaving: Membership) -> None:
    if leaving.role != TeamRole.OWNER:
        return
    others = Membership.objects.filter(tenant=leaving.tenant_id, role=TeamRole.OWNER).exclude(pk=leaving.pk)
    if not others.exists():
        raise LastOwner("This is the only owner; make another one first.", field="/user")


def _of_token(token: str) -> Invitation | None:
    try:
        found = _SIGNER.unsign(token)
    except signing.BadSignature:
        return None
    return Invitation.objects.select_for_update(of=["self"]).select_related("tenant").filter(pk=found).first()


def _new_user(email: str, name: str, password: str, context: Context) -> User:
    user = User(email=email, name=name, created_at=context.now)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordTooWeak(" ".join(error.messages), field="/password") from None
    user.set_password(password)
    user.save()
    return user


def _told(event: str, tenant: str, result: Mapping[str, Any]) -> EventDraft:
    """In the feed of the tenant whose team it is, whoever did it."""
    return EventDraft(event, tenant, result, book_id=books.id_of_tenant(tenant))
