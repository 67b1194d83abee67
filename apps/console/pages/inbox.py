"""What providers reported by themselves: messages, and other bytes under the reference of one."""

import json
from collections.abc import Iterable
from contextlib import suppress

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin, Search, Text
from apps.console.readonly import Context
from apps.console.site import site
from apps.operations import books
from apps.operations.models import Operation
from apps.providers.models import (
    ConflictStatus,
    InboundConflict,
    InboundMessage,
    MessageStatus,
    Provider,
)

SHOWN = 20_000
"""Characters of a body that a page shows."""

PAGES = {
    "trf": "transfers_transfer",
    "dep": "transfers_deposit",
    "cbk": "transfers_chargeback",
    "rlf": "providers_railfile",
}
"""The pages of what a message may be about, by the prefix of its id."""


def provider_choices() -> Iterable[tuple[str, Text]]:
    """Every provider."""
    return [(str(pk), name) for pk, name in Provider.objects.order_by("name").values_list("pk", "name")]


def readable(body: bytes | memoryview) -> str:
    """A body to be read: JSON line by line, or the text that it is."""
    text = bytes(body).decode(errors="replace")
    with suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def page_of(subject: str) -> str:
    """The address of what a message is about, or nothing."""
    page = PAGES.get(subject.partition("_")[0])
    return reverse(f"console:{page}_change", args=[subject]) if page else ""


@admin.register(InboundMessage, site=site)
class InboundMessageAdmin(KeysetAdmin):
    """Every message, the newest first."""

    called = _("Inbox")
    related = ("provider",)
    columns = (
        Column(_("Message")),
        Column(_("Provider"), "wide"),
        Column(_("About"), "wide"),
        Column(_("Copies"), "number wide"),
        Column(_("Received at"), "wide"),
        Column(_("Status")),
    )
    in_files = {
        "Id": "id",
        "Provider": "provider.name",
        "Reference": "reference",
        "Verified": "verified",
        "Status": "status",
        "Why": "why",
        "About": "subject",
        "Copies": "copies",
        "Tries": "tries",
        "From": "remote_address",
        "Received at": "received_at",
        "Processed at": "processed_at",
    }
    row_template = "console/row/inbound_message.html"
    page_template = "console/page/inbound_message.html"
    empty_template = "console/empty/inbox.html"
    tabs = "status"
    filters = (
        Filter("status", _("Status"), choices=lambda: MessageStatus.choices),
        Filter("provider", _("Provider"), lookup="provider", choices=provider_choices),
    )
    search = Search("subject", ("-id",), _("what it is about"), condition={"subject__gt": ""})

    def doings(self, request: HttpRequest, row: InboundMessage | None = None) -> list[Doing]:
        """Follow a quarantined one again, or say why nothing is made of it; follow all of a provider again."""
        if row is None:
            chosen = dict(provider_choices()).get(request.GET.get("provider", ""))
            return doings(request, ("providers.redrive_quarantined", {"provider": chosen}))
        if row.status != MessageStatus.QUARANTINED:
            return []
        given = {"message": row.pk}
        return doings(request, ("providers.redrive_message", given), ("providers.acknowledge_message", given))

    def page_context(self, request: HttpRequest, row: InboundMessage) -> Context:
        """What came, what was made of it, and what contradicts it."""
        keys = [f"{row.pk}:apply", *(f"{row.pk}:apply:{place}" for place in range(1, 10))]
        followed = Operation.objects.filter(book_id=books.platform_id(), key__in=keys, holds_key=True)
        return {
            "title": row.reference,
            "body": readable(row.body),
            "about": page_of(row.subject),
            "operations": list(followed.order_by("id")),
            "conflicts": list(row.conflicts.order_by("id")),
        }


@admin.register(InboundConflict, site=site)
class InboundConflictAdmin(KeysetAdmin):
    """Messages with a reference that had come with other bytes, the newest first."""

    called = _("Conflicts of messages")
    related = ("message", "message__provider")
    columns = (
        Column(_("Reference")),
        Column(_("Provider"), "wide"),
        Column(_("Copies"), "number wide"),
        Column(_("Received at"), "wide"),
        Column(_("Status")),
    )
    in_files = {
        "Id": "id",
        "Message": "message_id",
        "Provider": "message.provider.name",
        "Reference": "message.reference",
        "Status": "status",
        "Why": "why",
        "Copies": "copies",
        "Received at": "received_at",
    }
    row_template = "console/row/inbound_conflict.html"
    page_template = "console/page/inbound_conflict.html"
    empty_template = "console/empty/conflicts.html"
    tabs = "status"
    filters = (Filter("status", _("Status"), choices=lambda: ConflictStatus.choices),)

    def doings(self, request: HttpRequest, row: InboundConflict | None = None) -> list[Doing]:
        """Say that it was seen to."""
        if row is None or row.status != ConflictStatus.OPEN:
            return []
        return doings(request, ("providers.acknowledge_conflict", {"conflict": row.pk}))

    def page_context(self, request: HttpRequest, row: InboundConflict) -> Context:
        """Both bodies side by side."""
        return {
            "title": row.message.reference,
            "first": readable(row.message.body),
            "second": readable(row.body),
            "about": page_of(row.message.subject),
        }
