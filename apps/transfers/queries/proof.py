"""What proves that a payout was paid: who, to whom, how much, and the entry by which the books say so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.accounts.queries.recipients import Payee, as_of_version
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger.models import JournalEntry, Seal
from apps.operations.models import Book, Event
from apps.transfers.models import Kind, Status, Transfer

PROVEN: Final = frozenset({Status.COMPLETED, Status.REVERSED})


class NotProven(DomainError):
    """Nothing proves a payment: it is no payout, it was not completed, or its entry has no position yet."""

    code = "NOT_FOUND"
    http_status = 404


@dataclass(frozen=True, slots=True)
class Proof:
    """A payout that was paid. `payer` and `payee` are as they were called when it was; `came_back` is none of it or more."""

    transfer: Transfer
    payer: str
    payee: Payee
    paid: Money
    completed_at: datetime
    entry: JournalEntry
    seal: Seal
    came_back: Money
    came_back_at: datetime | None


def proof(transfer: Transfer) -> Proof:
    """What proves it; NotProven where nothing does. All of it stays as it is, but that it may still come back."""
    if not is_proven(transfer) or transfer.recipient is None or transfer.ended_at is None:
        raise NotProven("It is no payout that was completed, so nothing proves a payment.")
    reference = f"{transfer.pk}:settle"
    entry = JournalEntry.objects.filter(book=transfer.book_id, reference=reference).first()
    seal = Seal.objects.filter(entry=entry).first() if entry else None
    if entry is None or seal is None:
        raise NotProven("Its journal entry has no position yet; ask again in some seconds.")
    told = (transfer.compensation or {}).get("came_back")
    return Proof(
        transfer=transfer,
        payer=_payer(transfer.book, transfer.ended_at),
        payee=as_of_version(transfer.recipient, transfer.recipient_version),
        paid=Money(transfer.amount if transfer.settled is None else transfer.settled, transfer.currency),
        completed_at=transfer.ended_at,
        entry=entry,
        seal=seal,
        came_back=Money(transfer.returned, transfer.currency),
        came_back_at=datetime.fromisoformat(told) if told else None,
    )


def is_proven(transfer: Transfer) -> bool:
    """Whether it is a payout that was paid, whatever came back of it."""
    return transfer.kind == Kind.PAYOUT and transfer.status in PROVEN


def _payer(book: Book, at: datetime) -> str:
    """What the tenant was called then: as its book was when that was opened, or by what it was called last."""
    renamed = Event.objects.filter(
        subject=book.tenant_id, type="tenant.updated", recorded_at__lte=at, data__has_key="name"
    )
    return str(renamed.order_by("-ordinal").values_list("data__name", flat=True).first() or book.name)
