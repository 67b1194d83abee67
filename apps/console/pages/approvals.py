"""Approvals: what waits for this user and for others, the policies that ask, and who stands in for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.console.deciding import Asked, asked, looking, may_agree
from apps.console.forms.form import new_key
from apps.console.forms.ways import Doing, doings, form_url
from apps.console.listing import Column, Filter, KeysetAdmin
from apps.console.readonly import Context
from apps.console.site import site
from apps.core import clock, ids
from apps.core.errors import DomainError
from apps.operations import deciding
from apps.operations.facts import governable
from apps.operations.models import (
    ApprovalPolicy,
    ApprovalRequest,
    ApprovalStatus,
    Delegation,
    PolicyStatus,
)
from apps.operations.simulation import simulate

INBOX = 20
"""Requests with all that is asked."""
LOOKED_AT = 500
"""Requests that wait, of which a page finds out whose they are; the next page goes on from there."""
DECIDED = 50
PROMISED = timedelta(hours=24)
"""Within which a request is decided about."""
WHOSE = ("mine", "others", "decided")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request with how long it has waited."""

    one: Asked
    age: timedelta
    is_late: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """The ids of some that wait, the oldest first, by whether this user may say yes; `further` is the last of them if more wait."""

    mine: list[str]
    others: list[str]
    further: str | None


def inbox(request: HttpRequest) -> HttpResponse:
    """What waits for this user's yes, what waits for others', and what was decided."""
    if request.method not in {"GET", "HEAD"} or not request.user.has_perm("operations.view_approvalrequest"):
        raise PermissionDenied
    whose = request.GET.get("whose", "")
    now, whose = clock.now(), whose if whose in WHOSE else WHOSE[0]
    after = _after(request)
    first = _looked(request)
    looked = _looked(request, after) if after else first
    waiting = {"mine": looked.mine, "others": looked.others}.get(whose, [])
    return site.page(
        request,
        "console/inbox.html",
        {
            "title": _("Approvals"),
            "crumbs": [(_("Approvals"), None)],
            "whose": whose,
            "tabs": [
                ("mine", _("For you"), _many(first.mine, first)),
                ("others", _("For others"), _many(first.others, first)),
                ("decided", _("Decided"), ""),
            ],
            "inbox": _waiting(request, waiting[:INBOX], now),
            "after": after,
            "next": waiting[INBOX - 1] if len(waiting) > INBOX else looked.further,
            "decided": _decided() if whose == "decided" else [],
            "key": new_key(),
            "doings": doings(request, ("operations.delegate", {})),
            "stands_in": looking(request).user.stands_in,
        },
    )


def _after(request: HttpRequest) -> str | None:
    """The request after which the page begins."""
    given = request.GET.get("after", "")
    try:
        ids.decode("apr", given)
    except DomainError:
        return None
    return given


def _looked(request: HttpRequest, after: str | None = None) -> Looked:
    """Whose the oldest are that wait, or the oldest after one: so many at a time, without what they would do."""
    waits = ApprovalRequest.objects.filter(status=ApprovalStatus.PENDING)
    waits = waits.filter(id__gt=after) if after else waits
    found = list(waits.defer("input", "facts", "preview").order_by("id")[: LOOKED_AT + 1])
    rows = found[:LOOKED_AT]
    deciding.prefetch(rows)
    mine: list[str] = []
    others: list[str] = []
    for row in rows:
        (mine if may_agree(request, row) else others).append(row.pk)
    return Looked(mine, others, rows[-1].pk if len(found) > LOOKED_AT else None)


def _many(some: Sequence[str], looked: Looked) -> str:
    """How many there are, or at least are."""
    if looked.further:
        return f"{len(some)}+"
    return str(len(some) or "")


def _waiting(request: HttpRequest, some: Sequence[str], now: datetime) -> list[Waiting]:
    """What still waits of these, with all that is asked."""
    rows = ApprovalRequest.objects.filter(pk__in=some, status=ApprovalStatus.PENDING).select_related("book")
    told = asked(request, rows.order_by("id"))
    ages = [now - one.row.created_at for one in told]
    return [Waiting(one, age, age > PROMISED) for one, age in zip(told, ages, strict=True)]


def _decided() -> list[ApprovalRequest]:
    rows = ApprovalRequest.objects.exclude(status=ApprovalStatus.PENDING).select_related("book")
    return list(rows.prefetch_related("decisions").order_by("-id")[:DECIDED])


@admin.register(ApprovalPolicy, site=site)
class ApprovalPolicyAdmin(KeysetAdmin):
    """Every version of every policy, the newest first."""

    columns = (
        Column(gettext_lazy("Policy")),
        Column(gettext_lazy("Holds"), "wide"),
        Column(gettext_lazy("Asks"), "wide"),
        Column(gettext_lazy("Status")),
    )
    in_files = {
        "Id": "id",
        "Name": "name",
        "Version": "version",
        "Command": "command",
        "Status": "status",
        "Drafted by": "drafted_by",
        "Created at": "created_at",
        "Activated at": "activated_at",
        "Ended at": "ended_at",
    }
    row_template = "console/row/policy.html"
    page_template = "console/page/policy.html"
    empty_template = "console/empty/policies.html"
    tabs = "status"
    filters = (Filter("status", gettext_lazy("Status"), choices=lambda: PolicyStatus.choices),)

    def doings(self, request: HttpRequest, row: ApprovalPolicy | None = None) -> list[Doing]:
        """Draft one; of a draft change, activate and discard it; of an active one draft the next version, or retire it."""
        if row is None:
            return doings(request, ("operations.draft_policy", {}))
        own = {"policy": row.pk}
        if row.status == PolicyStatus.DRAFT:
            change = doings(request, ("operations.change_policy", own))
            rest = doings(request, ("operations.activate_policy", own), ("operations.discard_policy", own))
            return [*[_filled(each, row) for each in change], *rest]
        again = [_filled(each, row) for each in doings(request, ("operations.draft_policy", {}))]
        ends = row.status == PolicyStatus.ACTIVE
        return [*again, *(doings(request, ("operations.retire_policy", own)) if ends else [])]

    def page_context(self, request: HttpRequest, row: ApprovalPolicy) -> Context:
        """What it says in words, its other versions, and what it would have held lately."""
        command = governable().get(row.command)
        versions = ApprovalPolicy.objects.filter(name=row.name).exclude(pk=row.pk).order_by("-version")
        return {
            "command": command.summary if command else row.command,
            "versions": list(versions[:INBOX]),
            "would": simulate(row, clock.now())
            if row.status in {PolicyStatus.DRAFT, PolicyStatus.ACTIVE}
            else None,
        }


def _filled(doing: Doing, row: ApprovalPolicy) -> Doing:
    """The form of a policy with what this one says."""
    given: dict[str, object] = {"governs": row.command, "in_sequence": "on" if row.in_sequence else ""}
    given |= {"policy": row.pk} if doing.command == "operations.change_policy" else {"name": row.name}
    for number, block in enumerate(row.blocks):
        for place, condition in enumerate(block):
            for name, value in condition.items():
                given[f"blocks.{number}.{place}.{name}"] = _written(value)
    for number, step in enumerate(row.steps):
        given |= {f"steps.{number}.{name}": value for name, value in step.items()}
    title = _("Draft the next version") if "name" in given else doing.title
    return Doing(doing.command, title, form_url(doing.command, given))


def _written(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else value


@admin.register(Delegation, site=site)
class DelegationAdmin(KeysetAdmin):
    """Who stands in for whom, the newest first."""

    columns = (
        Column(gettext_lazy("Delegate")),
        Column(gettext_lazy("In the place of"), "wide"),
        Column(gettext_lazy("Reason"), "wide"),
        Column(gettext_lazy("Until")),
    )
    in_files = {
        "Id": "id",
        "Role": "role",
        "From": "from_label",
        "To": "to_label",
        "Made by": "made_by_label",
        "Until": "until",
        "Reason": "reason",
        "Created at": "created_at",
        "Withdrawn at": "withdrawn_at",
        "Withdrawn by": "withdrawn_by",
    }
    row_template = "console/row/delegation.html"
    page_template = "console/page/delegation.html"
    empty_template = "console/empty/delegations.html"

    def doings(self, request: HttpRequest, row: Delegation | None = None) -> list[Doing]:
        """Delegate; end this one."""
        if row is None:
            return doings(request, ("operations.delegate", {}))
        if row.withdrawn_at or row.until <= clock.now():
            return []
        return doings(request, ("operations.withdraw_delegation", {"delegation": row.pk}))

    def page_context(self, request: HttpRequest, row: Delegation) -> Context:
        """Whether it holds."""
        return {"title": str(row), "holds": row.withdrawn_at is None and row.until > clock.now()}
