from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from apps.accounts import commands, people, roles  # noqa: F401 (commands register themselves)
        from apps.operations import people as door

        door.register(door.People(actor=people.find_actor, eligible=people.deciders))
        post_migrate.connect(roles.seed, sender=self)
