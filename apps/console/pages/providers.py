"""Providers: which there are, what each can do, and how it is."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.console.listing import Column, KeysetAdmin
from apps.console.site import site
from apps.providers.models import Provider


@admin.register(Provider, site=site)
class ProviderAdmin(KeysetAdmin):
    """Every provider, by name."""

    related = ("health",)
    keyset = ("name",)
    columns = (
        Column(_("Provider")),
        Column(_("State")),
        Column(_("Circuit")),
    )
    in_files = {
        "Id": "id",
        "Name": "name",
        "Title": "title",
        "Enabled": "enabled",
        "Locked because": "locked_because",
        "Priority": "priority",
        "Circuit": "health.circuit",
    }
    row_template = "console/row/provider.html"
    page_template = "console/page/provider.html"
    empty_template = "console/empty/providers.html"

    def rows(self) -> QuerySet[Any]:
        """All rows without their secrets, which no page shows."""
        return super().rows().defer("secret", "webhook_secret")
