"""Other names by which people know commands: routes of the systems that came before, which lead to a command's form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, re_path, reverse
from django.views.decorators.csrf import csrf_exempt

from apps.console.forms.ways import form_url
from apps.operations.registry import all_commands

METHODS = ("GET", "HEAD", "POST")


@dataclass(frozen=True, slots=True)
class Alias:
    """A route, the command to whose form it leads, and what its parameters are called there.

    A part of the route in braces is a parameter, too. `page` is where it leads instead of the form, by the name of a
    page of the console, which takes the parameters of the route.
    """

    route: str
    command: str
    named: Mapping[str, str] = field(default_factory=dict)
    page: str = ""

    @property
    def pattern(self) -> str:
        """The route as a regular expression."""
        return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[\\w-]+)", re.escape(self.route[1:]))


ROUTES = (
    Alias("/ops/ledger/rebuild-templates", "ledger.rebuild_templates"),
    Alias("/ops/ledger/rebuild-coa", "ledger.rebuild_coa"),
    Alias("/admin/reconciliation/retry-intent", "transfers.retry_transfer", {"intentId": "transfer"}),
    Alias(
        "/finance/admin-adjust",
        "ledger.post_correction",
        {
            "currency": "amount.currency",
            "amount": "amount.amount",
            "auditReason": "reason",
            "relatedEntityType": "related_type",
            "relatedEntityId": "related_id",
        },
    ),
    Alias("/admin/payouts/batch", "payouts.create_batch", page="payouts_batch_changelist"),
    Alias("/admin/payouts/batch/{id}/approve", "operations.approve_request", page="payouts_batch_change"),
    Alias("/admin/payouts/batch/{id}/execute", "payouts.execute_batch", {"id": "batch"}),
    Alias("/admin/webhooks/{id}/retry", "webhooks.retry_delivery", {"id": "delivery"}),
)
"""Each is there with and without `/api` before it."""


def urls() -> list[URLPattern]:
    """The routes. They stand before the console's own, which answer for all that is below `/ops/`."""
    return [
        re_path(rf"^(?:api/)?{each.pattern}/?$", csrf_exempt(partial(_lead, alias=each))) for each in ROUTES
    ]


def _lead(request: HttpRequest, *, alias: Alias, **told: str) -> HttpResponse:
    """To the form, with what the address says filled in. Nothing is done, so whoever may not run it learns that there."""
    if request.method not in METHODS:
        return HttpResponseNotAllowed(METHODS)
    answer = HttpResponseRedirect(_where(alias, {**request.GET.dict(), **told}, told))
    answer.status_code = 303
    return answer


def _where(alias: Alias, asked: Mapping[str, str], told: Mapping[str, str]) -> str:
    if alias.page:
        return reverse(f"console:{alias.page}", args=list(told.values()))
    return form_url(alias.command, {alias.named[name]: asked[name] for name in asked if name in alias.named})


def table() -> list[str]:
    """The rows of `docs/aliases.md`: every other name of a command, then every route."""
    names = [f"| `{name}` | `{command.name}` |" for command in all_commands() for name in command.aliases]
    return [*sorted(names, key=str.lower), *(f"| `{each.route}` | `{each.command}` |" for each in ROUTES)]
