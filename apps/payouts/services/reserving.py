"""Holding money for rows: recipients are made of details first, then each payout is reserved by a command of its own."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db import connection

from apps.accounts.destinations import destination_of
from apps.accounts.queries.tenants import TenantStatusUnfit
from apps.core import arrays, ids
from apps.core.errors import DomainError
from apps.operations import books
from apps.operations.errors import FlagDenied, TenantSuspended
from apps.operations.executor import execute_many
from apps.operations.plan import Request
from apps.operations.run import Outcome
from apps.payouts.models import Batch, BatchRow, RowStatus
from apps.payouts.services.system import WORKER
from apps.transfers.services.payable import RecipientCoolingDown

logger = logging.getLogger(__name__)

LONGEST_MESSAGE: Final = 500
FIRST: Final = 1
"""The version of a recipient that was just made."""

_NOTE = """
UPDATE payouts_batchrow r SET status = n.status, transfer_id = n.transfer, code = n.code, message = n.message
  FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::text[]) AS n(id, status, transfer, code, message)
  JOIN payouts_batch b ON b.id = %s
 WHERE r.id = n.id AND (r.status = 'ready' OR (r.status = 'refused' AND n.status = 'reserved' AND b.asked_at IS NULL))
"""
_KNOW = """
UPDATE payouts_batchrow r SET recipient_id = n.recipient, recipient_version = 1
  FROM unnest(%s::uuid[], %s::uuid[]) AS n(id, recipient)
 WHERE r.id = n.id AND r.recipient_id IS NULL
"""


def waiting_rows(batch: Batch, after: int, most: int) -> list[BatchRow]:
    """The next rows, behind a number, for which nothing is held yet."""
    ready = BatchRow.objects.filter(batch=batch, status=RowStatus.READY, number__gt=after)
    return list(ready.order_by("number")[:most])


def reserve(batch: Batch, rows: Sequence[BatchRow]) -> int:
    """Hold money for these rows; how many are decided, the others are for another time."""
    refused = _make_recipients(batch, [row for row in rows if row.recipient_id is None])
    payable = [row for row in rows if row.recipient_id is not None]
    outcomes = execute_many(_reserve(batch, row) for row in payable)
    _say_what_passes(batch, outcomes)
    decided = [
        *refused,
        *((row, outcome) for row, outcome in zip(payable, outcomes, strict=True) if not _passes(outcome)),
    ]
    _note(batch, decided)
    return len(decided)


def _make_recipients(batch: Batch, rows: Sequence[BatchRow]) -> list[tuple[BatchRow, Outcome]]:
    """Give rows that tell a payee by details their recipient, the same to all that tell the same; those that cannot have one."""
    first: dict[bytes, BatchRow] = {}
    for row in rows:
        first.setdefault(bytes(row.payee or b""), row)
    outcomes = execute_many(_recipient(batch, row) for row in first.values())
    _say_what_passes(batch, outcomes)
    by_payee = dict(zip(first, outcomes, strict=True))
    found = {row: by_payee[bytes(row.payee or b"")] for row in rows}
    known = [(row, str(each.result["recipient"])) for row, each in found.items() if each.accepted]
    for row, recipient in known:
        row.recipient_id, row.recipient_version = recipient, FIRST
    if known:
        _execute(_KNOW, [_uuids("brw", (row.pk for row, _ in known)), _uuids("rcp", (pk for _, pk in known))])
    return [(row, each) for row, each in found.items() if each.error and not _passes(each)]


def _recipient(batch: Batch, row: BatchRow) -> Request:
    told = row.told
    to = destination_of(told["details"])
    data = {
        "tenant": books.find(batch.book_id).tenant_id,
        "kind": str(to.kind),
        "name": told["name"],
        "country": told.get("country", ""),
        "currency": row.currency,
        "details": told["details"],
        "external_id": told.get("recipient_external_id", ""),
    }
    key = f"{batch.book_id}:payee:{bytes(row.payee or b'').hex()}:{batch.pk}"
    return Request("accounts.create_recipient", data, key, WORKER, origin="worker")


def _reserve(batch: Batch, row: BatchRow) -> Request:
    money = row.money
    data: Mapping[str, Any] = {
        "batch": batch.pk,
        "wallet": row.wallet_id,
        "recipient": row.recipient_id,
        "recipient_version": row.recipient_version,
        "amount": {"amount": money.decimal, "currency": money.currency} if money else None,
        "reference": row.reference,
        "description": row.description,
        "metadata": {"batch": batch.pk, "row": str(row.number)},
    }
    return Request("transfers.reserve_batched", data, f"{row.pk}:reserve", WORKER, origin="worker")


def _passes(outcome: Outcome) -> bool:
    """Whether another time may do: a flag, a suspended tenant, a lock; a batch does not wait a day for one recipient."""
    error: DomainError | None = outcome.error
    if error is None or isinstance(error, RecipientCoolingDown):
        return False
    return error.transient or isinstance(error, FlagDenied | TenantSuspended | TenantStatusUnfit)


def _say_what_passes(batch: Batch, outcomes: Sequence[Outcome]) -> None:
    """Why rows are left for another time: it stands nowhere else."""
    codes = sorted({each.error.code for each in outcomes if each.error and _passes(each)})
    if codes:
        logger.warning("%s leaves rows for another time: %s.", batch.pk, ", ".join(codes))


def _note(batch: Batch, decided: Sequence[tuple[BatchRow, Outcome]]) -> None:
    if not decided:
        return
    outcomes = [outcome for _, outcome in decided]
    transfers = [str(each.result["transfer"]) if each.accepted else None for each in outcomes]
    _execute(
        _NOTE,
        [
            _uuids("brw", (row.pk for row, _ in decided)),
            arrays.texts([RowStatus.RESERVED if each.accepted else RowStatus.REFUSED for each in outcomes]),
            _uuids("trf", transfers),
            arrays.texts([each.error.code if each.error else "" for each in outcomes]),
            arrays.texts([each.error.message[:LONGEST_MESSAGE] if each.error else "" for each in outcomes]),
            ids.decode("bat", str(batch.pk)),
        ],
    )


def _execute(statement: str, values: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _uuids(prefix: str, found: Iterable[str | None]) -> list[str | None]:
    return [None if each is None else ids.stored(prefix, each) for each in found]
