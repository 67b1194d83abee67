"""Every connection of the product acts as the application's role; only schema commands act as the owner."""

from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


def act_as_application_role() -> None:
    """Set the role when a connection opens, unless `DATABASE_ROLE` is empty."""
    if settings.DATABASE_ROLE:
        connection_created.connect(_set_role, dispatch_uid="application-role")


def _set_role(connection: BaseDatabaseWrapper, **_: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'SET ROLE "{settings.DATABASE_ROLE}"')
