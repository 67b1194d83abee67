"""Writes what is made from the code: `manage.py api_docs`."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.api.catalogue import as_markdown
from apps.api.document import as_yaml


class Command(BaseCommand):
    help = "Writes docs/openapi.yaml and docs/errors.md anew."

    def handle(self, *args: Any, **options: Any) -> None:
        docs = Path(settings.BASE_DIR) / "docs"
        (docs / "openapi.yaml").write_text(as_yaml(), encoding="utf-8")
        (docs / "errors.md").write_text(as_markdown(), encoding="utf-8")
        self.stdout.write("docs/openapi.yaml and docs/errors.md are written.")
