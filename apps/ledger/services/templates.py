"""Posting templates, made known to the database."""

from django.db import connection, transaction

from apps.ledger import templates
from apps.ledger.models import TemplateVersion
from apps.operations.plan import Context, EventDraft
from apps.operations.registry import Done

LOCK = 7211
"""What two that load at the same time wait for."""


def rebuild_templates(context: Context) -> Done:
    """Give every template whose text is not its latest version a new one. Safe to run again; nothing is changed or removed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    latest = {version.name: version for version in TemplateVersion.objects.order_by("version")}
    added = [
        TemplateVersion(
            name=template.name,
            version=latest[template.name].version + 1 if template.name in latest else 1,
            hash=template.hash,
            text=template.text,
            loaded_by=context.actor.label,
            loaded_at=context.now,
        )
        for template in templates.all_templates().values()
        if template.name not in latest or latest[template.name].hash != template.hash
    ]
    TemplateVersion.objects.bulk_create(added)
    transaction.on_commit(templates.forget_versions)  # until then others read what was
    names = [f"{version.name} {version.version}" for version in added]
    result = {"added": names, "unchanged": len(templates.all_templates()) - len(added)}
    return Done(result, (EventDraft("templates.rebuilt", "templates", result),) if added else ())
