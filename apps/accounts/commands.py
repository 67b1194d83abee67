"""The commands about users and tenants."""

from django.utils.translation import gettext_lazy as _

from apps.accounts import serializers, services
from apps.operations.registry import BY_OPERATORS, Command, register

register(
    Command(
        name="accounts.create_first_admin",
        summary=_("Make the first admin"),
        handler=services.create_first_admin,
        input=serializers.FirstAdminInput,
        permission="accounts.create_first_admin",
        secret_fields=frozenset({"password"}),
        personal_fields=frozenset({"email", "name"}),
    )
)
register(
    Command(
        name="accounts.create_user",
        summary=_("Create a user"),
        handler=services.create_user,
        input=serializers.CreateUserInput,
        permission="accounts.create_user",
        secret_fields=frozenset({"password"}),
        personal_fields=frozenset({"email", "name"}),
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="accounts.set_roles",
        summary=_("Set a user's roles"),
        handler=services.set_roles,
        input=serializers.SetRolesInput,
        permission="accounts.set_roles",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="accounts.create_tenant",
        summary=_("Create a tenant"),
        handler=services.create_tenant,
        input=serializers.CreateTenantInput,
        permission="accounts.create_tenant",
        surfaces=BY_OPERATORS,
    )
)
