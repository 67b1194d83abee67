"""With which files the payouts of a batch leave, where their provider is a bank that takes files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from apps.payouts.models import Batch
from apps.providers.models import PaymentStatus, Provider, RailFile, RailPayment
from apps.providers.models.providers import FILE_ADAPTERS
from apps.transfers.models import Transfer


@dataclass(frozen=True, slots=True)
class Leaving:
    """Payouts of a batch that are in one file, or wait for one cut-off (`due_at`)."""

    provider: Provider
    payouts: int
    file: RailFile | None = None
    due_at: datetime | None = None


def leaving(batch: Batch) -> list[Leaving]:
    """The files of a batch, the oldest first, and what of it waits for a cut-off."""
    found: list[Leaving] = []
    for provider in Provider.objects.filter(adapter__in=FILE_ADAPTERS).order_by("name"):
        sent = Transfer.objects.filter(batch_id=batch.pk, provider=provider.name, attempts__gt=0)
        if references := [each.submission for each in sent.only("pk", "attempts")]:
            found += _of(provider, references)
    return found


def _of(provider: Provider, references: Sequence[str]) -> list[Leaving]:
    mine = RailPayment.objects.filter(provider=provider, reference__in=references)
    counts = mine.filter(file__isnull=False).values_list("file").annotate(Count("pk")).order_by("file")
    files = RailFile.objects.defer("content").in_bulk([file for file, _ in counts])
    waiting = mine.filter(status=PaymentStatus.WAITING).values_list("due_at").annotate(Count("pk"))
    return [
        *(Leaving(provider, count, file=files[file]) for file, count in counts),
        *(Leaving(provider, count, due_at=due_at) for due_at, count in waiting.order_by("due_at")),
    ]
