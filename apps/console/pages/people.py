"""Users and the roles that say what they may do."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin, Search
from apps.console.readonly import Context
from apps.console.site import site


@admin.register(User, site=site)
class UserAdmin(KeysetAdmin):
    """Who signs in."""

    columns = (
        Column(_("User")),
        Column(_("Roles")),
        Column(_("Last sign-in"), "wide"),
        Column(_("Created at"), "wide"),
        Column(_("State")),
    )
    in_files = {
        "Id": "id",
        "E-mail address": "email",
        "Name": "name",
        "Roles": lambda row: sorted(role.name for role in row.roles.all()),
        "Last sign-in": "last_login",
        "Active": "is_active",
        "Created at": "created_at",
    }
    also_found_by = ("name__istartswith",)
    row_template = "console/row/user.html"
    page_template = "console/page/user.html"
    filters = (Filter("role", _("Role"), lookup="roles"),)
    search = Search("email__startswith", ("email",), _("start of an e-mail address"))

    def rows(self) -> QuerySet[User]:
        """The users with their roles."""
        return User.objects.prefetch_related("roles")

    def doings(self, request: HttpRequest, row: User | None = None) -> list[Doing]:
        """Make one; give this one other roles."""
        if row is None:
            return doings(request, ("accounts.create_user", {}))
        names = [role.name for role in row.roles.all()]
        return doings(request, ("accounts.set_roles", {"user": row.pk, "role_names": names}))

    def page_context(self, request: HttpRequest, row: User) -> Context:
        """What the roles allow, and where the user's operations are."""
        return {"permissions": sorted(row.get_all_permissions())}


@admin.register(Group, site=site)
class RoleAdmin(KeysetAdmin):
    """Roles."""

    called = _("Roles")
    keyset = ("name",)
    columns = (Column(_("Role")), Column(_("Permissions"), "number"))
    in_files = {
        "Role": "name",
        "Permissions": lambda row: sorted(each.codename for each in row.permissions.all()),
    }
    row_template = "console/row/role.html"
    page_template = "console/page/role.html"

    def rows(self) -> QuerySet[Group]:
        """The roles with their permissions."""
        return Group.objects.prefetch_related("permissions__content_type")

    def doings(self, request: HttpRequest, row: Group | None = None) -> list[Doing]:
        """Give somebody roles; of one role not, because what is set replaces all that somebody has."""
        return [] if row else doings(request, ("accounts.set_roles", {}))

    def page_context(self, request: HttpRequest, row: Group) -> Context:
        """The permissions, and who has the role."""
        users: QuerySet[Any] = row.users.order_by("email")[:200]
        return {
            "title": row.name,
            "users": users,
            "permissions": sorted(
                f"{each.content_type.app_label}.{each.codename}" for each in row.permissions.all()
            ),
        }
