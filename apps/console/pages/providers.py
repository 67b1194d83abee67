"""Providers: which there are, what each can do, and how it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.console.forms.form import Form
from apps.console.forms.parts import written_fields
from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, KeysetAdmin
from apps.console.providing import Having, havings
from apps.console.readonly import Context
from apps.console.site import site
from apps.core import clock
from apps.operations import registry
from apps.providers.models import Attempt, Provider, RoutingRule
from apps.providers.queries.figures import Figures, figures

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATEST = 20
LISTED = 4
"""Balances of each that a list has room for."""

SET, RULE = "providers.set_provider", "providers.set_routing_rule"
SECRETS = {"secret", "webhook_secret"}


@admin.register(Provider, site=site)
class ProviderAdmin(KeysetAdmin):
    """Every provider, by name, with how it has answered in the last hour."""

    related = ("health",)
    keyset = ("name",)
    columns = (
        Column(_("Provider")),
        Column(_("Sending")),
        Column(_("Circuit")),
        Column(_("Went well"), "number wide"),
        Column(_("95 of 100 within"), "number wide"),
        Column(_("Last success"), "wide"),
        Column(_("Balances"), "amount wide"),
    )
    in_files = {
        "Id": "row.id",
        "Name": "row.name",
        "Title": "row.title",
        "Enabled": "row.enabled",
        "Locked because": "row.locked_because",
        "Priority": "row.priority",
        "Circuit": "circuit",
        "Calls in an hour": "hour.calls",
        "Went well, percent": "hour.success",
        "95 of 100 within ms": "hour.p95",
    }
    row_template = "console/row/provider.html"
    page_template = "console/page/provider.html"
    empty_template = "console/empty/providers.html"

    def rows(self) -> QuerySet[Any]:
        """All rows without their secrets, which no page shows."""
        return super().rows().defer(*SECRETS)

    def doings(self, request: HttpRequest, row: Provider | None = None) -> list[Doing]:
        """Set one up; change this one, send it nothing or something again, route to it."""
        if row is None:
            return doings(request, (SET, {}), (RULE, {}))
        lock = "unlock_sending" if row.locked_because else "lock_sending"
        return doings(
            request,
            (f"providers.{lock}", {"provider": row.name}),
            (SET, filled(SET, as_input(row))),
            (RULE, filled(RULE, {"providers": [row.name]})),
        )

    def decorate(self, rows: list[Any]) -> list[Any]:
        """How each has answered, and what it has."""
        now = clock.now()
        hour = figures([str(row.pk) for row in rows], since=now - HOUR, now=now)
        return [
            {
                "row": row,
                "circuit": health.circuit if (health := getattr(row, "health", None)) else "closed",
                "hour": hour[str(row.pk)],
                "havings": shown,
                "more": more,
            }
            for row in rows
            for shown, more in [_shortened(havings(row))]
        ]

    def page_context(self, request: HttpRequest, row: Provider) -> Context:
        """How it is and was, what it has, what it can, and how transfers come to it."""
        now = clock.now()
        rules = [each for each in RoutingRule.objects.order_by("place", "name") if row.name in each.providers]
        latest = Attempt.objects.filter(provider=row).select_related("answer").order_by("-pk")
        return {
            "title": row.title,
            "spans": [
                (name, _in(row, now, span)) for name, span in ((_("In an hour"), HOUR), (_("In a day"), DAY))
            ],
            "havings": havings(row),
            "rules": [
                (each, [one.url for one in doings(request, (RULE, _filled_rule(each)))]) for each in rules
            ],
            "attempts": list(latest[:LATEST]),
            "transfers": f"{reverse('console:transfers_transfer_changelist')}?provider={row.name}",
        }


def _shortened(found: Sequence[Having]) -> tuple[list[Having], int]:
    """All that runs low and some of the rest, and how many more there are."""
    low, rest = [each for each in found if each.least], [each for each in found if not each.least]
    shown = [*low, *rest[: max(LISTED - len(low), 0)]]
    return shown, len(found) - len(shown)


def as_input(row: Provider) -> dict[str, Any]:
    """A provider as the command that sets it up takes it, without its secrets, which stay if they are left out."""
    taken = written_fields(registry.find(SET).input())
    told = {name: getattr(row, name) for name in taken if name not in {*SECRETS, "limits"}}
    bounds = {
        bound: {code: each[bound] for code, each in row.limits.items() if bound in each}
        for bound in ("smallest", "largest")
    }
    return {**told, "limits": bounds}


def filled(command: str, data: Mapping[str, Any]) -> dict[str, object]:
    """Data as the controls of a command's form hold it, by their names; what is off is said to be."""
    form = Form(registry.find(command))
    form.fill(data)
    off = {name: "false" for name, value in data.items() if value is False}
    return {**{name: values for name, values in form.values.lists()}, **off}


def _filled_rule(rule: RoutingRule) -> dict[str, object]:
    names = ("name", "place", "conditions", "providers", "enabled")
    return filled(RULE, {name: getattr(rule, name) for name in names})


def _in(row: Provider, now: datetime, span: timedelta) -> Figures:
    return figures([str(row.pk)], since=now - span, now=now)[str(row.pk)]
