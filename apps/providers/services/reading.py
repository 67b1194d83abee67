"""Reading what banks say in files: status reports, statements and returns, whoever brought them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from apps.core import clock
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations.plan import Context
from apps.operations.registry import Done
from apps.providers.adapters import rail_of
from apps.providers.adapters.files import Carried, OurPayments
from apps.providers.adapters.sayings import Report
from apps.providers.handlers import Became, Item, Verdict
from apps.providers.models import FileStatus, Provider, RailFile, RailPayment
from apps.providers.protocol import Envelope
from apps.providers.services import told
from apps.providers.services.providers import find
from apps.providers.services.receiving import receive

TRACES: Final = 10**7
"""A trace number of ACH ends in so many different numbers; after that they begin anew."""

SHOWN: Final = 3
"""Doubts of a file that are told in words; of more, how many."""


class FileDamaged(DomainError):
    """The file is not the one that was chosen."""

    code = "PAYMENT_FILE_DAMAGED"


class OurBooks(OurPayments):
    """The payments of one provider, as reading asks for them."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def of_file(self, message_id: str) -> Sequence[Carried] | None:
        """The payments of a file, in its order."""
        file = RailFile.objects.filter(provider=self._provider, message_id=message_id).first()
        return None if file is None else [_carried(row) for row in file.payments.order_by("sequence")]

    def named(self, references: Iterable[str]) -> Mapping[str, Carried]:
        """By our references."""
        rows = self._in_files().filter(reference__in=list(references))
        return {row.reference: _carried(row) for row in rows}

    def traced(self, sequences: Iterable[int]) -> Mapping[int, Carried]:
        """By the last digits of their sequence, the latest of each."""
        last = self._in_files().order_by("-sequence").values_list("sequence", flat=True).first() or 0
        wanted = {latest: each for each in set(sequences) if (latest := last - (last - each) % TRACES) > 0}
        rows = self._in_files().filter(sequence__in=wanted)
        return {wanted[row.sequence]: _carried(row) for row in rows if row.sequence is not None}

    def _in_files(self) -> QuerySet[RailPayment]:
        return RailPayment.objects.filter(provider=self._provider, file__isnull=False)


def follow_files(items: Sequence[Item]) -> list[Verdict]:
    """Read each file, and let what it says be followed; what a person must look at is told."""
    return [_follow(item, clock.now()) for item in items]


def take_in_file(context: Context, *, provider: str, content: bytes, name: str, sha256: str) -> Done:
    """A person brings a file of the bank; it must be one that can be read."""
    found, digest = find(provider), hashlib.sha256(content).hexdigest()
    if sha256 and sha256.lower() != digest:
        raise FileDamaged(f"The file arrived with the SHA-256 {digest}: send it again.", field="/sha256")
    report = rail_of(found).read(content, OurBooks(found))
    received = receive(found, Envelope({}, content), address="", now=context.now, fetched=True)
    return Done(
        {
            "provider": provider,
            "message": received.message,
            "receipt": received.receipt.value,
            "sha256": digest,
            "payments": len(report.sayings),
            "others": report.others,
            "doubts": list(report.doubts[:SHOWN]),
        }
    )


def _follow(item: Item, now: datetime) -> Verdict:
    message = item.message
    provider = message.provider
    try:
        report = rail_of(provider).read(bytes(message.body), OurBooks(provider))
    except DomainError as error:
        return Verdict(Became.QUARANTINED, why=f"{error.code}: {error.message}")
    _note_file(provider, report, now)
    again = told.tell(provider, report.sayings, of=str(message.pk), now=now)
    subject = _subject(provider, report)
    doubts = [f"{each.reference}: {each.doubt}" for each in report.sayings if each.doubt]
    if doubts := [*again, *report.doubts, *doubts]:
        more = f" And {len(doubts) - SHOWN} more." if len(doubts) > SHOWN else ""
        return Verdict(Became.QUARANTINED, subject, " ".join(doubts[:SHOWN]) + more)
    why = f"Payments of ours that it speaks of: {len(report.sayings)}; other entries: {report.others}."
    return Verdict(Became.PROCESSED if report.sayings or subject else Became.IGNORED, subject, why)


def _note_file(provider: Provider, report: Report, now: datetime) -> None:
    """The bank speaks of a file of ours, so it has it."""
    if not report.standing:
        return
    open_ones = RailFile.objects.filter(
        provider=provider,
        message_id=report.about,
        status__in=[FileStatus.MADE, FileStatus.HANDED_OVER],
    )
    taken_at = now if report.standing == FileStatus.TAKEN else None
    open_ones.update(status=report.standing, taken_at=taken_at, next_attempt_at=None)


def _subject(provider: Provider, report: Report) -> str:
    file = (
        RailFile.objects.filter(provider=provider, message_id=report.about).first() if report.about else None
    )
    return str(file.pk) if file else ""


def _carried(row: RailPayment) -> Carried:
    returned = None if row.returned is None else Money(row.returned, row.currency)
    amount = Money(row.amount or 0, row.currency)
    return Carried(row.reference, amount, {}, row.memo, row.sequence or 0, returned)
