"""The reconciliation sheet: each row of a batch, what our books say of it, what its provider says, and whether that is one."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from apps.core.money import Money
from apps.payouts.models import Batch, BatchRow, RowStatus
from apps.providers.protocol import Outcome
from apps.transfers.models import ENDED, Status, Transfer

AT_ONCE: Final = 1_000


class Verdict(StrEnum):
    """What the two sides are together. Only the last four need a person."""

    PAID = "paid"
    PART = "part"
    RETURNED = "returned"
    NOT_PAID = "not_paid"
    LEFT_OUT = "left_out"
    UNDER_WAY = "under_way"
    UNSAID = "unsaid"
    TWICE = "twice"
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    DIFFERENT = "different"


WORDS: Final[Mapping[Verdict, Any]] = {
    Verdict.PAID: _("Paid once"),
    Verdict.PART: _("Paid once, in part"),
    Verdict.RETURNED: _("Paid once, and came back"),
    Verdict.NOT_PAID: _("Not paid, given back"),
    Verdict.LEFT_OUT: _("Left out or refused"),
    Verdict.UNDER_WAY: _("Under way"),
    Verdict.UNSAID: _("The provider has not said"),
    Verdict.TWICE: _("Paid more than once"),
    Verdict.MISSING: _("Paid by our books, not by the provider"),
    Verdict.UNEXPECTED: _("Paid by the provider, not by our books"),
    Verdict.DIFFERENT: _("Another amount at the provider"),
}
WRONG: Final = frozenset({Verdict.TWICE, Verdict.MISSING, Verdict.UNEXPECTED, Verdict.DIFFERENT})
"""What must not be."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the sheet. `executed` are the provider's words for all our submissions of it."""

    row: BatchRow
    transfer: Transfer | None
    verdict: Verdict

    @property
    def paid(self) -> Money | None:
        """What our books say was paid."""
        found = self.transfer
        settled = found.settled if found else None
        return None if found is None or settled is None else Money(settled, found.currency)

    @property
    def submissions(self) -> str:
        """Under which names the provider executed it."""
        return "; ".join(each["reference"] for each in _executions(self.row))

    @property
    def executed(self) -> Money | None:
        """What the provider says it paid, together; None if that is nothing."""
        found = [each["amount"] for each in _executions(self.row)]
        if not found or None in found:
            return self.row.money if found else None
        sums = [Money.parse(each, self.row.currency) for each in found]
        return sum(sums[1:], start=sums[0])


def lines(batch: Batch) -> Iterator[Line]:
    """The sheet, row by row, in flat memory."""
    rows = BatchRow.objects.filter(batch=batch).defer("given").order_by("number")
    for row in rows.select_related("transfer", "recipient").iterator(AT_ONCE):
        yield Line(row, row.transfer, verdict_of(row))


def summary(batch: Batch) -> Counter[Verdict]:
    """How many rows there are of each verdict."""
    return Counter(line.verdict for line in lines(batch))


def fees_of(batch: Batch) -> list[Money]:
    """What of the fees was taken: for what was paid, by currency."""
    sums: dict[str, Money] = {}
    for each in Transfer.objects.filter(batch_id=batch.pk, settled__isnull=False, fee__gt=0):
        taken = each.fee_for(Money(each.settled or 0, each.currency))
        sums[each.currency] = sums.get(each.currency, Money.zero(each.currency)) + taken
    return list(sums.values())


def verdict_of(row: BatchRow) -> Verdict:
    """What our books and the provider say of a row, together."""
    transfer = row.transfer
    if transfer is None:
        return Verdict.LEFT_OUT if row.status in {RowStatus.DROPPED, RowStatus.REFUSED} else Verdict.UNDER_WAY
    if len(_executions(row)) > 1:
        return Verdict.TWICE
    if transfer.status not in ENDED:
        return Verdict.UNDER_WAY
    return _of_paid(row, transfer) if transfer.settled is not None else _of_unpaid(row, transfer)


def _of_paid(row: BatchRow, transfer: Transfer) -> Verdict:
    if row.executed is None:
        return Verdict.UNSAID
    found = _executions(row)
    if not found:
        return Verdict.MISSING
    amount = found[0]["amount"]
    if amount is not None and Money.parse(amount, row.currency) != Money(transfer.settled or 0, row.currency):
        return Verdict.DIFFERENT
    if transfer.status == Status.REVERSED:
        return Verdict.RETURNED
    is_whole = transfer.settled == transfer.amount and not transfer.returned
    return Verdict.PAID if is_whole else Verdict.PART


def _of_unpaid(row: BatchRow, transfer: Transfer) -> Verdict:
    if transfer.attempts and row.executed is None:
        return Verdict.UNSAID
    paid = [each for each in _executions(row) if each["outcome"] == Outcome.COMPLETED]
    return Verdict.UNEXPECTED if paid else Verdict.NOT_PAID


def _executions(row: BatchRow) -> list[dict[str, Any]]:
    """The submissions that the provider paid, whether or not it came back."""
    moved = {Outcome.COMPLETED, Outcome.RETURNED}
    return [each for each in row.executed or () if each["outcome"] in moved]
