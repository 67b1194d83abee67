from django.apps import AppConfig
from django.db.models.signals import post_migrate


class OperationsConfig(AppConfig):
    name = "apps.operations"
    label = "operations"
    verbose_name = "Operations"

    def ready(self) -> None:
        from apps.operations import checks, commands, connection, roles  # noqa: F401 (they register themselves)

        post_migrate.connect(roles.grant_rights, sender=self)
        connection.act_as_application_role()
