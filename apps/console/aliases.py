"""Other names by which people know commands: routes of the systems that came before, which lead to a command's form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from re import escape

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, re_path
from django.views.decorators.csrf import csrf_exempt

from apps.console.forms.ways import form_url
from apps.operations.registry import all_commands

METHODS = ("GET", "HEAD", "POST")


@dataclass(frozen=True, slots=True)
class Alias:
    """A route, the command to whose form it leads, and what its parameters are called there."""

    route: str
    command: str
    named: Mapping[str, str] = field(default_factory=dict)


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
)
"""Each is there with and without `/api` before it."""


def urls() -> list[URLPattern]:
    """The routes. They stand before the console's own, which answer for all that is below `/ops/`."""
    return [
        re_path(rf"^(?:api/)?{escape(each.route[1:])}/?$", csrf_exempt(partial(_lead, alias=each)))
        for each in ROUTES
    ]


def _lead(request: HttpRequest, *, alias: Alias) -> HttpResponse:
    """To the form, with what the address says filled in. Nothing is done, so whoever may not run it learns that there."""
    if request.method not in METHODS:
        return HttpResponseNotAllowed(METHODS)
    given = {alias.named[name]: value for name, value in request.GET.items() if name in alias.named}
    answer = HttpResponseRedirect(form_url(alias.command, given))
    answer.status_code = 303
    return answer


def table() -> list[str]:
    """The rows of `docs/aliases.md`: every other name of a command, then every route."""
    names = [f"| `{name}` | `{command.name}` |" for command in all_commands() for name in command.aliases]
    return [*sorted(names, key=str.lower), *(f"| `{each.route}` | `{each.command}` |" for each in ROUTES)]
