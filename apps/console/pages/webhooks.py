"""Where tenants hear of their events: endpoints and how each is doing, and ranges of the feed that are sent again."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin, Text
from apps.console.pages.batches import of_tenant
from apps.console.pages.tenants import tenant_choices, tenant_name
from apps.console.readonly import Context
from apps.console.site import site
from apps.core import clock
from apps.webhooks.models import (
    Delivery,
    Endpoint,
    EndpointStatus,
    OwnerMail,
    Replay,
    SigningKey,
)
from apps.webhooks.queries.backlog import MANY, backlogs

LATEST = 10
OF_TENANT = Filter("tenant", _("Tenant"), choices=tenant_choices, named=tenant_name, lookups=of_tenant)


def endpoint_choices() -> Iterable[tuple[str, Text]]:
    """The newest hundred endpoints that are not removed."""
    some = Endpoint.objects.exclude(status=EndpointStatus.REMOVED).order_by("-id")
    return [(str(pk), url) for pk, url in some.values_list("pk", "url")[:100]]


def endpoint_name(endpoint: str) -> str:
    """The address of an endpoint; its id if there is none."""
    try:
        return Endpoint.objects.filter(pk=endpoint).values_list("url", flat=True).first() or endpoint
    except ValidationError:  # no id at all
        return endpoint


OF_ENDPOINT = Filter(
    "endpoint", _("Endpoint"), lookup="endpoint", choices=endpoint_choices, named=endpoint_name
)


@admin.register(Endpoint, site=site)
class EndpointAdmin(KeysetAdmin):
    """Every endpoint of every tenant, the newest first."""

    called = _("Endpoints")
    related = ("book", "line")
    columns = (
        Column(_("Endpoint")),
        Column(_("Tenant"), "wide"),
        Column(_("Told of"), "wide"),
        Column(_("How it is doing"), "wide"),
        Column(_("Waiting"), "number"),
        Column(_("Status")),
    )
    in_files = {
        "Id": "row.id",
        "Tenant": "row.book.slug",
        "Address": "row.url",
        "Description": "row.description",
        "Types": "row.types",
        "Status": "row.status",
        "Why disabled": "row.why_disabled",
        "Reason": "row.reason",
        "Disabled at": "row.disabled_at",
        "Failing since": "row.line.failing_since",
        "Failures in a row": "row.line.failures",
        "Last success": "row.line.succeeded_at",
        "Last failure": "row.line.failed_at",
        "Left alone until": "row.line.paused_until",
        "Events behind": "backlog.behind",
        "Messages waiting": "backlog.waiting",
        "Created at": "row.created_at",
        "Created by": "row.created_by",
    }
    row_template = "console/row/endpoint.html"
    page_template = "console/page/endpoint.html"
    empty_template = "console/empty/endpoints.html"
    tabs = "status"
    filters = (
        Filter("status", _("Status"), choices=lambda: EndpointStatus.choices),
        OF_TENANT,
    )

    def rows(self) -> QuerySet[Any]:
        """All rows without the headers, which are secret."""
        return super().rows().defer("headers_text")

    def doings(self, request: HttpRequest, row: Endpoint | None = None) -> list[Doing]:
        """Make one; do with this one what its status allows."""
        if row is None:
            tenant = request.GET.get("tenant")
            names = ("webhooks.create_endpoint", "webhooks.rotate_signing_key")
            return doings(request, *((name, {"tenant": tenant}) for name in names))
        return doings(request, *((f"webhooks.{name}", {"endpoint": row.pk}) for name in ways(row)))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """How far each is behind."""
        now = clock.now()
        behind = backlogs([row.pk for row in rows], now)
        return [{"row": row, "backlog": behind.get(row.pk), "now": now} for row in rows]

    def page_context(self, request: HttpRequest, row: Endpoint) -> Context:
        """How it is doing, what was sent to it of late, and what signs for it."""
        now = clock.now()
        mails = OwnerMail.objects.filter(endpoint=row).select_related("user")
        keys = SigningKey.objects.filter(book_id=row.book_id).defer("private")
        return {
            "title": row.url,
            "now": now,
            "many": MANY,
            "backlog": backlogs([row.pk], now).get(row.pk),
            "headers": sorted(row.headers),
            "deliveries": latest(Delivery.objects.filter(endpoint=row).defer("body")),
            "replays": latest(Replay.objects.filter(endpoint=row)),
            "secrets": latest(row.secrets.defer("secret")),
            "keys": latest(keys),
            "mails": latest(mails),
        }


def latest(rows: QuerySet[Any]) -> list[Any]:
    """The newest few."""
    return list(rows.order_by("-id")[:LATEST])


def ways(row: Endpoint) -> Iterable[str]:
    """The commands that the status of an endpoint allows."""
    if row.status == EndpointStatus.REMOVED:
        return ()
    if row.status == EndpointStatus.DISABLED:
        return ("enable_endpoint", "update_endpoint", "rotate_secret", "remove_endpoint")
    sending = ("send_test", "send_raw", "replay_range")
    return (*sending, "update_endpoint", "rotate_secret", "disable_endpoint", "remove_endpoint")


@admin.register(Replay, site=site)
class ReplayAdmin(KeysetAdmin):
    """Every range of a feed that was sent again, the newest first."""

    called = _("Replays")
    related = ("book", "endpoint")
    columns = (
        Column(_("Replay")),
        Column(_("Tenant"), "wide"),
        Column(_("What"), "wide"),
        Column(_("Begun at"), "wide"),
        Column(_("Sent again"), "number"),
        Column(_("Status")),
    )
    in_files = {
        "Id": "id",
        "Tenant": "book.slug",
        "Endpoint": "endpoint_id",
        "Address": "endpoint.url",
        "After position": "after",
        "Through position": "through",
        "Types": "types",
        "What": "what",
        "Messages": "deliveries",
        "Sent again": "sent",
        "Done through": "done_through",
        "Reason": "reason",
        "Begun at": "created_at",
        "Begun by": "created_by",
        "Ended at": "ended_at",
    }
    row_template = "console/row/replay.html"
    page_template = "console/page/replay.html"
    empty_template = "console/empty/replays.html"
    tabs = "state"
    filters = (
        Filter(
            "state",
            _("State"),
            choices=lambda: [("running", _("Under way")), ("ended", _("Ended"))],
            conditions={"running": {"ended_at__isnull": True}, "ended": {"ended_at__isnull": False}},
        ),
        OF_ENDPOINT,
        OF_TENANT,
    )

    def rows(self) -> QuerySet[Any]:
        """All rows without the headers of endpoints, which are secret."""
        return super().rows().defer("endpoint__headers_text")

    def doings(self, request: HttpRequest, row: Replay | None = None) -> list[Doing]:
        """Send a range again."""
        endpoint = row.endpoint_id if row else request.GET.get("endpoint")
        return doings(request, ("webhooks.replay_range", {"endpoint": endpoint}))

    def page_context(self, request: HttpRequest, row: Replay) -> Context:
        """How far it has come."""
        return {
            "title": _("Replay to %(url)s") % {"url": row.endpoint.url},
            "span": max(row.through - row.after, 1),
            "done": row.done_through - row.after,
        }
