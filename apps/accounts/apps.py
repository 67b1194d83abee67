from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from apps.accounts import commands, events, people, roles  # noqa: F401 (they register themselves)
        from apps.operations import isolation
        from apps.operations import people as door

        door.register(door.People(people.find_actor, people.deciders, roles.deciding, people.behind))
        post_migrate.connect(roles.seed, sender=self)
        isolation.rows_where("accounts_tenant", "id = ANY ((SELECT operations_tenants())::uuid[])")
        isolation.rows_where(
            "accounts_user",
            "EXISTS (SELECT FROM accounts_membership m WHERE m.user_id = accounts_user.id)",
            columns=("id", "email", "name", "is_active"),
        )
