"""What was asked of the API: by which key, from where, how it was answered."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiKey, Tenant
from apps.console.listing import Column, Filter, KeysetAdmin
from apps.console.pages.tenants import tenant_choices, tenant_name
from apps.console.readonly import Context
from apps.console.site import site
from apps.operations.models import Operation

# The API keeps this log. It stands beside the console, so neither imports the other.
LoggedRequest: type[Model] = apps.get_model("api", "LoggedRequest")

ANSWERS = {
    "4xx": {"status__gte": 400, "status__lt": 500},
    "5xx": {"status__gte": 500},
}


def of_operation(operation: Operation) -> Model | None:
    """The request that an operation came of, if it is still known: the first of them, where others replayed it."""
    return LoggedRequest._base_manager.filter(operation_id=operation.pk).order_by("id").first()


@admin.register(LoggedRequest, site=site)
class LoggedRequestAdmin(KeysetAdmin):
    """The requests of the last 90 days, without bodies and query strings, the newest first."""

    columns = (
        Column(_("Request")),
        Column(_("Key"), "wide"),
        Column(_("From"), "wide"),
        Column(_("Took"), "number wide"),
        Column(_("Asked at"), "wide"),
        Column(_("Answer")),
    )
    in_files = {
        "Id": "row.id",
        "Request id": "row.request_id",
        "Method": "row.method",
        "Path": "row.path",
        "Status": "row.status",
        "Code": "row.code",
        "Tenant": "tenant.slug",
        "Key": "key.name",
        "From": "row.address",
        "Operation": "row.operation_id",
        "Milliseconds": "row.milliseconds",
        "Asked at": "row.asked_at",
    }
    row_template = "console/row/request.html"
    page_template = "console/page/request.html"
    empty_template = "console/empty/requests.html"
    tabs = "answer"
    filters = (
        Filter(
            "answer",
            _("Answer"),
            choices=lambda: [("4xx", _("Refused")), ("5xx", _("Failed"))],
            conditions=ANSWERS,
        ),
        Filter("tenant", _("Tenant"), lookup="tenant_id", choices=tenant_choices, named=tenant_name),
        Filter("key", _("Key"), lookup="key_id"),
        Filter("operation", _("Operation"), lookup="operation_id", begins="op_"),
    )

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Each with its key and its tenant."""
        keys = ApiKey.objects.in_bulk({row.key_id for row in rows})
        tenants = Tenant.objects.in_bulk({row.tenant_id for row in rows if row.tenant_id})
        return [
            {"row": row, "key": keys.get(row.key_id), "tenant": tenants.get(row.tenant_id)} for row in rows
        ]

    def page_context(self, request: HttpRequest, row: Any) -> Context:
        """Its key, its tenant, and the operations that it ran or asked to run again."""
        [shown] = self.decorate([row])
        named = Operation.objects.in_bulk({row.operation_id, row.retry_of} - {""})
        return {**shown, "operation": named.get(row.operation_id), "runs_again": named.get(row.retry_of)}
