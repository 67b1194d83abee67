"""Writes what is made from the code: `manage.py api_docs`."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.api import catalogue, event_document
from apps.api.document import as_yaml
from apps.api.event_changes import Published, breaks


class Command(BaseCommand):
    help = (
        "Writes docs/openapi.yaml, docs/errors.md, docs/events.md and docs/openapi/events.json anew. Refuses to change a"
        " published schema of an event so that receivers break: give the type another version."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        docs = Path(settings.BASE_DIR) / "docs"
        published = docs / "openapi/events.json"
        schemas = event_document.published()
        if published.exists():
            _refuse_breaks(json.loads(published.read_text(encoding="utf-8")), schemas)
        published.write_text(event_document.as_json(schemas), encoding="utf-8")
        (docs / "openapi.yaml").write_text(as_yaml(), encoding="utf-8")
        (docs / "errors.md").write_text(catalogue.as_markdown(), encoding="utf-8")
        (docs / "events.md").write_text(event_document.as_markdown(), encoding="utf-8")
        self.stdout.write(
            "docs/openapi.yaml, docs/errors.md, docs/events.md and docs/openapi/events.json are written."
        )


def _refuse_breaks(old: Published, new: Published) -> None:
    if found := breaks(old, new):
        raise CommandError(
            "Receivers of these events would break; declare another version beside the old one:\n"
            + "\n".join(found)
        )
