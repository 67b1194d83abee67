import gc

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class OperationsConfig(AppConfig):
    name = "apps.operations"
    label = "operations"
    verbose_name = "Operations"

    def ready(self) -> None:
        from apps.operations import (  # noqa: F401 (they register themselves)
            approval_commands,
            checks,
            commands,
            connection,
            events,
            isolation,
            roles,
        )

        roles.written_only_by_functions("operations_eventposition")
        post_migrate.connect(roles.grant_rights, sender=self)
        post_migrate.connect(isolation.isolate, sender=self)
        isolation.rows_where("operations_book", "id = ANY ((SELECT operations_books())::bigint[])")
        isolation.rows_where(
            "operations_decision",
            "EXISTS (SELECT FROM operations_approvalrequest r WHERE r.id = request_id)",
        )
        connection.act_as_application_role()
        # What is loaded by now stays for good, and what a batch makes dies with it. To search all of that for cycles
        # every few hundred objects was a quarter of the door's time in Python.
        gc.freeze()
        gc.set_threshold(10_000, 20, 50)
