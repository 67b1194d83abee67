"""How much a batch is, and how far it has come."""

from collections.abc import Collection, Mapping, Sequence
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
    return counts_of([str(batch.pk)])[str(batch.pk)]


def progress_of(batch: Batch) -> Progress:
    """The payouts of a batch, counted and added up."""
    return progresses_of([str(batch.pk)])[str(batch.pk)]


def counts_of(batches: Collection[str]) -> dict[str, Count]:
    """The rows of each of these batches, by its id, in one query."""
    grouped = BatchRow.objects.filter(batch_id__in=batches).values_list("batch_id", "status", "currency")
    by_status: dict[str, dict[str, int]] = {each: {} for each in batches}
    totals: dict[str, dict[str, int]] = {each: {} for each in batches}
    counted = grouped.annotate(Counted("id"), Sum("amount")).order_by("currency")
    for batch, status, currency, rows, amount in counted:
        by_status[batch][status] = by_status[batch].get(status, 0) + rows
        if status in {RowStatus.READY, RowStatus.RESERVED}:
            totals[batch][currency] = totals[batch].get(currency, 0) + int(amount)
    return {each: Count(by_status[each], _moneys(totals[each])) for each in batches}


def progresses_of(batches: Collection[str]) -> dict[str, Progress]:
    """The payouts of each of these batches, by its id, in one query."""
    grouped = Transfer.objects.filter(batch_id__in=batches).values_list("batch_id", "status", "currency")
    by_status: dict[str, dict[str, int]] = {each: {} for each in batches}
    paid: dict[str, dict[str, int]] = {each: {} for each in batches}
    counted = grouped.annotate(Counted("id"), Sum("settled"), Sum("returned")).order_by("currency")
    for batch, status, currency, payouts, settled, returned in counted:
        by_status[batch][status] = by_status[batch].get(status, 0) + payouts
        if settled:
            paid[batch][currency] = paid[batch].get(currency, 0) + int(settled) - int(returned or 0)
    return {each: Progress(by_status[each], _moneys(paid[each])) for each in batches}


def _moneys(by_currency: Mapping[str, int]) -> list[Money]:
    return [Money(amount, currency) for currency, amount in by_currency.items()]
