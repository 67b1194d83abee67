"""What came through the door: operations, approval requests, events and flags."""

from collections.abc import Iterable

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiKey, Tenant, TenantStatus
from apps.console import deciding
from apps.console.forms.outcomes import page_of
from apps.console.forms.ways import Doing, doings, form_url, may_run
from apps.console.listing import Column, Filter, KeysetAdmin, Search, Text
from apps.console.pages.requests import of_operation
from apps.console.readonly import Context
from apps.console.site import site
from apps.core import clock
from apps.ledger.models import JournalEntry
from apps.operations import registry
from apps.operations.flags import TENANT_ACTIVE
from apps.operations.models import (
    ApprovalRequest,
    ApprovalStatus,
    Event,
    FeatureFlag,
    KeyReset,
    Operation,
    OperationStatus,
)

SETS_TENANT_ACTIVE = {
    TenantStatus.ACTIVE: "accounts.suspend_tenant",
    TenantStatus.SUSPENDED: "accounts.resume_tenant",
}
"""What sets the flag of a tenant, by the status that the tenant has."""

MANY = 100
"""What a page lists of what belongs to one operation; the lists have the rest."""


def pending_badge(request: HttpRequest) -> str:
    """How many approval requests wait, for the sidebar; nothing if none does."""
    waiting = ApprovalRequest.objects.filter(status=ApprovalStatus.PENDING)[:MANY].count()
    if waiting == MANY:
        return f"{MANY - 1}+"
    return str(waiting or "")


def command_choices() -> Iterable[tuple[str, Text]]:
    """Every command there is."""
    return [(command.name, command.name) for command in registry.all_commands()]


@admin.register(Operation, site=site)
class OperationAdmin(KeysetAdmin):
    """Every run of a command, the newest first."""

    related = ("book",)
    columns = (
        Column(_("Command")),
        Column(_("Actor"), "wide"),
        Column(_("Origin"), "wide"),
        Column(_("Recorded at"), "wide"),
        Column(_("Status")),
    )
    in_files = {
        "Id": "id",
        "Command": "command",
        "Status": "status",
        "Refusal": "refusal.code",
        "Reason": "refusal.message",
        "Actor": "actor_label",
        "Origin": "origin",
        "Book": "book.slug",
        "Key": "key",
        "Recorded at": "recorded_at",
    }
    row_template = "console/row/operation.html"
    page_template = "console/page/operation.html"
    empty_template = "console/empty/operations.html"
    tabs = "status"
    filters = (
        Filter("status", _("Status"), choices=lambda: OperationStatus.choices),
        Filter("command", _("Command"), choices=command_choices),
        Filter("actor", _("Actor"), lookup="actor_id", begins="usr_"),
    )
    search = Search(
        "key",
        ("book_id", "key", "generation"),
        _("idempotency key"),
        condition={"holds_key": True},
        in_every_book=True,
    )

    def doings(self, request: HttpRequest, row: Operation | None = None) -> list[Doing]:
        """Run a refused one again, by a form that is filled in as it was; free its key."""
        if row is None or row.status != OperationStatus.REFUSED:
            return []
        again = [
            Doing(each.name, _("Run again"), form_url(each.name, {"again": row.pk}))
            for each in registry.all_commands()
            if each.name == row.command and may_run(request, each)
        ]
        resets = row.holds_key and not KeyReset.objects.filter(operation=row).exists()
        return again + (doings(request, ("operations.reset_key", {"operation": row.pk})) if resets else [])

    def page_context(self, request: HttpRequest, row: Operation) -> Context:
        """What it wrote: entries and events, and the approval request it belongs to."""
        return {
            "title": row.command,
            "entries": list(JournalEntry.objects.filter(operation_id=row.pk).order_by("ordinal")[:MANY]),
            "api_key": ApiKey.objects.filter(pk=row.actor_id).first()
            if row.actor_kind == "api_key"
            else None,
            "asked": of_operation(row) if row.origin == "api" else None,
            "events": list(row.events.select_related("place").order_by("ordinal")[:MANY]),
        }


@admin.register(ApprovalRequest, site=site)
class ApprovalRequestAdmin(KeysetAdmin):
    """What waits for other people, and what became of it."""

    related = ("book",)
    columns = (
        Column(_("Command")),
        Column(_("Made by"), "wide"),
        Column(_("Created at"), "wide"),
        Column(_("Needs"), "wide"),
        Column(_("Status")),
    )
    in_files = {
        "Id": "id",
        "Command": "command",
        "Status": "status",
        "Made by": "maker_label",
        "Created at": "created_at",
        "Approvers needed": "approvers_needed",
        "Book": "book.slug",
        "Decided at": "decided_at",
    }
    row_template = "console/row/approval_request.html"
    page_template = "console/page/approval_request.html"
    empty_template = "console/empty/approval_requests.html"
    tabs = "status"
    filters = (
        Filter("status", _("Status"), choices=lambda: ApprovalStatus.choices),
        Filter(
            "eligible",
            _("Approvers"),
            choices=lambda: [("nobody", _("Nobody is eligible"))],
            conditions={"nobody": {"status": ApprovalStatus.PENDING, "nobody_eligible": True}},
        ),
    )

    def doings(self, request: HttpRequest, row: ApprovalRequest | None = None) -> list[Doing]:
        """Take one's own yes back."""
        if row is None or not deciding.asked(request, [row])[0].can_undo:
            return []
        return doings(request, ("operations.undo_decision", {"request": row.pk}))

    def page_context(self, request: HttpRequest, row: ApprovalRequest) -> Context:
        """What is asked and by whom, the decisions, the buttons to decide, and for a policy where to read it."""
        policy = row.input.get("policy") if isinstance(row.input, dict) else None
        return {
            "title": row.command,
            "asked": deciding.asked(request, [row])[0],
            "about": page_of(policy) if isinstance(policy, str) else None,
            "age": clock.now() - row.created_at,
        }


@admin.register(Event, site=site)
class EventAdmin(KeysetAdmin):
    """Facts for the outside, the newest first."""

    related = ("book", "place")
    keyset = ("-ordinal",)
    columns = (
        Column(_("Event")),
        Column(_("Subject"), "wide"),
        Column(_("Book"), "wide"),
        Column(_("Recorded at"), "wide"),
        Column(_("Position"), "number"),
    )
    in_files = {
        "Id": "id",
        "Type": "type",
        "Subject": "subject",
        "Book": "book.slug",
        "Position": "place.position",
        "Operation": "operation_id",
        "Recorded at": "recorded_at",
    }
    row_template = "console/row/event.html"
    page_template = "console/page/event.html"
    empty_template = "console/empty/events.html"
    filters = (Filter("operation", _("Operation"), lookup="operation"),)
    search = Search("subject", ("-ordinal",), _("subject"))


@admin.register(FeatureFlag, site=site)
class FeatureFlagAdmin(KeysetAdmin):
    """Switches by scope."""

    called = _("Flags")
    keyset = ("name", "scope", "scope_id")
    columns = (
        Column(_("Flag")),
        Column(_("Scope")),
        Column(_("Changed by"), "wide"),
        Column(_("Changed at"), "wide"),
        Column(_("State")),
    )
    in_files = {
        "Flag": "name",
        "Scope": "scope",
        "Scope id": "scope_id",
        "Enabled": "enabled",
        "Reason": "reason",
        "Changed by": "changed_by",
        "Changed at": "changed_at",
    }
    row_template = "console/row/flag.html"
    page_template = "console/page/flag.html"
    empty_template = "console/empty/flags.html"
    tabs = "state"
    filters = (
        Filter(
            "state",
            _("State"),
            choices=lambda: [("disabled", _("Disabled")), ("enabled", _("Enabled"))],
            conditions={"disabled": {"enabled": False}, "enabled": {"enabled": True}},
        ),
    )

    def doings(self, request: HttpRequest, row: FeatureFlag | None = None) -> list[Doing]:
        """Set one; turn this one the other way, or do what sets it."""
        name = "operations.set_feature_flag"
        if row is None:
            return doings(request, (name, {}))
        if row.name == TENANT_ACTIVE:
            status = Tenant.objects.filter(pk=row.scope_id).values_list("status", flat=True).first()
            ways = [SETS_TENANT_ACTIVE[status]] if status in SETS_TENANT_ACTIVE else []
            return doings(request, *((way, {"tenant": row.scope_id}) for way in ways))
        given = {"name": row.name, "scope": row.scope, "scope_id": row.scope_id}
        title = _("Disable") if row.enabled else _("Enable")
        other = {**given, "enabled": "false" if row.enabled else "true"}
        return [Doing(each.command, title, each.url) for each in doings(request, (name, other))]
