"""Users with their roles."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts import roles
from apps.accounts.models import User
from apps.accounts.people import UserNotFound, deciders
from apps.core.errors import DomainError
from apps.operations import facts
from apps.operations.approvals import APPROVER
from apps.operations.facts import Fact
from apps.operations.plan import Context, EventDraft, Plan
from apps.operations.registry import Done

facts.register(
    Fact("changes_say", _("Gives or takes a role whose people decide"), "flag"),
    Fact("other_approvers", _("Approvers other than the maker and the user"), "whole"),
)


class AdminExists(DomainError):
    """The first admin is made while there is none."""

    code = "ADMIN_EXISTS"
    http_status = 409


class UserExists(DomainError):
    """The e-mail address is taken."""

    code = "USER_EXISTS"
    http_status = 409


class PasswordTooWeak(DomainError):
    """The password does not meet the rules."""

    code = "PASSWORD_TOO_WEAK"


class LastAdmin(DomainError):
    """Somebody must remain who can give roles."""

    code = "LAST_ADMIN"
    http_status = 409


class RolesNeedAnother(DomainError):
    """Roles whose people decide are given with another person's yes, once there is somebody who can say it."""

    code = "ROLES_NEED_ANOTHER"
    http_status = 409


def create_first_admin(context: Context, *, email: str, name: str, password: str) -> Done:
    """The first person, who may give roles to all others; refused once an admin exists."""
    if _admins().exists():
        raise AdminExists("There is an admin already; they make further users.")
    return _create(context, email, name, password, ["admin"])


def create_user(context: Context, *, email: str, name: str, password: str, role_names: Sequence[str]) -> Done:
    """A person with roles of the console: of those whose people decide none, once an approver must agree to that."""
    given = sorted(roles.deciding().intersection(role_names))
    if given and _approvers_but(context.actor.id):
        raise RolesNeedAnother(
            f"An approver must agree to who is {' or '.join(given)}: make them a viewer, and give it with accounts.set_roles.",
            field="/role_names",
        )
    return _create(context, email, name, password, role_names)


def set_roles(context: Context, *, user: str, role_names: Sequence[str]) -> Done:
    """Give a person exactly these roles."""
    found = User.objects.filter(pk=user).first()
    if found is None:
        raise UserNotFound(f"There is no user {user}.", field="/user")
    if "admin" not in role_names and [admin.pk for admin in _admins()] == [user]:
        raise LastAdmin("This is the last admin; make another one first.", field="/role_names")
    found.roles.set(roles.groups(role_names))
    result = {"user": user, "role_names": sorted(role_names)}
    return Done(result, (EventDraft("user.roles_changed", user, result),))


def facts_of_roles(context: Context, plan: Plan, *, user: str, role_names: Sequence[str]) -> dict[str, Any]:
    """What policies may ask: whether a role whose people decide is given or taken, and how many other approvers there are."""
    found = User.objects.filter(pk=user).first()
    if found is None:
        raise UserNotFound(f"There is no user {user}.", field="/user")
    changed = set(found.roles.values_list("name", flat=True)) ^ set(role_names)
    others = _approvers_but(context.actor.id, user)
    return {"changes_say": bool(changed & roles.deciding()), "other_approvers": len(others)}


def _approvers_but(*these: str) -> frozenset[str]:
    return deciders(APPROVER).difference(these)


def _create(context: Context, email: str, name: str, password: str, role_names: Sequence[str]) -> Done:
    if User.objects.filter(email__iexact=email).exists():
        raise UserExists("This e-mail address has a user already.", field="/email")
    user = User(email=email, name=name, created_at=context.now)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordTooWeak(" ".join(error.messages), field="/password") from None
    user.set_password(password)
    user.save()
    user.roles.set(roles.groups(role_names))
    result = {"user": user.pk, "role_names": sorted(role_names)}
    return Done(result, (EventDraft("user.created", user.pk, result),))


def _admins() -> QuerySet[User]:
    """All admins, while nobody else makes or unmakes one."""
    Group.objects.select_for_update().get(name="admin")
    return User.objects.filter(is_active=True, roles__name="admin")
