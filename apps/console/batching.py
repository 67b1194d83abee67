"""Batches of payouts as those see them who look after them: how much, how far, and what each waits for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import Tenant
from apps.core.money import Money
from apps.operations import deciding
from apps.operations.models import ApprovalRequest, ApprovalStatus
from apps.payouts.models import Batch, BatchStatus
from apps.payouts.queries.totals import Count, Progress, counts_of, progresses_of

SENT = (BatchStatus.EXECUTING, BatchStatus.PARTIALLY_COMPLETED, BatchStatus.COMPLETED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What keeps a batch where it is: why, more exactly, and since or until when."""

    why: str
    words: str = ""
    since: datetime | None = None
    until: datetime | None = None
    needs_a_person: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A batch with its numbers. `approval` is the request that it waits for, or waited."""

    row: Batch
    tenant: Tenant | None
    count: Count
    progress: Progress
    approval: ApprovalRequest | None = None
    agreed: int = 0

    @property
    def decided(self) -> int:
        """Rows for which money is held, or could not be."""
        return self.count.reserved + self.count.refused

    @property
    def ended(self) -> int:
        """Payouts of which nothing is to come."""
        return self.progress.payouts - self.progress.open

    @property
    def waiting(self) -> Waiting | None:
        """What it waits for; None once nothing is to come."""
        return _WAITS[BatchStatus(self.row.status)](self)


def standings(rows: Sequence[Batch]) -> list[Standing]:
    """Each of these batches with its numbers, by as many queries for many as for one."""
    sent = [str(row.pk) for row in rows if row.status in SENT]
    counts, progresses = counts_of([str(row.pk) for row in rows]), progresses_of(sent) if sent else {}
    tenants = Tenant.objects.in_bulk({row.book.tenant_id for row in rows if row.book.tenant_id})
    requests = _requests(rows)
    holders = deciding.Holders()
    found = []
    for row in rows:
        request = requests.get(str(row.approval_request_id))
        waits = request is not None and request.status == ApprovalStatus.PENDING
        found.append(
            Standing(
                row,
                tenants.get(str(row.book.tenant_id)),
                counts[str(row.pk)],
                progresses.get(str(row.pk)) or Progress({}, ()),
                request,
                len(deciding.yeses(deciding.standing(request), holders)) if request and waits else 0,
            )
        )
    return found


def _requests(rows: Sequence[Batch]) -> Mapping[str, ApprovalRequest]:
    asked = {row.approval_request_id for row in rows if row.approval_request_id}
    found = ApprovalRequest.objects.in_bulk(asked) if asked else {}
    deciding.prefetch(each for each in found.values() if each.status == ApprovalStatus.PENDING)
    return {str(pk): each for pk, each in found.items()}


def shortfall(each: Mapping[str, Any]) -> dict[str, Any]:
    """What is missing at a provider, as money."""
    names = ("needs", "has", "short")
    return {"provider": each["provider"]} | {
        name: Money.parse(each[name], each["currency"]) for name in names
    }


def _draft(one: Standing) -> Waiting:
    if wrong := one.count.wrong:
        words = _("%(wrong)s of %(rows)s rows") % {"wrong": wrong, "rows": one.count.rows}
        return Waiting(_("Rows to mend"), words, needs_a_person=True)
    if not one.count.ready:
        return Waiting(_("It has no row to pay"), needs_a_person=True)
    return Waiting(_("Not submitted"), _("its rows are ready"), needs_a_person=True)


def _pending(one: Standing) -> Waiting:
    row = one.row
    if row.asked_at is None:
        told = {"done": one.decided, "rows": one.count.rows}
        return Waiting(_("Holding money"), _("%(done)s of %(rows)s rows") % told, since=row.submitted_at)
    left = max(one.approval.approvers_needed - one.agreed, 0) if one.approval else 0
    people = ngettext("one more person", "%(left)s more people", left) % {"left": left}
    return Waiting(_("Awaiting approval"), people, since=row.asked_at, needs_a_person=True)


def _approved(one: Standing) -> Waiting:
    row = one.row
    if row.short:
        found = [shortfall(each) for each in row.short]
        told = (
            _("%(amount)s at %(provider)s") % {"amount": each["short"], "provider": each["provider"]}
            for each in found
        )
        words = _("short by %(told)s") % {"told": _(" and ").join(told)}
        return Waiting(_("Insufficient treasury balance"), words, row.approved_at, needs_a_person=True)
    why = _("Created, not executed")
    if not row.by_itself:
        return Waiting(why, _("it waits until somebody executes it"), row.approved_at, needs_a_person=True)
    if row.execute_at and (row.looked_at is None or row.execute_at > row.looked_at):
        return Waiting(why, _("it is due"), until=row.execute_at)
    return Waiting(why, _("a worker does it next"), row.approved_at)


def _executing(one: Standing) -> Waiting:
    told = {"ended": one.ended, "payouts": one.progress.payouts}
    return Waiting(_("Under way"), _("%(ended)s of %(payouts)s have ended") % told, since=one.row.executed_at)


def _ended(one: Standing) -> Waiting | None:
    if one.row.compared_at is None:
        return Waiting(_("To be compared"), _("providers have not said yet what they executed"))
    return None


def _nothing(one: Standing) -> None:
    return None


_WAITS = {
    BatchStatus.DRAFT: _draft,
    BatchStatus.PENDING_APPROVAL: _pending,
    BatchStatus.APPROVED: _approved,
    BatchStatus.EXECUTING: _executing,
    BatchStatus.PARTIALLY_COMPLETED: _ended,
    BatchStatus.COMPLETED: _ended,
    BatchStatus.CANCELLED: _nothing,
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """What people agree to who approve a batch: `largest` are the largest payouts, as what they pay, to whom, which."""

    batch: str
    name: str
    payouts: int
    refused: int
    totals: list[Money]
    fees: list[Money]
    largest: list[dict[str, Any]]


def agreement(request: ApprovalRequest) -> Agreement | None:
    """What a request asks for, if that is a batch."""
    told = request.preview.get("result") or {}
    if request.command != "payouts.approve_batch" or "largest" not in told:
        return None
    return Agreement(
        told["batch"],
        told["name"],
        told["payouts"],
        told["refused"],
        [_money(each) for each in told["totals"]],
        [_money(each) for each in told["fees"]],
        [{**each, "amount": _money(each["amount"])} for each in told["largest"]],
    )


def _money(told: Mapping[str, Any]) -> Money:
    return Money.parse(told["amount"], told["currency"])
