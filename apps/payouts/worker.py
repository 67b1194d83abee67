"""The worker that moves batches along: holds money row by row, asks for approval, sends, follows, gives back.

Each step is many commands through the door, in batches of it; their keys are the rows', so whatever a worker that died
had done is answered again, and nothing is done twice.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from apps.accounts.models import Tenant, TenantStatus
from apps.core import clock
from apps.core.errors import DomainError
from apps.operations import books, people
from apps.operations.executor import execute, execute_many
from apps.operations.models import ApprovalRequest, ApprovalStatus
from apps.operations.plan import Request
from apps.payouts import leases
from apps.payouts.models import Batch, BatchRow, BatchStatus, RowStatus
from apps.payouts.queries.cover import shortfalls
from apps.payouts.queries.totals import progress_of
from apps.payouts.services import comparing, reserving
from apps.payouts.services.approving import waiting_of
from apps.payouts.services.system import WORKER
from apps.transfers.models import Status, Transfer

logger = logging.getLogger(__name__)

AT_ONCE: Final = 500
"""Rows between two looks at whether the batch is still this worker's."""
SOON: Final = timedelta(seconds=2)
LATER: Final = timedelta(seconds=30)
"""When a batch is looked at again whose payouts are under way, or for which something is missing."""
NOW_AND_THEN: Final = timedelta(minutes=5)
"""When one is looked at that waits for people, whose word may have been lost in a crash."""
STRAYS: Final = 5 * leases.LEASE
"""How long after it was called off a worker may still have held something for it."""
PATIENCE: Final = timedelta(days=1)
"""How long a provider may take to say what it executed, until the sheet is written without its word."""
ENDED_WITHOUT_YES: Final = (ApprovalStatus.REJECTED, ApprovalStatus.REFUSED, ApprovalStatus.WITHDRAWN)


def work() -> int:
    """Take every batch that is due one step further; how many steps that were."""
    steps = 0
    while batch := leases.take(clock.now()):
        steps += 1
        try:
            _STEPS[BatchStatus(batch.status)](batch)
        except Exception:
            logger.exception("%s cannot be moved along now.", batch.pk)
            leases.put_off(batch, clock.now() + LATER)
    return steps


def _reserve(batch: Batch) -> None:
    """Hold money for the rows that wait, then ask whoever must agree; what they said no to ends."""
    if batch.asked_at is not None:
        _asked(batch)
        return
    last, left = 0, 0
    while rows := reserving.waiting_rows(batch, last, AT_ONCE):
        left += len(rows) - reserving.reserve(batch, rows)
        last = rows[-1].number
        if not leases.renew(batch, clock.now()):
            # Whoever called it off could not see what was just held.
            logger.info("%s is not this worker's any more.", batch.pk)
            leases.wake_cancelled(batch, clock.now())
            return
    if left and _is_closed(batch):
        _run(batch, "payouts.cancel_batch", f"{batch.pk}:closed", reason="The tenant is closed.")
    elif left:
        leases.put_off(batch, clock.now() + LATER)
    else:
        _ask(batch)


def _asked(batch: Batch) -> None:
    """Others decide. What they said no to is given back, also where a crash came between; what was held has run out after a time."""
    request = ApprovalRequest.objects.filter(pk=batch.approval_request_id).first()
    if request and request.status in ENDED_WITHOUT_YES:
        _run(batch, "payouts.reject_batch", f"{batch.pk}:rejected:{batch.lease}")
    elif not _waiting(batch):
        reason = "Nobody approved it while money was held for it."
        _run(batch, "payouts.cancel_batch", f"{batch.pk}:ran-out", reason=reason)
    else:
        leases.put_off(batch, clock.now() + NOW_AND_THEN)


def _is_closed(batch: Batch) -> bool:
    tenant = books.find(batch.book_id).tenant_id
    return bool(Tenant.objects.filter(pk=tenant, status=TenantStatus.CLOSED).exists())


def _ask(batch: Batch) -> None:
    """Ask as whoever submitted it; if that is nobody who may any more, it is called off."""
    try:
        maker = people.actor(batch.maker_kind, batch.maker_id)
        asked = Request(
            "payouts.ask_for_approval", {"batch": batch.pk}, f"{batch.pk}:ask", maker, origin="worker"
        )
        execute(asked).or_raise()
    except DomainError as error:
        if error.transient:
            logger.warning("%s cannot be asked for now: %s: %s", batch.pk, error.code, error)
            leases.put_off(batch, clock.now() + LATER)
            return
        reason = f"{batch.maker_label} submitted it and cannot have it paid: {error.message}"
        _run(batch, "payouts.cancel_batch", f"{batch.pk}:nobody", reason=reason)


def _execute(batch: Batch) -> None:
    """Begin to send, once providers have what it takes; else keep what is missing where, and look again."""
    if not batch.by_itself:
        leases.let_go(batch)
        return
    with leases.one_looks_for_money():
        _begin_if_covered(batch)


def _begin_if_covered(batch: Batch) -> None:
    now = clock.now()
    short = shortfalls(waiting_of(batch), now=now)
    Batch.objects.filter(pk=batch.pk, lease=batch.lease).update(short=short, looked_at=now)
    if not short:
        _run(batch, "payouts.begin_batch", f"{batch.pk}:begin:{batch.lease}")
        return
    if short != batch.short:
        _run(batch, "payouts.raise_alarm", f"{batch.pk}:short:{batch.lease}", reason="treasury is short")
    leases.put_off(batch, now + LATER)


def _send(batch: Batch) -> None:
    """Open what is not sent yet; when all have ended, so has the batch."""
    for some in _parts(_strays(batch)):
        execute_many(_cancel(transfer, "No row of the batch is this payout.") for transfer in some)
    for some in _parts(_waiting(batch, batch_row__isnull=False)):
        execute_many(_open(batch, transfer) for transfer in some)
        if not leases.renew(batch, clock.now()):
            return
    progress = progress_of(batch)
    if not progress.open:
        _run(batch, "payouts.end_batch", f"{batch.pk}:end:{batch.lease}")
        return
    leases.put_off(batch, clock.now() + (SOON if progress.open > progress.payouts // 20 else LATER))


def _give_back(batch: Batch) -> None:
    """Of a batch that was called off: what is held is available again."""
    BatchRow.objects.filter(batch=batch, status=RowStatus.READY).update(status=RowStatus.DROPPED)
    reason = batch.why or "The batch was cancelled."
    for some in _parts(_waiting(batch)):
        execute_many(_cancel(transfer, reason) for transfer in some)
        if not leases.renew(batch, clock.now()):
            return
    is_late = batch.ended_at is not None and clock.now() > batch.ended_at + STRAYS
    if is_late and not _waiting(batch):
        leases.let_go(batch)
        return
    leases.put_off(batch, clock.now() + LATER)


def _compare(batch: Batch) -> None:
    """It has ended: providers say what they executed of it, for the sheet. Of one that does not answer for a day it says so."""
    now = clock.now()
    since = now - (batch.ended_at or now)
    is_whole = comparing.compare(batch, now=now)
    if not is_whole and since < PATIENCE:
        leases.put_off(batch, now + max(LATER, since / 2))
        return
    comparing.write_sheets(batch)
    leases.let_go(batch)


def _nothing(batch: Batch) -> None:
    leases.let_go(batch)


_STEPS: Final[Mapping[BatchStatus, Callable[[Batch], None]]] = {
    BatchStatus.DRAFT: _nothing,
    BatchStatus.PENDING_APPROVAL: _reserve,
    BatchStatus.APPROVED: _execute,
    BatchStatus.EXECUTING: _send,
    BatchStatus.PARTIALLY_COMPLETED: _compare,
    BatchStatus.COMPLETED: _compare,
    BatchStatus.CANCELLED: _give_back,
}


def _waiting(batch: Batch, **more: Any) -> list[str]:
    waits = Transfer.objects.filter(
        batch_id=batch.pk, status=Status.AWAITING_APPROVAL, expires_at__isnull=False, **more
    )
    return list(waits.order_by("id").values_list("pk", flat=True))


def _strays(batch: Batch) -> list[str]:
    """What a worker held that had lost its lease, for a row that another had decided otherwise: nobody approved it."""
    return _waiting(batch, batch_row__isnull=True)


def _open(batch: Batch, transfer: str) -> Request:
    data = {"transfer": transfer, "batch": batch.pk}
    return Request("transfers.open_batched", data, f"{transfer}:open", WORKER, origin="worker")


def _cancel(transfer: str, reason: str) -> Request:
    data = {"transfer": transfer, "reason": reason}
    return Request("transfers.cancel_transfer", data, f"{transfer}:batch-cancelled", WORKER, origin="worker")


def _run(batch: Batch, command: str, key: str, **more: Any) -> None:
    """Run a step that changes the batch; where it is refused for now, look again later."""
    outcome = execute(Request(command, {"batch": batch.pk, **more}, key, WORKER, origin="worker"))
    if outcome.error:
        logger.warning("%s of %s: %s", command, batch.pk, outcome.error)
        leases.put_off(batch, clock.now() + LATER)


def _parts(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))
