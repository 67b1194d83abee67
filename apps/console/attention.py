"""What needs a person, the worst first."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Least
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import Provisioning, ProvisioningStatus
from apps.console import attention_webhooks, chart
from apps.console.attention_payouts import batches, payment_files, payouts_in_time, sweeps, to_be_done
from apps.console.durations import in_short
from apps.console.noticing import MANY, Notice, figure, up_to_many, up_to_many_of_each
from apps.console.standing import Books
from apps.core import clock, ids
from apps.ledger.queries.exports import missing_statements
from apps.ledger.queries.templates import template_drift
from apps.operations import sequencer
from apps.operations.models import (
    ApprovalRequest,
    ApprovalStatus,
    Book,
    FeatureFlag,
    Heartbeat,
    Operation,
    OperationStatus,
)
from apps.providers.models import (
    ConflictStatus,
    InboundConflict,
    InboundMessage,
    MessageStatus,
    Provider,
)
from apps.providers.models.providers import Circuit
from apps.rates.models import Load, Source
from apps.rates.queries import FRANKFURT
from apps.transfers.arrivals import IN_SUSPENSE, Chargeback, ChargebackStatus, Deposit, DepositStatus
from apps.transfers.queries.standing import LIMITS, Level, level_of, stuck

PATIENCE = timedelta(seconds=60)
VERIFIED_WITHIN = timedelta(days=2)
TAKEN_BACK = "taken_back"
_RANK = {"stop": 0, "wait": 1, "good": 2}


def notices(now: datetime, books: Books) -> list[Notice]:
    """Everything that is watched, the worst first."""
    found = [notice for look in _LOOKS for notice in look(now)]
    return sorted([*_balance(books), *found], key=lambda notice: _RANK[notice.tone])


def _balance(books: Books) -> Iterator[Notice]:
    broken = [standing.currency for standing in books.currencies if standing.difference]
    if broken:
        yield Notice(
            "stop",
            str(len(broken)),
            _("The books do not sum to zero in %(currencies)s") % {"currencies": ", ".join(broken)},
            _("Stop posting and run script/manage verify_ledger."),
            reverse("console:operations_book_changelist"),
        )


def _approvals(now: datetime) -> Iterator[Notice]:
    waiting = ApprovalRequest.objects.filter(status=ApprovalStatus.PENDING)
    counts = up_to_many_of_each(pending=waiting, stuck=waiting.filter(nobody_eligible=True))
    count = counts["pending"]
    url = reverse("console:operations_approvalrequest_changelist")
    yield Notice(
        "wait" if count else "good",
        figure(count),
        ngettext("approval request is pending", "approval requests are pending", count),
        _("Two pairs of eyes: the maker never decides.") if count else "",
        f"{url}?status=pending",
    )
    if stuck := counts["stuck"]:
        yield Notice(
            "stop",
            figure(stuck),
            ngettext(
                "approval request has no eligible approver",
                "approval requests have no eligible approver",
                stuck,
            ),
            _("Give the role it needs to someone other than its maker."),
            f"{url}?eligible=nobody",
        )


def _refusals(now: datetime) -> Iterator[Notice]:
    refused = Operation.objects.filter(
        status=OperationStatus.REFUSED, id__gte=ids.first_at("op", now - timedelta(hours=24))
    )
    count = up_to_many(refused)
    yield Notice(
        "wait" if count else "good",
        figure(count),
        ngettext("operation refused in 24 hours", "operations refused in 24 hours", count),
        _("Each says why.") if count else "",
        reverse("console:operations_operation_changelist") + "?status=refused",
    )


def _transfers(now: datetime) -> Iterator[Notice]:
    url = reverse("console:payouts")
    still = [level_of(now - at) for at in stuck(now)[:MANY].values_list("stuck_from", flat=True) if at]
    grave = [level for level in still if level and level != Level.STUCK]
    yield Notice(
        "stop" if grave else "wait" if still else "good",
        figure(len(still)),
        ngettext("transfer is stuck", "transfers are stuck", len(still)),
        _("%(grave)s for %(long)s or longer.") % {"grave": len(grave), "long": in_short(LIMITS[Level.ALERT])}
        if grave
        else "",
        url,
    )


def _providers(now: datetime) -> Iterator[Notice]:
    """Each trouble of a provider that is asked at all."""
    for each in (
        Provider.objects.filter(enabled=True).select_related("health").defer("secret", "webhook_secret")
    ):
        health = getattr(each, "health", None)
        url = reverse("console:providers_provider_change", args=[each.pk])
        told = {"provider": each.name}
        if each.locked_because:
            title = _("%(provider)s is sent nothing") % told
            yield Notice("wait", _("locked"), title, each.locked_because, url)
        if health and health.circuit != Circuit.CLOSED:
            title = _("%(provider)s is left alone: its circuit is open") % told
            yield Notice("stop", _("open"), title, health.last_error[:80], url)
        if health and health.low:
            title = _("%(provider)s runs out of it") % told
            yield Notice("stop", ", ".join(sorted(health.low)), title, _("Fund it, or route elsewhere."), url)


def _flags(now: datetime) -> Iterator[Notice]:
    count = up_to_many(FeatureFlag.objects.filter(enabled=False))
    yield Notice(
        "wait" if count else "good",
        figure(count),
        ngettext("flag is disabled", "flags are disabled", count),
        _("What they name is refused at the door.") if count else "",
        reverse("console:operations_featureflag_changelist") + "?state=disabled",
    )


def _templates(now: datetime) -> Iterator[Notice]:
    drift = template_drift()
    count = len({each.name for each in drift})
    only_withdrawn = all(each.kind == "withdrawn" for each in drift)
    yield Notice(
        "good" if not count else "wait" if only_withdrawn else "stop",
        str(count),
        ngettext("template differs from the database", "templates differ from the database", count),
        "" if not count else _("The list says how, and what to run."),
        reverse("console:ledger_templateversion_changelist"),
    )


def _sequencer(now: datetime) -> Iterator[Notice]:
    lags = sequencer.lag()
    waiting = sum(lag.waiting for lag in lags)
    oldest = min((lag.oldest for lag in lags if lag.oldest), default=now)
    late = now - oldest > PATIENCE
    yield Notice(
        "stop" if late else "good",
        in_short(now - oldest) if waiting else _("0 s"),
        _("sequencer lag"),
        _("%(waiting)s rows have no position yet. Is a worker running?") % {"waiting": figure(waiting)}
        if late
        else "",
        reverse("console:schedule"),
    )


def _worker(now: datetime) -> Iterator[Notice]:
    seen = Heartbeat.objects.filter(name__startswith="worker:").order_by("-seen_at").first()
    alive = seen is not None and now - seen.seen_at <= PATIENCE
    yield Notice(
        "good" if alive else "stop",
        in_short(now - seen.seen_at) if seen else _("none"),
        _("since the last worker heartbeat") if seen else _("No worker was ever seen"),
        "" if alive else _("script/server starts one, and the beat."),
        reverse("console:schedule"),
    )


def _chart(now: datetime) -> Iterator[Notice]:
    found = chart.standing()
    url = reverse("console:ledger_account_changelist") + "?by=gl"
    if found.fault:
        yield Notice("stop", "!", _("The file of the chart of accounts is wrong"), found.fault, url)
        return
    yield Notice(
        "wait" if found.count else "good",
        str(found.count),
        ngettext(
            "difference between the chart of accounts and its file",
            "differences between the chart of accounts and its file",
            found.count,
        ),
        _("ledger.rebuild_coa makes them equal, or says why not.") if found.count else "",
        url,
    )


def _failures(now: datetime) -> Iterator[Notice]:
    """What should be there and is not: tenants that could not be set up, statements that could not be written, webhooks."""
    counts = up_to_many_of_each(
        tenants=Provisioning.objects.filter(status=ProvisioningStatus.FAILED),
        statements=missing_statements(),
        **attention_webhooks.watched(),
    )
    yield from attention_webhooks.told(counts)
    if count := counts["tenants"]:
        yield Notice(
            "stop",
            figure(count),
            ngettext("tenant could not be provisioned", "tenants could not be provisioned", count),
            _("Its page says why, and has the forms to provision it again or to give it up."),
            reverse("console:accounts_tenant_changelist") + "?status=provisioning",
        )
    if count := counts["statements"]:
        yield Notice(
            "stop",
            figure(count),
            ngettext("scheduled statement is missing", "scheduled statements are missing", count),
            _("Its page says why, and writes it again."),
            reverse("console:ledger_exportjob_changelist") + "?status=failed",
        )


def _verification(now: datetime) -> Iterator[Notice]:
    """Books, and what was sent of their events, that were found broken, and those that nobody has looked at for days."""
    limit = now - VERIFIED_WITHIN
    looked = Book.objects.annotate(
        looked_at=Coalesce("verification__verified_at", "created_at"),
        attempts_looked_at=Coalesce("attempt_verification__verified_at", "created_at"),
    ).select_related("verification", "attempt_verification")
    late = Q(looked_at__lt=limit) | Q(attempts_looked_at__lt=limit)
    broken_ones = Q(verification__found_at__isnull=False) | Q(attempt_verification__found_at__isnull=False)
    found = [*looked.filter(late | broken_ones).order_by(Least("looked_at", "attempts_looked_at"))[:MANY]]
    yield from _books_verified(now, found)
    yield from attention_webhooks.verified(found, now, limit)


def _books_verified(now: datetime, found: Sequence[Any]) -> Iterator[Notice]:
    broken = [each for each in found if hasattr(each, "verification") and each.verification.found]
    if broken:
        yield Notice(
            "stop",
            figure(len(broken)),
            ngettext("book was found broken", "books were found broken", len(broken)),
            _(
                "Its page says where. Stop posting to it; script/manage verify_ledger looks at all of it again."
            ),
            reverse("console:operations_book_change", args=[broken[0].pk]),
        )
    oldest = min((each.looked_at for each in found), default=now)
    if oldest < now - VERIFIED_WITHIN:
        yield Notice(
            "wait",
            in_short(now - oldest),
            _("since all books were verified"),
            _("A worker does so each hour. Is one running? script/manage verify_ledger does it now."),
            reverse("console:schedule"),
        )


def _inbox(now: datetime) -> Iterator[Notice]:
    url = reverse("console:providers_inboundmessage_changelist")
    counts = up_to_many_of_each(
        quarantined=InboundMessage.objects.filter(status=MessageStatus.QUARANTINED),
        conflicts=InboundConflict.objects.filter(status=ConflictStatus.OPEN),
    )
    if count := counts["quarantined"]:
        yield Notice(
            "stop",
            figure(count),
            ngettext("message is quarantined", "messages are quarantined", count),
            _("Nothing could be made of what a provider reported; each says why."),
            f"{url}?status=quarantined",
        )
    if count := counts["conflicts"]:
        yield Notice(
            "stop",
            figure(count),
            ngettext("message contradicts an earlier one", "messages contradict earlier ones", count),
            _("The same reference with other bytes: ask the provider."),
            reverse("console:providers_inboundconflict_changelist") + "?status=open",
        )


def _suspense(now: datetime) -> Iterator[Notice]:
    """How many, and for how long the oldest waits; what is to be sent back is still with us."""
    waits = _waiting_deposits()
    if times := waits.get(DepositStatus.OPEN):
        yield Notice(
            "wait",
            figure(len(times)),
            ngettext("deposit is in suspense", "deposits are in suspense", len(times)),
            _("Nobody is credited yet; the oldest has waited %(age)s.") % {"age": in_short(now - times[0])},
            reverse("console:transfers_deposit_changelist") + "?status=open",
        )
    if times := waits.get(DepositStatus.RETURNING):
        yield Notice(
            "wait",
            figure(len(times)),
            ngettext("deposit is to be sent back", "deposits are to be sent back", len(times)),
            _("The money is still with us; the oldest has waited %(age)s.")
            % {"age": in_short(now - times[0])},
            reverse("console:transfers_deposit_changelist") + "?status=returning",
        )
    if count := len(waits.get(TAKEN_BACK, ())):
        yield Notice(
            "stop",
            figure(count),
            ngettext("chargeback is to be posted", "chargebacks are to be posted", count),
            _("The provider has taken the money; the books still have it."),
            reverse("console:transfers_chargeback_changelist") + "?status=open",
        )


def _waiting_deposits() -> Mapping[str, list[datetime]]:
    """By status, when those in suspense came, the oldest first, and what was taken back; of each up to MANY, in one query."""
    parts: list[QuerySet[Any, Any]] = [
        Deposit.objects.filter(status=status).order_by("id").values_list("status", "received_at")[:MANY]
        for status in IN_SUSPENSE
    ]
    taken_back = Chargeback.objects.filter(status=ChargebackStatus.OPEN).order_by("id")
    parts.append(taken_back.annotate(of=Value(TAKEN_BACK)).values_list("of", "received_at")[:MANY])
    found: dict[str, list[datetime]] = {}
    for status, at in parts[0].union(*parts[1:], all=True):
        found.setdefault(status, []).append(at)
    return {status: sorted(times) for status, times in found.items()}


def _rates(now: datetime) -> Iterator[Notice]:
    """Only where rates are used at all."""
    last = Load.objects.filter(source=Source.ECB).aggregate(last=Max("last_day"))["last"]
    if last is None:
        return
    days = (clock.today_in(FRANKFURT, now) - last).days
    if days > settings.RATES_MAX_AGE_DAYS:
        yield Notice(
            "stop",
            _("%(days)s d") % {"days": days},
            _("since the last ECB rates"),
            _("They are too old to count: amounts in other currencies are above any threshold."),
            reverse("console:rates"),
        )


_LOOKS: list[Callable[[datetime], Iterator[Notice]]] = [
    _approvals,
    to_be_done,
    _transfers,
    payouts_in_time,
    payment_files,
    batches,
    sweeps,
    _providers,
    _refusals,
    _templates,
    _flags,
    _sequencer,
    _worker,
    _chart,
    _failures,
    _verification,
    _inbox,
    _suspense,
    _rates,
]
