"""How much a batch is, and how far it has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count as Counted
from django.db.models import Sum

from apps.core.money import Money
from apps.payouts.models import Batch, BatchRow, RowStatus
from apps.transfers.models import ENDED, Status, Transfer


@dataclass(frozen=True, slots=True)
class Count:
    """Rows by their own status; `totals` are of those that are to be paid or held, by currency."""

    by_status: Mapping[str, int]
    totals: Sequence[Money]

    @property
    def rows(self) -> int:
        """All but those that were left out."""
        return sum(self.by_status.values()) - self.by_status.get(RowStatus.DROPPED, 0)

    @property
    def ready(self) -> int:
        """Those for which nothing is held yet."""
        return self.by_status.get(RowStatus.READY, 0)

    @property
    def wrong(self) -> int:
        """Those that are to be mended."""
        return self.by_status.get(RowStatus.WRONG, 0)

    @property
    def reserved(self) -> int:
        """Those for which money was held."""
        return self.by_status.get(RowStatus.RESERVED, 0)

    @property
    def refused(self) -> int:
        """Those for which none could be held."""
        return self.by_status.get(RowStatus.REFUSED, 0)


@dataclass(frozen=True, slots=True)
class Progress:
    """The payouts of a batch by where they are, each with its money by currency."""

    by_status: Mapping[str, int]
    paid: Sequence[Money]

    @property
    def payouts(self) -> int:
        """How many there are."""
        return sum(self.by_status.values())

    @property
    def open(self) -> int:
        """Those that have not ended."""
        return sum(count for status, count in self.by_status.items() if status not in ENDED)

    @property
    def completed(self) -> int:
        """Those that were paid, and did not come back."""
        return self.by_status.get(Status.COMPLETED, 0)


def count_of(batch: Batch) -> Count:
    """The rows of a batch, counted and added up."""
    grouped = BatchRow.objects.filter(batch=batch).values_list("status", "currency")
    by_status: dict[str, int] = {}
    totals: dict[str, int] = {}
    for status, currency, rows, amount in grouped.annotate(Counted("id"), Sum("amount")).order_by("currency"):
        by_status[status] = by_status.get(status, 0) + rows
        if status in {RowStatus.READY, RowStatus.RESERVED}:
            totals[currency] = totals.get(currency, 0) + int(amount)
    return Count(by_status, [Money(amount, currency) for currency, amount in totals.items()])


def progress_of(batch: Batch) -> Progress:
    """The payouts of a batch, counted and added up."""
    grouped = Transfer.objects.filter(batch_id=batch.pk).values_list("status", "currency")
    by_status: dict[str, int] = {}
    paid: dict[str, int] = {}
    counted = grouped.annotate(Counted("id"), Sum("settled"), Sum("returned")).order_by("currency")
    for status, currency, payouts, settled, returned in counted:
        by_status[status] = by_status.get(status, 0) + payouts
        if settled:
            paid[currency] = paid.get(currency, 0) + int(settled) - int(returned or 0)
    return Progress(by_status, [Money(amount, currency) for currency, amount in paid.items()])
