"""Proof: providers are asked what they executed of a batch, all of it, and the answer is kept beside each row."""

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from apps.core import arrays, ids
from apps.core.errors import DomainError
from apps.payouts.models import Batch, BatchSheet
from apps.payouts.printed import sheet_csv, sheet_pdf
from apps.payouts.queries.sheet import summary
from apps.providers.adapters import adapter_of
from apps.providers.models import Action, Attempt, Provider
from apps.providers.protocol import Reply
from apps.transfers.models import Transfer

logger = logging.getLogger(__name__)

BEFORE: Final = timedelta(minutes=5)
"""How much earlier than we sent a provider's clock may say that it executed."""

_KEEP: Final = """
UPDATE payouts_batchrow r SET executed = n.executed::jsonb
  FROM unnest(%s::uuid[], %s::text[]) AS n(transfer, executed)
 WHERE r.transfer_id = n.transfer AND r.batch_id = %s
"""


def compare(batch: Batch, *, now: datetime) -> bool:
    """Ask every provider to which something of the batch was ever submitted; whether all of them have said.

    One that cannot say, or not now, leaves what was known of it.
    """
    begun = batch.executed_at
    if begun is None:
        return True
    submitted = _submitted(batch)
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    silent: set[str] = set()
    for provider, mine in submitted.items():
        try:
            said = _said(Provider.objects.get(pk=provider), begun - BEFORE)
        except DomainError:
            logger.warning("%s does not say what it executed of %s.", provider, batch.pk, exc_info=True)
            silent |= mine
            continue
        for pk in mine:
            told[pk] += said.get(pk, [])
    _keep(batch, {pk: said for pk, said in told.items() if pk not in silent})
    batch.compared_at = now
    Batch.objects.filter(pk=batch.pk).update(compared_at=now)
    return not silent


def _submitted(batch: Batch) -> Mapping[str, set[str]]:
    """By provider the payouts that it was ever asked for: a later try may have gone to another."""
    payouts = set(Transfer.objects.filter(batch_id=batch.pk).values_list("pk", flat=True))
    found: dict[str, set[str]] = defaultdict(set)
    attempts = Attempt.objects.filter(subject__in=payouts, action=Action.SUBMIT)
    for provider, subject in attempts.values_list("provider_id", "subject"):
        found[str(provider)].add(str(subject))
    return found


def write_sheets(batch: Batch) -> list[BatchSheet]:
    """The sheet of a comparison, kept as CSV and as PDF: the same bytes whenever they are asked for."""
    told = {str(verdict): rows for verdict, rows in summary(batch).items()}
    written = {"csv": "".join(sheet_csv(batch)).encode(), "pdf": sheet_pdf(batch)}
    sheets = [
        BatchSheet(
            batch=batch,
            book_id=batch.book_id,
            format=format,
            content=content,
            sha256=hashlib.sha256(content).hexdigest(),
            summary=told,
            compared_at=batch.compared_at or batch.changed_at,
        )
        for format, content in written.items()
    ]
    return BatchSheet.objects.bulk_create(sheets, ignore_conflicts=True)


def _said(provider: Provider, since: datetime) -> Mapping[str, list[dict[str, Any]]]:
    """What a provider says of our submissions since, by transfer: they are named after it."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for reference, reply in adapter_of(provider).executed_since(since):
        found[reference.partition(".")[0]].append(_one(reference, reply))
    return found


def _one(reference: str, reply: Reply) -> dict[str, Any]:
    return {
        "reference": reference,
        "outcome": str(reply.outcome),
        "amount": reply.settled.decimal if reply.settled else None,
        "provider_reference": reply.provider_reference,
    }


def _keep(batch: Batch, told: Mapping[str, list[dict[str, Any]]]) -> None:
    transfers = arrays.texts([ids.stored("trf", pk) for pk in told])
    executed = arrays.texts([json.dumps(each) for each in told.values()])
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [transfers, executed, ids.decode("bat", str(batch.pk))])
