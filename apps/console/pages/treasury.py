"""Treasury: what we hold where, what leaves when, and the rules that keep accounts between floor and target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin
from apps.console.readonly import Context
from apps.console.site import site
from apps.core import clock
from apps.core.money import Money
from apps.ledger.models import JournalEntry
from apps.operations.models import Operation
from apps.treasury.models import (
    ExecutionStatus,
    InstructionStatus,
    SweepExecution,
    SweepInstruction,
    SweepRule,
    SweepVerification,
)
from apps.treasury.queries.figures import AtBank, figures

MOST = 50
"""Instructions and rules that the page has room for; the lists have the rest."""

LATEST = 20

FUND, TOP_UP = "transfers.fund_bank_account", "transfers.top_up_pool"
SET, STOP = "treasury.set_sweep_rule", "treasury.stop_sweep_rule"
CONFIRM, CANCEL = "treasury.confirm_sweep", "treasury.cancel_sweep"


@dataclass(frozen=True, slots=True)
class Kept:
    """A rule with what came of it last, when it is due next, and what can be done with it."""

    row: SweepRule
    last: SweepExecution | None
    next_due: datetime | None
    doings: list[Doing]


@dataclass(frozen=True, slots=True)
class Told:
    """An instruction that people follow, how it stands, and what they can say of it."""

    row: SweepInstruction
    is_late: bool
    doings: list[Doing]


@dataclass(frozen=True, slots=True)
class Place:
    """An address of ours with the forms that bring money to it."""

    of: AtBank
    doings: list[Doing]


def treasury_page(request: HttpRequest) -> HttpResponse:
    """Warnings first, then what is where, what is due by day, what people are to move, and the rules."""
    if request.method not in {"GET", "HEAD"} or not request.user.has_perm("treasury.view_sweeprule"):
        raise PermissionDenied
    now = clock.now()
    found = figures(now)
    told = open_instructions(request, now)
    return site.page(
        request,
        "console/treasury.html",
        {
            "title": _("Treasury"),
            "crumbs": [(_("Treasury"), None)],
            "now": now,
            "figures": found,
            "used": [each for each in found.providers if each.is_used],
            "unused": [each for each in found.providers if not each.is_used],
            "low": sum(bool(each.missing) for each in found.providers)
            + sum(bool(each.missing) for each in found.banks),
            "places": [Place(each, _ways_to(request, each)) for each in found.banks],
            "instructions": told,
            "late": sum(each.is_late for each in told),
            "rules": kept(request, now),
            "verified": SweepVerification.objects.order_by("-id").first(),
            "doings": doings(request, (SET, {}), (FUND, {}), (TOP_UP, {})),
        },
    )


def open_instructions(request: HttpRequest, now: datetime) -> list[Told]:
    """What people are to move, the most urgent first."""
    rows = SweepInstruction.objects.filter(status=InstructionStatus.OPEN).select_related("book")
    return [
        Told(each, each.confirm_by <= now, doings(request, *_closing(each)))
        for each in rows.order_by("confirm_by")[:MOST]
    ]


def kept(request: HttpRequest, now: datetime) -> list[Kept]:
    """The rules in force, by account: two queries."""
    rows = SweepRule.objects.filter(ended_at=None).select_related("account", "counter_account", "book")
    rules = list(rows.order_by("account__address", "currency")[:MOST])
    last = {
        each.rule_id: each
        for each in SweepExecution.objects.filter(rule__in=rules)
        .order_by("rule_id", "-due_at")
        .distinct("rule_id")
    }
    return [
        Kept(each, last.get(each.pk), next_due(each, last.get(each.pk)), doings(request, *_ways(each)))
        for each in rules
    ]


def next_due(rule: SweepRule, last: SweepExecution | None) -> datetime | None:
    """When it is due next: perhaps already, if nobody executes anything."""
    if rule.ended_at is not None:
        return None
    return rule.when.next_after(last.due_at if last else rule.started_at)


def _ways_to(request: HttpRequest, place: AtBank) -> list[Doing]:
    amount = _in_controls("amount", place.missing or Money.zero(place.books.currency))
    if not place.missing:
        del amount["amount.amount"]
    if place.kind == "bank" and ":" not in place.name:
        return doings(request, (FUND, {"bank": place.name, **amount}))
    if place.kind == "pool" and ":" not in place.name:
        return doings(request, (TOP_UP, {"pool": place.name, **amount}))
    return []


def _closing(row: SweepInstruction) -> list[tuple[str, Mapping[str, object]]]:
    if row.status != InstructionStatus.OPEN:
        return []
    return [(CONFIRM, {"instruction": row.pk}), (CANCEL, {"instruction": row.pk})]


def _ways(row: SweepRule) -> Sequence[tuple[str, Mapping[str, object]]]:
    if row.ended_at is not None:
        return []
    given = {
        "book": row.book.slug,
        "account": row.account.address,
        "counter_account": row.counter_account.address,
        **_in_controls("floor", row.floor_money),
        **_in_controls("target", row.target_money),
        **_in_controls("minimum", row.minimum_money),
        "at": f"{row.at:%H:%M}" if row.at else None,
        "every_minutes": row.every_minutes,
        "time_zone": row.time_zone,
        "days": row.days,
        "confirm_within": row.confirm_within,
    }
    return [(SET, given), (STOP, {"rule": row.pk})]


def _in_controls(name: str, amount: Money) -> dict[str, object]:
    return {f"{name}.amount": amount.decimal, f"{name}.currency": amount.currency}


@admin.register(SweepRule, site=site)
class SweepRuleAdmin(KeysetAdmin):
    """Every version of every sweep rule, the newest first."""

    related = ("book", "account", "counter_account")
    columns = (
        Column(gettext_lazy("Account")),
        Column(gettext_lazy("Counter account"), "wide"),
        Column(gettext_lazy("When"), "wide"),
        Column(gettext_lazy("In force"), "wide"),
        Column(gettext_lazy("Floor"), "amount wide"),
        Column(gettext_lazy("Target"), "amount"),
    )
    in_files = {
        "Id": "id",
        "Version": "version",
        "Book": "book.slug",
        "Account": "account.address",
        "Counter account": "counter_account.address",
        "Floor": "floor_money",
        "Target": "target_money",
        "Minimum": "minimum_money",
        "Currency": "currency",
        "At": "at",
        "Every minutes": "every_minutes",
        "Time zone": "time_zone",
        "Days": "days",
        "Since": "started_at",
        "Set by": "started_by",
        "Reason": "reason",
        "Ended at": "ended_at",
        "Ended by": "ended_by",
    }
    row_template = "console/row/sweep_rule.html"
    page_template = "console/page/sweep_rule.html"
    empty_template = "console/empty/sweep_rules.html"

    def doings(self, request: HttpRequest, row: SweepRule | None = None) -> list[Doing]:
        """Set one; change or stop this one."""
        return doings(request, (SET, {})) if row is None else doings(request, *_ways(row))

    def page_context(self, request: HttpRequest, row: SweepRule) -> Context:
        """What came of it, and the other versions."""
        rows = list(SweepExecution.objects.filter(rule=row).order_by("-id")[:LATEST])
        return {
            "executions": rows,
            "next_due": next_due(row, rows[0] if rows else None),
            "versions": SweepRule.objects.filter(account=row.account_id).order_by("-version")[:LATEST],
        }


@admin.register(SweepExecution, site=site)
class SweepExecutionAdmin(KeysetAdmin):
    """What came of every due time, the newest first."""

    related = ("rule__account", "rule__counter_account", "book")
    columns = (
        Column(gettext_lazy("Account")),
        Column(gettext_lazy("Due at"), "wide"),
        Column(gettext_lazy("Status"), "wide"),
        Column(gettext_lazy("It had"), "amount wide"),
        Column(gettext_lazy("Asked for"), "amount wide"),
        Column(gettext_lazy("Moved"), "amount"),
    )
    in_files = {
        "Id": "id",
        "Rule": "rule_id",
        "Account": "rule.account.address",
        "Due at": "due_at",
        "Executed at": "executed_at",
        "Status": "status",
        "Why": "why",
        "Balance": "balance_money",
        "Counter balance": "counter_money",
        "Asked for": "asked_money",
        "Moved": "money",
        "Currency": "currency",
        "Entry": "entry_id",
        "Operation": "operation_id",
    }
    row_template = "console/row/sweep_execution.html"
    page_template = "console/page/sweep_execution.html"
    empty_template = "console/empty/sweep_executions.html"
    tabs = "status"
    filters = (
        Filter("status", gettext_lazy("Status"), choices=lambda: ExecutionStatus.choices),
        Filter("rule", gettext_lazy("Rule"), lookup="rule"),
    )

    def rows(self) -> QuerySet[Any]:
        """With what people were told to move."""
        return super().rows().select_related("instruction")

    def doings(self, request: HttpRequest, row: SweepExecution | None = None) -> list[Doing]:
        """Confirm or cancel what people are to move."""
        instruction = getattr(row, "instruction", None)
        return doings(request, *_closing(instruction)) if instruction else []

    def page_context(self, request: HttpRequest, row: SweepExecution) -> Context:
        """What was posted for it, and why the ledger refused it."""
        instruction = getattr(row, "instruction", None)
        entry = row.entry_id or (instruction and instruction.entry_id)
        operation = Operation.objects.filter(pk=row.operation_id).first()
        return {
            "title": f"{row.rule.account.address} {row.due_at:%Y-%m-%d %H:%M}",
            "instruction": instruction,
            "entry": JournalEntry.objects.filter(pk=entry).first() if entry else None,
            "refusal": operation.refusal if operation else None,
        }
